/** A preset with the request's own steps, cfg and size put in: quality, run time and memory on any server. */
import {
	IGNORED_NEGATIVE_PROMPT_FACTOR,
	negativePromptWorks,
	stepsQualityFactor,
} from '../estimate/quality';
import { meanRunSeconds } from '../estimate/run-time';
import { PIXELS_PER_MEGAPIXEL } from '../units';
import type { PresetPlan } from './candidate';
import type { Exclusions } from './exclusions';
import type { QualityLookup } from './learned-quality';
import { takesSize } from './model-filters';
import type { PreparedModel, PreparedPreset } from './prepared-catalog';
import type { UnderstoodRequest } from './understood-request';

/** Below this two qualities are the same figure, multiplied in another order. */
const QUALITY_GRAIN = 1e9;

/** The plan, or null where the request's preset, the size or the quality floor rules this preset out. */
export function planPreset(
	model: PreparedModel,
	prepared: PreparedPreset,
	asked: UnderstoodRequest,
	learned: QualityLookup | null,
	exclusions: Exclusions | null,
): PresetPlan | null {
	const { request } = asked;
	const { preset } = prepared;
	if (request.preset_name != null && request.preset_name !== preset.name) {
		exclusions?.add('EXCLUDED', model, prepared, null);
		return null;
	}
	const width = request.width ?? preset.reference.width;
	const height = request.height ?? preset.reference.height;
	if (!takesSize(model, width, height)) {
		exclusions?.add('SIZE', model, prepared, null);
		return null;
	}
	const steps = request.steps ?? preset.steps;
	const cfg = request.cfg ?? preset.cfg;
	const negativeIgnored =
		asked.hasNegativePrompt && !negativePromptWorks(cfg, model.model.supports_negative_prompt);
	const quality = qualityOf(model, prepared, asked, learned, steps, negativeIgnored);
	if (quality < asked.qualityFloor - 1 / QUALITY_GRAIN) {
		exclusions?.add('QUALITY_FLOOR', model, prepared, null, asked.qualityFloor - quality, quality);
		return null;
	}
	const images = request.images.length;
	const vram = prepared.vram({
		width,
		height,
		batchSize: request.batch_size,
		cfg: prepared.givenPeakCfg ?? cfg,
		referenceMegapixels: images > 0 ? referenceMegapixels(images, width, height) : undefined,
	});
	return {
		model,
		prepared,
		steps,
		cfg,
		width,
		height,
		quality,
		referenceRunSeconds: meanRunSeconds(prepared.runTime, {
			steps,
			cfg,
			width,
			height,
			batchSize: request.batch_size,
			images,
			sampler: request.sampler_name ?? undefined,
		}),
		peakBytes: vram.peakBytes,
		expanded: vram.expanded,
		offloadFloorBytes: vram.offloadFloorBytes,
		negativeIgnored,
	};
}

function qualityOf(
	model: PreparedModel,
	prepared: PreparedPreset,
	asked: UnderstoodRequest,
	learned: QualityLookup | null,
	steps: number,
	negativeIgnored: boolean,
): number {
	const { preset } = prepared;
	const { purpose } = asked.request;
	const figure = (model.model.purposes[purpose] ?? 0) * preset.quality;
	const quality =
		(learned?.(model.name, preset.name, purpose) ?? figure) *
		stepsQualityFactor(steps, preset.steps) *
		(negativeIgnored ? IGNORED_NEGATIVE_PROMPT_FACTOR : 1);
	return Math.round(quality * QUALITY_GRAIN) / QUALITY_GRAIN;
}

/** Editing models bring their reference images to the size of the result. */
function referenceMegapixels(images: number, width: number, height: number): number[] {
	return new Array<number>(images).fill((width * height) / PIXELS_PER_MEGAPIXEL);
}
