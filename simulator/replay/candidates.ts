/** Which model and preset can serve a job, and the catalog's own figures for it. Knows no server, no truth. */
import type { Catalog, CatalogModel, Preset } from '../../lib/catalog/schema';
import { meanRunSeconds } from '../../lib/estimate/run-time';
import {
	type PreparedCatalog,
	type PreparedModel,
	type PreparedPreset,
	prepareCatalog,
} from '../../lib/router/prepared-catalog';
import type { PendingJob, TraceJob } from './types';

/** A model and preset for one job. Figures of the catalog, scaled to the job's size, at speed factor 1. */
export interface JobCandidate {
	model: CatalogModel;
	preset: Preset;
	/** Models with the same weights keep each other warm. */
	weightsKey: string;
	/** Normalised names of every file it needs, LoRAs included. */
	files: readonly string[];
	/** purposes[purpose] x preset.quality. */
	quality: number;
	runSeconds: number;
	loadSeconds: number;
	peakBytes: number;
}

/** A run that only makes a model resident: one step at a small size. Figures of the catalog, at speed factor 1. */
export interface ModelLoad {
	model: CatalogModel;
	weightsKey: string;
	loadSeconds: number;
	runSeconds: number;
	peakBytes: number;
}

/** Side of the image that nobody wants, in pixels. */
const PREWARM_SIDE = 256;

/** Products of ratios are equal to a floor written in decimals only up to this. */
const QUALITY_TOLERANCE = 1e-9;

/** All candidates for each kind of job, computed once per kind. */
export class CandidateTable {
	readonly #byKind = new Map<string, JobCandidate[]>();
	readonly #prepared: PreparedCatalog;

	constructor(readonly catalog: Catalog) {
		this.#prepared = prepareCatalog(catalog);
	}

	/** In the catalog's order. */
	of(job: PendingJob): readonly JobCandidate[] {
		const all = this.#ofKind(job.trace);
		if (job.excludedModels.size === 0) return all;
		return all.filter((candidate) => !job.excludedModels.has(candidate.model.name));
	}

	/** What tells the weights of a model of the catalog from others; null for a foreign or no model. */
	weightsKeyOf(modelName: string | null): string | null {
		if (modelName === null) return null;
		return this.#prepared.modelsByName.get(modelName)?.weightsKey ?? null;
	}

	/** What loading a model of the catalog takes; null for another name. */
	loadOf(modelName: string): ModelLoad | null {
		const prepared = this.#prepared.modelsByName.get(modelName);
		const [preset] = prepared?.presets ?? [];
		if (!prepared || !preset) return null;
		const size = { width: PREWARM_SIDE, height: PREWARM_SIDE, batchSize: 1 };
		const { cfg } = preset.preset;
		return {
			model: prepared.model,
			weightsKey: prepared.weightsKey,
			loadSeconds: prepared.loadSeconds,
			runSeconds: meanRunSeconds(preset.runTime, { ...size, steps: 1, cfg, images: 0 }),
			peakBytes: preset.vram({ ...size, cfg: preset.givenPeakCfg ?? cfg }).peakBytes,
		};
	}

	/** True where every model for this purpose works on a given image. */
	needsImage(purpose: string): boolean {
		const models = this.#prepared.models.filter(
			({ model }) => model.purposes[purpose] !== undefined,
		);
		return models.length > 0 && models.every((model) => model.acceptsImage);
	}

	#ofKind(job: TraceJob): JobCandidate[] {
		const kind = `${job.purpose}|${job.minQuality}|${job.width}|${job.height}|${job.batchSize}`;
		let found = this.#byKind.get(kind);
		if (!found) {
			const images = this.needsImage(job.purpose) ? 1 : 0;
			found = this.#prepared.models.flatMap((model) => candidatesOfModel(model, job, images));
			this.#byKind.set(kind, found);
		}
		return found;
	}
}

function candidatesOfModel(prepared: PreparedModel, job: TraceJob, images: number): JobCandidate[] {
	const { model } = prepared;
	const purposeQuality = model.purposes[job.purpose];
	const takesInputs = images > 0 ? prepared.acceptsImage : prepared.acceptsTextOnly;
	if (!model.enabled || purposeQuality === undefined || !takesInputs) return [];
	return prepared.presets.flatMap((entry): JobCandidate[] => {
		const quality = purposeQuality * entry.preset.quality;
		if (quality < job.minQuality - QUALITY_TOLERANCE || !fitsSize(model, entry.preset, job))
			return [];
		return [
			{
				model,
				preset: entry.preset,
				weightsKey: prepared.weightsKey,
				files: [...prepared.files, ...entry.loraFiles],
				quality,
				loadSeconds: prepared.loadSeconds,
				...figuresOf(entry, job, images),
			},
		];
	});
}

/** The library's own estimates at the catalog's figures. */
function figuresOf(
	{ preset, runTime, vram, givenPeakCfg }: PreparedPreset,
	job: TraceJob,
	images: number,
): { runSeconds: number; peakBytes: number } {
	const { steps, cfg, reference } = preset;
	const width = job.width ?? reference.width;
	const height = job.height ?? reference.height;
	const size = { width, height, batchSize: job.batchSize };
	return {
		runSeconds: meanRunSeconds(runTime, { ...size, steps, cfg, images }),
		peakBytes: vram({ ...size, cfg: givenPeakCfg ?? cfg }).peakBytes,
	};
}

function fitsSize(model: CatalogModel, preset: Preset, job: TraceJob): boolean {
	const width = job.width ?? preset.reference.width;
	const height = job.height ?? preset.reference.height;
	return (
		width >= (model.min_width ?? 0) &&
		width <= (model.max_width ?? Infinity) &&
		height >= (model.min_height ?? 0) &&
		height <= (model.max_height ?? Infinity)
	);
}
