/** The catalogs of the benchmark: one of realistic figures for 24 GB cards, and any number of drawn ones. */
import { parseCatalog } from '../../lib/catalog/parse';
import type { Catalog } from '../../lib/catalog/schema';
import { type Random, pick } from '../../simulator/replay/random';

interface PresetRow {
	name: string;
	quality: number;
	steps: number;
	seconds: number;
}

interface ModelRow {
	name: string;
	family: string;
	weightsGb: number;
	peakGb: number;
	loadSeconds: number;
	purposes: Record<string, number>;
	presets: PresetRow[];
}

/** Every job here is scored by its quality, so every urgency asks for quality and differs in its certainty. */
const URGENCY = {
	urgent: { target_seconds: 15, on_time_probability: 0.95, policy: 'best_quality' },
	normal: { target_seconds: 90, on_time_probability: 0.9, policy: 'best_quality' },
	flexible: { target_seconds: 3600, on_time_probability: 0.9, policy: 'best_quality' },
};

function catalogOf(models: readonly ModelRow[]): Catalog {
	return parseCatalog({
		version: 1,
		urgency: URGENCY,
		models: models.map((model) => ({
			name: model.name,
			family: model.family,
			commercial_use: true,
			files: { checkpoint: `${model.name}.safetensors` },
			purposes: model.purposes,
			vram_gb: model.weightsGb,
			vram_peak_gb: model.peakGb,
			load_seconds: model.loadSeconds,
			presets: model.presets.map((preset) => ({
				name: preset.name,
				quality: preset.quality,
				steps: preset.steps,
				cfg: 1,
				reference: { width: 1024, height: 1024 },
				avg_time_seconds: preset.seconds,
			})),
		})),
	});
}

/** Times and sizes of the order published for RTX 4090 class cards; qualities spread so that choice matters. */
const STUDY_MODELS: ModelRow[] = [
	{
		name: 'qwen-image-fp8',
		family: 'qwen-image',
		weightsGb: 20.4,
		peakGb: 22,
		loadSeconds: 23,
		purposes: { text_rendering: 0.96, product: 0.93 },
		presets: [
			{ name: 'full', quality: 1, steps: 20, seconds: 71 },
			{ name: 'lightning-8', quality: 0.93, steps: 8, seconds: 34 },
			{ name: 'lightning-4', quality: 0.86, steps: 4, seconds: 18 },
		],
	},
	{
		name: 'hidream-full',
		family: 'hidream',
		weightsGb: 17.5,
		peakGb: 24.4,
		loadSeconds: 18,
		purposes: { illustration: 0.95, photo: 0.94 },
		presets: [
			{ name: 'full', quality: 1, steps: 50, seconds: 58 },
			{ name: 'half', quality: 0.92, steps: 25, seconds: 30 },
		],
	},
	{
		name: 'flux-dev-fp8',
		family: 'flux',
		weightsGb: 17,
		peakGb: 20.5,
		loadSeconds: 14,
		purposes: {
			photo: 0.84,
			product: 0.8,
			illustration: 0.78,
			text_rendering: 0.58,
			portrait: 0.88,
		},
		presets: [
			{ name: 'full', quality: 1, steps: 28, seconds: 20 },
			{ name: 'balanced', quality: 0.95, steps: 20, seconds: 14 },
			{ name: 'fast', quality: 0.83, steps: 12, seconds: 9 },
		],
	},
	{
		name: 'flux-schnell-fp8',
		family: 'flux',
		weightsGb: 17,
		peakGb: 20,
		loadSeconds: 14,
		purposes: {
			photo: 0.64,
			product: 0.62,
			illustration: 0.6,
			text_rendering: 0.45,
			portrait: 0.66,
			draft: 0.9,
		},
		presets: [
			{ name: 'four-steps', quality: 1, steps: 4, seconds: 3.6 },
			{ name: 'two-steps', quality: 0.8, steps: 2, seconds: 2.1 },
		],
	},
	{
		name: 'sdxl',
		family: 'sdxl',
		weightsGb: 7,
		peakGb: 11,
		loadSeconds: 5,
		purposes: { photo: 0.5, product: 0.5, illustration: 0.58, portrait: 0.52, draft: 0.8 },
		presets: [
			{ name: 'full', quality: 1, steps: 30, seconds: 6.5 },
			{ name: 'fast', quality: 0.92, steps: 20, seconds: 4.5 },
		],
	},
	{
		name: 'sdxl-lightning',
		family: 'sdxl',
		weightsGb: 7,
		peakGb: 10,
		loadSeconds: 5,
		purposes: { photo: 0.44, product: 0.42, illustration: 0.5, portrait: 0.45, draft: 0.72 },
		presets: [
			{ name: 'eight-steps', quality: 1, steps: 8, seconds: 1.7 },
			{ name: 'four-steps', quality: 0.93, steps: 4, seconds: 1 },
		],
	},
];

/** Purposes whose best model is heavy (60 to 71 s), middling (20 s) and light (4 s), and how often they are asked for. */
export const STUDY_MIX: Readonly<Record<string, number>> = {
	photo: 0.2,
	product: 0.15,
	illustration: 0.15,
	text_rendering: 0.15,
	portrait: 0.2,
	draft: 0.15,
};
export const STUDY_PURPOSES = Object.keys(STUDY_MIX);

export function studyCatalog(): Catalog {
	return catalogOf(STUDY_MODELS);
}

/** Drawn figures: quality grows with the logarithm of time, with noise; each purpose has three or four models. */
export function drawnCatalog(random: Random): Catalog {
	const count = 5 + Math.floor(random() * 3);
	const models = Array.from({ length: count }, (_, i) => drawnModel(random, i, count));
	STUDY_PURPOSES.forEach((purpose) => {
		const wanted = 3 + Math.floor(random() * 2);
		const slots = models.map((_, i) => i).sort(() => random() - 0.5);
		for (const i of slots.slice(0, wanted)) {
			const model = models[i] as ModelRow;
			const slowest = (model.presets[0] as PresetRow).seconds;
			const level = Math.log(slowest) / Math.log(65);
			model.purposes[purpose] = Math.min(
				0.99,
				Math.max(0.2, 0.32 + 0.62 * level + 0.12 * (random() - 0.5)),
			);
		}
	});
	return catalogOf(models.filter((model) => Object.keys(model.purposes).length > 0));
}

function drawnModel(random: Random, index: number, count: number): ModelRow {
	// a spread of speeds in every catalog: 1.5 to 65 s, jittered
	const seconds = 1.5 * 43 ** ((index + 0.6 * random()) / (count - 0.4));
	const weightsGb = 4 + 16 * random();
	const presets = pick(random, [2, 3]);
	return {
		name: `model-${String.fromCharCode(97 + index)}`,
		family: 'unknown',
		weightsGb,
		peakGb: weightsGb + 1.5 + 4.5 * random(),
		loadSeconds: 2 + weightsGb * (0.6 + 0.5 * random()),
		purposes: {},
		presets: Array.from({ length: presets }, (_, i) => ({
			name: `preset-${i}`,
			quality: 1 - i * (0.03 + 0.06 * random()),
			steps: Math.max(1, Math.round(32 / 2 ** i)),
			seconds: seconds / 2 ** i,
		})),
	};
}
