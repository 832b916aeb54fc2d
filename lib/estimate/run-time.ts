/**
 * Run time of a preset at other steps, sizes and batches than its reference.
 *
 * run = avg x (fixed + (1 - fixed) x work / work at the reference),
 * work = steps x evaluations per step x passes x megapixels^1.1 x batch.
 */
import type { CatalogModel, Preset } from '../catalog/schema';
import { evaluationsPerStep } from '../samplers';
import { cvFromP95Ratio, p95RatioFromCv } from './log-normal';

/**
 * Growth of a step with megapixels. Convolutions and projections grow linearly, attention quadratically; published
 * runs of one model at 1 and 4 megapixels differ 5.3-fold (exponent 1.2), smaller UNets stay near 1.
 */
export const MEGAPIXEL_EXPONENT = 1.1;

/** Share of a run that does not depend on steps (text encoding, VAE) where the model's presets do not tell. */
export const DEFAULT_FIXED_SHARE = 0.1;

/** The largest share of a run that presets of one model may attribute to fixed work. */
const MAX_FIXED_SHARE = 0.5;

/**
 * Spread (coefficient of variation) of a warm run around the catalog's figure where no 95 % figure is given:
 * a measured figure only has run-to-run noise, the others may also be off for this machine.
 */
const CV_BY_CONFIDENCE = { measured: 0.06, published: 0.1, estimated: 0.14 } as const;

/** Families in which a reference image joins the latent, so that it costs as much as the image itself. */
const REFERENCE_LATENT_FAMILIES = new Set(['flux', 'flux2', 'qwen-image', 'omnigen2']);

/** Passes per evaluation: classifier-free guidance runs the model twice. */
export function passesPerStep(cfg: number): number {
	return cfg > 1 ? 2 : 1;
}

/** What a preset is known to need, in a form that a size and a step count can be put into. */
export interface RunTimeModel {
	avgSeconds: number;
	/** Coefficient of variation of a run. */
	cv: number;
	/** 95 % quantile over mean that the catalog gives or implies. */
	p95Ratio: number;
	fixedShare: number;
	/** Steps x evaluations x passes x megapixels^exponent x batch at the reference. */
	referenceWork: number;
	/** Model evaluations of a step with the preset's own sampler. */
	evaluations: number;
	/** Reference images the figure includes. */
	referenceImages: number;
	joinsReferenceImages: boolean;
}

export interface RunParameters {
	steps: number;
	cfg: number;
	width: number;
	height: number;
	batchSize: number;
	/** Number of input images. */
	images: number;
	/** Default: the preset's own. */
	sampler?: string;
}

function work(
	evaluations: number,
	cfg: number,
	width: number,
	height: number,
	batchSize: number,
): number {
	const megapixels = (width * height) / 1e6;
	return evaluations * passesPerStep(cfg) * megapixels ** MEGAPIXEL_EXPONENT * batchSize;
}

function referenceWork(preset: Preset): number {
	const r = preset.reference;
	const evaluations = (r.steps ?? preset.steps) * evaluationsPerStep(preset.sampler_name);
	return work(evaluations, preset.cfg, r.width, r.height, r.batch_size);
}

/**
 * Fixed share of a preset's run, from a line through the model's presets (time against work). Needs two presets with
 * clearly different work; anything a line cannot explain falls back to the default.
 */
function fixedShare(model: CatalogModel, preset: Preset): number {
	const points = model.presets.map((p) => ({
		work: referenceWork(p),
		seconds: p.avg_time_seconds,
	}));
	const low = points.reduce((a, b) => (b.work < a.work ? b : a));
	const high = points.reduce((a, b) => (b.work > a.work ? b : a));
	if (high.work < low.work * 1.5) return DEFAULT_FIXED_SHARE;
	const slope = (high.seconds - low.seconds) / (high.work - low.work);
	const intercept = low.seconds - slope * low.work;
	if (!(slope > 0) || intercept < 0) return DEFAULT_FIXED_SHARE;
	return Math.min(MAX_FIXED_SHARE, intercept / preset.avg_time_seconds);
}

/** Prepares a preset's run time model. Done once per catalog. */
export function prepareRunTime(model: CatalogModel, preset: Preset): RunTimeModel {
	const avgSeconds = preset.avg_time_seconds;
	const cv =
		preset.p95_time_seconds === undefined
			? CV_BY_CONFIDENCE[preset.confidence]
			: cvFromP95Ratio(preset.p95_time_seconds / avgSeconds);
	const editsOnly = !model.inputs.includes('text') || Object.keys(model.purposes).join() === 'edit';
	return {
		avgSeconds,
		cv,
		p95Ratio: p95RatioFromCv(cv),
		fixedShare: fixedShare(model, preset),
		referenceWork: referenceWork(preset),
		evaluations: evaluationsPerStep(preset.sampler_name),
		referenceImages: editsOnly ? 1 : 0,
		joinsReferenceImages: REFERENCE_LATENT_FAMILIES.has(model.family),
	};
}

/** Mean warm run time in seconds on the preset's reference GPU. */
export function meanRunSeconds(model: RunTimeModel, run: RunParameters): number {
	const perStep = run.sampler === undefined ? model.evaluations : evaluationsPerStep(run.sampler);
	let ratio =
		work(run.steps * perStep, run.cfg, run.width, run.height, run.batchSize) / model.referenceWork;
	if (model.joinsReferenceImages && run.images !== model.referenceImages) {
		ratio *= (1 + run.images) / (1 + model.referenceImages);
	}
	return model.avgSeconds * (model.fixedShare + (1 - model.fixedShare) * ratio);
}
