/**
 * While a job runs: what the steps done so far say about its end, and whether stopping and starting lower is better.
 * Owns the hysteresis, so that a fleet under load does not flap. Pure: observations and time are arguments.
 */
import type { Rung } from './types';

/** A step that was reported. */
export interface StepObservation {
	/** When it was heard, milliseconds since the epoch. */
	atMs: number;
	/** Steps done. */
	value: number;
	/** Steps in all. */
	max: number;
}

export interface ReactiveInput {
	/** Of the sampler that runs now, in order. */
	observations: readonly StepObservation[];
	nowMs: number;
	deadlineMs: number;
	/** Seconds from the last step to the finished image (decoding, saving, fetching). */
	tailSeconds: number;
	/** Seconds per step as estimated, or null: unknown. A slower device is slower on the lower rungs, too. */
	expectedStepSeconds: number | null;
	/** Rungs below the one that runs, estimated from now as if it were stopped; best first. */
	lower: readonly Rung[];
	/** What runs, and where: what slows it down slows rungs on the same server, those of another model less. */
	server: string;
	modelName: string;
	/** Times it was restarted already. */
	restarts: number;
	/** A late image is not wanted (`if_late: reject`). */
	rejectLate: boolean;
}

export type ReactiveDecision =
	| { action: 'continue'; secondsPerStep: number | null; endsMs: number | null }
	| { action: 'restart'; rung: Rung; secondsPerStep: number; endsMs: number }
	| { action: 'stop'; secondsPerStep: number; endsMs: number };

/** Most restarts of one job. */
export const MOST_RESTARTS = 2;
/** Steps seen before anything is believed: the first one includes warming up. */
const LEAST_INTERVALS = 2;
/** A miss must be clear: this share of the time left beyond the deadline, and at least half a second. */
const MISS_SHARE = 0.1;
const LEAST_MISS_SECONDS = 0.5;
/** A lower rung must make it with this much room, by its 95 % figure. */
const ROOM_SHARE = 0.1;
/** Until the interrupt has acted and the new prompt is accepted. */
const RESTART_SECONDS = 0.3;

/** Deterministic; without enough observations: continue. */
export function reactiveDecision(input: ReactiveInput): ReactiveDecision {
	const secondsPerStep = observedStepSeconds(input.observations);
	const last = input.observations.at(-1);
	if (secondsPerStep === null || last === undefined) {
		return { action: 'continue', secondsPerStep, endsMs: null };
	}
	const remaining = (last.max - last.value) * secondsPerStep + input.tailSeconds;
	const endsMs = last.atMs + remaining * 1000;
	const left = (input.deadlineMs - input.nowMs) / 1000;
	const miss = (endsMs - input.deadlineMs) / 1000;
	const tolerated = Math.max(LEAST_MISS_SECONDS, MISS_SHARE * Math.max(0, left));
	if (miss <= tolerated) return { action: 'continue', secondsPerStep, endsMs };
	const rung = input.restarts < MOST_RESTARTS ? feasibleRung(input, secondsPerStep, left) : null;
	if (rung !== null) return { action: 'restart', rung, secondsPerStep, endsMs };
	const action = input.rejectLate ? 'stop' : 'continue';
	return { action, secondsPerStep, endsMs };
}

/** The best lower rung that makes it with room to spare, even at the speed seen now. */
function feasibleRung(input: ReactiveInput, secondsPerStep: number, left: number): Rung | null {
	const slowdown =
		input.expectedStepSeconds === null
			? 1
			: Math.max(1, secondsPerStep / input.expectedStepSeconds);
	const usable = left * (1 - ROOM_SHARE) - RESTART_SECONDS;
	const makesIt = (rung: Rung): boolean =>
		rung.p95Seconds * slowdownOf(rung, input, slowdown) <= usable;
	return input.lower.find(makesIt) ?? null;
}

/**
 * Slower than estimated, because the estimate of the model is wrong or because the device is slow: half of it (of its
 * logarithm) is believed of either, where the rung shares only the device.
 */
function slowdownOf({ selection }: Rung, input: ReactiveInput, slowdown: number): number {
	if (selection.server !== input.server) return 1;
	return selection.model_name === input.modelName ? slowdown : Math.sqrt(slowdown);
}

/** Median time between steps, seconds; null before there are enough. */
export function observedStepSeconds(observations: readonly StepObservation[]): number | null {
	const perStep: number[] = [];
	for (let i = 1; i < observations.length; i++) {
		const before = observations[i - 1] as StepObservation;
		const after = observations[i] as StepObservation;
		const steps = after.value - before.value;
		if (steps > 0) perStep.push((after.atMs - before.atMs) / 1000 / steps);
	}
	if (perStep.length < LEAST_INTERVALS) return null;
	perStep.sort((a, b) => a - b);
	return perStep[Math.floor(perStep.length / 2)] as number;
}
