/**
 * The catalog in the form decisions are made on: lookups built and figures derived once, so that a decision only
 * computes what depends on the request and the fleet.
 */
import { DEFAULT_QUALITY_TIERS, DEFAULT_URGENCIES } from '../catalog/defaults';
import type { Catalog, CatalogModel, CatalogServer, Preset, Urgency } from '../catalog/schema';
import { meanLoadSeconds } from '../estimate/load-time';
import { prepareRunTime, type RunTimeModel } from '../estimate/run-time';
import { prepareVram, type VramPredictor } from '../estimate/vram';
import { SAMPLERS, SCHEDULERS } from '../samplers';

export interface PreparedPreset {
	preset: Preset;
	runTime: RunTimeModel;
	vram: VramPredictor;
	/** The cfg that a peak given in the catalog stands for: given figures scale with size and batch alone. */
	givenPeakCfg: number | null;
	/** ComfyUI's peak at the preset's reference, in bytes. */
	referencePeakBytes: number;
	/** Normalised LoRA file names that must be installed. */
	loraFiles: string[];
}

export interface PreparedModel {
	model: CatalogModel;
	name: string;
	/** Two catalog entries with the same weights file keep each other warm. */
	weightsKey: string;
	/** Normalised file names that must be installed. */
	files: string[];
	loadSeconds: number;
	presets: PreparedPreset[];
	acceptsImage: boolean;
	acceptsMask: boolean;
	acceptsTextOnly: boolean;
}

/** A preset as one way to serve a purpose, at its reference. */
export interface PurposePreset {
	quality: number;
	seconds: number;
	peakBytes: number;
}

export interface PreparedCatalog {
	catalog: Catalog;
	models: PreparedModel[];
	modelsByName: Map<string, PreparedModel>;
	serversByName: Map<string, CatalogServer>;
	urgencies: Map<string, Urgency>;
	qualityTiers: Map<string, number>;
	/** What a request may name: ComfyUI's own, and what the catalog's presets use. */
	samplers: ReadonlySet<string>;
	schedulers: ReadonlySet<string>;
	/** Every purpose any enabled model serves, sorted. */
	purposes: string[];
	/** For every purpose what serves it, the best first. */
	bestByPurpose: PurposePreset[][];
	/** Seconds assumed for a queued job of which nothing is known: the median of the catalog's presets. */
	unknownJobSeconds: number;
}

/** File names as compared: forward slashes, case as given (Linux servers tell cases apart). */
export function normaliseFileName(file: string): string {
	return file.includes('\\') ? file.replaceAll('\\', '/') : file;
}

/** The last part of a normalised file name. */
export function baseName(file: string): string {
	return file.slice(file.lastIndexOf('/') + 1);
}

/** All files that must be there for it, normalised; LoRAs are a preset's. */
export function filesOf(model: CatalogModel): string[] {
	const { checkpoint, diffusion_model, text_encoders, vae } = model.files;
	return [checkpoint, diffusion_model, ...(text_encoders ?? []), vae]
		.filter((file): file is string => file !== undefined)
		.map(normaliseFileName);
}

function peakCfg(model: CatalogModel, preset: Preset): number | null {
	if (preset.vram_peak_gb !== undefined) return preset.cfg;
	return model.vram_peak_gb === undefined ? null : (model.presets[0]?.cfg ?? null);
}

function preparePreset(model: CatalogModel, preset: Preset): PreparedPreset {
	const vram = prepareVram(model, preset);
	const { width, height, batch_size: batchSize } = preset.reference;
	const givenPeakCfg = peakCfg(model, preset);
	return {
		preset,
		runTime: prepareRunTime(model, preset),
		vram,
		givenPeakCfg,
		referencePeakBytes: vram({ width, height, batchSize, cfg: givenPeakCfg ?? preset.cfg })
			.peakBytes,
		loraFiles: preset.loras.map((lora) => normaliseFileName(lora.file)),
	};
}

function prepareModel(model: CatalogModel): PreparedModel {
	const files = filesOf(model);
	return {
		model,
		name: model.name,
		weightsKey: model.files.diffusion_model ?? model.files.checkpoint ?? `model:${model.name}`,
		files,
		loadSeconds: meanLoadSeconds(model),
		presets: model.presets.map((preset) => preparePreset(model, preset)),
		acceptsImage: model.inputs.includes('image'),
		acceptsMask: model.inputs.includes('mask'),
		acceptsTextOnly: model.inputs.includes('text'),
	};
}

function medianRunSeconds(catalog: Catalog): number {
	const times = catalog.models
		.flatMap((m) => m.presets.map((p) => p.avg_time_seconds))
		.sort((a, b) => a - b);
	return times[Math.floor(times.length / 2)] ?? 30;
}

function presetsFor(purpose: string, models: readonly PreparedModel[]): PurposePreset[] {
	const presets: PurposePreset[] = [];
	for (const { model, presets: prepared } of models) {
		const best = model.purposes[purpose];
		if (!model.enabled || best === undefined) continue;
		for (const { preset, referencePeakBytes } of prepared) {
			const seconds = preset.avg_time_seconds;
			presets.push({ quality: best * preset.quality, seconds, peakBytes: referencePeakBytes });
		}
	}
	return presets.sort((a, b) => b.quality - a.quality || a.seconds - b.seconds);
}

/** Builds the lookups. The catalog must have come from `parseCatalog` and must not change afterwards. */
export function prepareCatalog(catalog: Catalog): PreparedCatalog {
	const models = catalog.models.map(prepareModel);
	const purposes = new Set<string>();
	const presets = catalog.models.flatMap((model) => model.presets);
	for (const model of catalog.models) {
		if (model.enabled) for (const purpose of Object.keys(model.purposes)) purposes.add(purpose);
	}
	return {
		catalog,
		models,
		modelsByName: new Map(models.map((m) => [m.name, m])),
		serversByName: new Map(catalog.servers.map((s) => [s.name, s])),
		urgencies: new Map(Object.entries({ ...DEFAULT_URGENCIES, ...catalog.urgency })),
		qualityTiers: new Map(Object.entries({ ...DEFAULT_QUALITY_TIERS, ...catalog.quality_tiers })),
		samplers: new Set([...SAMPLERS, ...presets.map((preset) => preset.sampler_name)]),
		schedulers: new Set([...SCHEDULERS, ...presets.map((preset) => preset.scheduler)]),
		purposes: [...purposes].sort(),
		bestByPurpose: [...purposes].sort().map((purpose) => presetsFor(purpose, models)),
		unknownJobSeconds: medianRunSeconds(catalog),
	};
}
