/** How long the parts of a stage take. Owns the run-time formula; knows nothing of memory. */
import { PIXELS_PER_MEGAPIXEL } from '../../lib/units';
import type { GpuProfile, SamplingStage, SimulatedModel, StepTiming } from './types';

/** Part of the fixed time spent on text encoding; the rest is decoding. */
const ENCODE_SHARE = 0.4;

/**
 * Part of a cold load that is left when only the GPU copy was dropped (weights still in RAM). ComfyUI 0.8.0 on a
 * CPU took 11.4 s after `unload_models`, 14.8 s from disk and 5.2 s warm: (11.4 - 5.2) / (14.8 - 5.2).
 */
export const RELOAD_SHARE = 0.65;

/** What a fully cached prompt takes, seconds (measured on ComfyUI 0.8.0). */
export const CACHED_PROMPT_SECONDS = 0.001;

/** cfg above 1 needs a negative pass beside the positive one. */
export function passesOf(cfg: number): 1 | 2 {
	return cfg > 1 ? 2 : 1;
}

export function megapixelsOf(stage: Pick<SamplingStage, 'width' | 'height'>): number {
	return (stage.width * stage.height) / PIXELS_PER_MEGAPIXEL;
}

export function coldLoadSeconds(model: SimulatedModel, profile: GpuProfile): number {
	return model.loadSeconds ?? model.weightsBytes / profile.loadBytesPerSecond;
}

/** Seconds of encoding, of each step and of decoding, times the noise factor of this run. */
export function stageSeconds(
	model: SimulatedModel,
	stage: SamplingStage,
	profile: GpuProfile,
	noise: number,
): { encodeSeconds: number; stepSeconds: number; decodeSeconds: number } {
	const timing = nearestTiming(model.timings, stage);
	const pace = noise / profile.speedFactor;
	const work = passesOf(stage.cfg) * megapixelsOf(stage) * stage.batchSize;
	return {
		encodeSeconds: timing.fixedSeconds * ENCODE_SHARE * pace,
		stepSeconds: timing.secondsPerStep * work * pace,
		decodeSeconds: timing.fixedSeconds * (1 - ENCODE_SHARE) * pace,
	};
}

/** Same LoRAs first, then same passes, then the nearest number of steps; the first entry where equal. */
function nearestTiming(timings: StepTiming[], stage: SamplingStage): StepTiming {
	const wanted = loraKey(stage.loras);
	const passes = passesOf(stage.cfg);
	const distance = (timing: StepTiming): number =>
		(loraKey(timing.loras) === wanted ? 0 : 1000) +
		(timing.passes === passes ? 0 : 100) +
		Math.abs(Math.log(Math.max(1, stage.steps) / timing.steps));
	const first = timings[0];
	if (!first) throw new Error('A simulated model needs at least one timing.');
	return timings.reduce(
		(best, timing) => (distance(timing) < distance(best) ? timing : best),
		first,
	);
}

function loraKey(loras: string[]): string {
	return [...loras].sort().join('\n');
}
