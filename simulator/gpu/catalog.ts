/** From catalog entries to simulated models: what the GPU would do if the catalog's figures were the truth. */
import type { Catalog, CatalogModel, Preset } from '../../lib/catalog/schema';
import { BYTES_PER_GB, PIXELS_PER_MEGAPIXEL } from '../../lib/units';
import { passesOf } from './timing';
import type { GpuProfile, SimulatedFile, SimulatedModel, StepTiming } from './types';

/** How the truth differs from the catalog, by model name; 1 where not named. */
export interface TruthFactors {
	timeFactor?: Readonly<Record<string, number>>;
	vramFactor?: Readonly<Record<string, number>>;
	loadFactor?: Readonly<Record<string, number>>;
}

/** Fixed part of a run (text encoding, decoding): a tenth, at most one second. */
const FIXED_SHARE = 0.1;
const MOST_FIXED_SECONDS = 1;
/** Where the catalog gives no VRAM: an SDXL-sized model. */
const DEFAULT_WEIGHTS_BYTES = 7 * BYTES_PER_GB;
const DEFAULT_ACTIVATION_BYTES = 2 * BYTES_PER_GB;
/** Weights' part of a given peak where only the peak is known. */
const WEIGHTS_SHARE_OF_PEAK = 0.8;
/** Typical sizes of files whose size the catalog does not say. */
const TEXT_ENCODER_BYTES = 4.9 * BYTES_PER_GB;
const VAE_BYTES = 0.33 * BYTES_PER_GB;
const LORA_BYTES = 0.4 * BYTES_PER_GB;

/** A 24 GB card with nothing unusual about it; `over` replaces any part. */
export function gpuProfile(over: Partial<GpuProfile> = {}): GpuProfile {
	return {
		name: 'Simulated GPU',
		vramTotalBytes: 24 * BYTES_PER_GB,
		contextBytes: 0.4 * BYTES_PER_GB,
		loadBytesPerSecond: 2 * BYTES_PER_GB,
		speedFactor: 1,
		memoryMode: 'static',
		dynamicSlowdown: 5,
		noise: { cv: 0, tailProbability: 0, tailFactor: 1 },
		...over,
	};
}

/** One simulated model per catalog entry (disabled ones too: a server may have their files). */
export function modelsFromCatalog(
	catalog: Pick<Catalog, 'models'>,
	truth: TruthFactors = {},
): SimulatedModel[] {
	return catalog.models.map((model) => modelFromCatalog(model, truth));
}

function modelFromCatalog(model: CatalogModel, truth: TruthFactors): SimulatedModel {
	const time = truth.timeFactor?.[model.name] ?? 1;
	const vram = truth.vramFactor?.[model.name] ?? 1;
	const load = truth.loadFactor?.[model.name] ?? 1;
	const weightsBytes = weightsOf(model) * vram;
	return {
		name: model.name,
		files: filesOf(model),
		weightsBytes,
		activationBytesPerMegapixel: activationOf(model) * vram,
		loadSeconds: model.load_seconds === undefined ? null : model.load_seconds * load,
		timings: model.presets.map((preset) => timingOf(preset, time)),
	};
}

function weightsOf(model: CatalogModel): number {
	if (model.vram_gb !== undefined) return model.vram_gb * BYTES_PER_GB;
	if (model.vram_peak_gb === undefined) return DEFAULT_WEIGHTS_BYTES;
	return model.vram_peak_gb * WEIGHTS_SHARE_OF_PEAK * BYTES_PER_GB;
}

/** Bytes per megapixel and image, from the given peak at the first preset's reference. */
function activationOf(model: CatalogModel): number {
	const peakGb = model.presets[0]?.vram_peak_gb ?? model.vram_peak_gb;
	const reference = model.presets[0]?.reference;
	if (peakGb === undefined || !reference) return DEFAULT_ACTIVATION_BYTES;
	const megapixels =
		(reference.width * reference.height * reference.batch_size) / PIXELS_PER_MEGAPIXEL;
	return Math.max(0, peakGb * BYTES_PER_GB - weightsOf(model)) / megapixels;
}

function timingOf(preset: Preset, timeFactor: number): StepTiming {
	const { reference } = preset;
	const seconds = preset.avg_time_seconds * timeFactor;
	const steps = reference.steps ?? preset.steps;
	const passes = passesOf(preset.cfg);
	const fixedSeconds = Math.min(MOST_FIXED_SECONDS, seconds * FIXED_SHARE);
	const megapixels = (reference.width * reference.height) / PIXELS_PER_MEGAPIXEL;
	return {
		loras: preset.loras.map((lora) => lora.file),
		steps: preset.steps,
		passes,
		secondsPerStep: (seconds - fixedSeconds) / (steps * passes * megapixels * reference.batch_size),
		fixedSeconds,
	};
}

function filesOf(model: CatalogModel): SimulatedFile[] {
	const { checkpoint, diffusion_model, text_encoders, vae } = model.files;
	const files: SimulatedFile[] = [];
	const bytes = Math.round(weightsOf(model));
	if (checkpoint) files.push({ folder: 'checkpoints', name: checkpoint, bytes });
	if (diffusion_model) files.push({ folder: 'diffusion_models', name: diffusion_model, bytes });
	for (const name of text_encoders ?? [])
		files.push({ folder: 'text_encoders', name, bytes: TEXT_ENCODER_BYTES });
	if (vae) files.push({ folder: 'vae', name: vae, bytes: VAE_BYTES });
	const loras = new Set(model.presets.flatMap((preset) => preset.loras.map((lora) => lora.file)));
	for (const name of loras) files.push({ folder: 'loras', name, bytes: LORA_BYTES });
	return files;
}

/** A model the catalog does not know, by its file: paced like SD 1.5 and as large as the file. */
export function foreignModel(file: SimulatedFile): SimulatedModel {
	return {
		name: file.name,
		files: [file],
		weightsBytes: file.bytes,
		activationBytesPerMegapixel: 1.5 * BYTES_PER_GB,
		loadSeconds: null,
		timings: [{ loras: [], steps: 20, passes: 2, secondsPerStep: 0.1, fixedSeconds: 0.5 }],
	};
}
