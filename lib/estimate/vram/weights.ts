/**
 * How large a catalog model's weights are when resident, from what the entry gives, what a sync wrote down, or what is
 * commonly known of the family. Owns the order of these sources; never opens a file.
 */
import type { CatalogModel, Preset } from '../../catalog/schema';
import { BYTES_PER_GB } from '../../units';
import { type FamilyMemory, memoryOf } from './families';

/** Extension keys that a sync writes into an entry. All optional; sizes in GB. */
export interface GeneratedFigures {
	/** ComfyUI's factor as found from the file, where it differs within the family. */
	x_memory_factor?: number;
	/** Diffusion model alone. */
	x_diffusion_gb?: number;
	/** The largest text encoder. */
	x_text_encoder_gb?: number;
	x_vae_gb?: number;
	/** The member of the family, as far as the file tells. */
	x_variant?: string;
	/** As stored in the file. */
	x_stored_dtype?: string;
	/** The keys that a sync wrote, with spaces between. */
	x_generated?: string;
}

export interface ModelWeights {
	/** Diffusion model, or everything the entry says is resident. */
	diffusionBytes: number;
	/** The largest text encoder; 0 where the entry's own figure already covers it or nothing is known. */
	textEncoderBytes: number;
	vaeBytes: number;
	/** `assumed`: neither the entry nor the family says anything. */
	source: 'entry' | 'files' | 'family' | 'assumed';
}

/**
 * Sizes of the text encoder files that the official ComfyUI workflows name, in GB (Hugging Face file lists).
 * Matched on the start of the file's base name; the longest match wins.
 */
const TEXT_ENCODER_GB: ReadonlyArray<readonly [prefix: string, gb: number]> = [
	['clip_l', 0.25],
	['clip_g', 1.39],
	['t5xxl_fp16', 9.79],
	['t5xxl_fp8_e4m3fn_scaled', 5.16],
	['t5xxl_fp8', 4.89],
	['umt5_xxl_fp16', 11.4],
	['umt5_xxl_fp8', 6.74],
	['qwen_2.5_vl_7b_fp8', 9.38],
	['qwen_2.5_vl_7b', 16.6],
	['qwen_2.5_vl_fp16', 7.5],
	['qwen_3_4b_fp8', 4.4],
	['qwen_3_4b', 8.04],
	['qwen_3_8b_fp8', 8.7],
	['qwen_3_8b', 16.4],
	['mistral_3_small_flux2_fp8', 18.0],
	['mistral_3_small_flux2_bf16', 35.6],
	['llama_3.1_8b_instruct_fp8', 9.08],
	['gemma_2_2b', 5.2],
	['byt5_small', 0.44],
];

/** VAE weights where the entry does not say: the larger of the common ones (AutoencoderKL, 335 MB). */
const USUAL_VAE_GB = 0.34;
/** A file of which nothing is known is taken for one the size of an SDXL checkpoint, the most common kind. */
const ASSUMED_GB = 6.5;

/** Lower-case text that may name the member of a family: file names, the entry's name, and what the file's keys told. */
export function memberHint(model: CatalogModel): string {
	const { checkpoint, diffusion_model } = model.files;
	const variant = (model as GeneratedFigures).x_variant;
	const told = typeof variant === 'string' ? variant : '';
	return `${checkpoint ?? ''} ${diffusion_model ?? ''} ${model.name} ${told}`.toLowerCase();
}

/** The family's memory figures with what the entry itself knows better. */
export function modelMemory(model: CatalogModel): FamilyMemory {
	const memory = memoryOf(model.family, memberHint(model));
	const factor = (model as GeneratedFigures).x_memory_factor;
	return isSize(factor) ? { ...memory, factor } : memory;
}

/** Bytes per stored parameter as file names usually tell: fp8 1, 4-bit 0.5625, else 16 bit. */
export function storedBytesPerParameter(hint: string): number {
	if (/fp4|nf4|q4_|int4/.test(hint)) return 0.5625;
	if (/fp8|e4m3|e5m2|int8|q8_/.test(hint)) return 1;
	if (/q5_/.test(hint)) return 0.6875;
	if (/q6_/.test(hint)) return 0.82;
	return 2;
}

/** The weights of an entry. Never fails: `source` says how much is known. */
export function modelWeights(model: CatalogModel, memory: FamilyMemory): ModelWeights {
	const generated = model as GeneratedFigures;
	const vaeBytes = (sizeOf(generated.x_vae_gb) ?? USUAL_VAE_GB) * BYTES_PER_GB;
	const textEncoderBytes = textEncoderGb(model) * BYTES_PER_GB;
	const found = (gb: number, source: ModelWeights['source']): ModelWeights => ({
		diffusionBytes: gb * BYTES_PER_GB,
		textEncoderBytes,
		vaeBytes,
		source,
	});
	if (model.vram_gb !== undefined) return found(model.vram_gb, 'entry');
	const diffusionGb = sizeOf(generated.x_diffusion_gb);
	if (diffusionGb !== undefined) return found(diffusionGb, 'files');
	if (memory.billionParameters > 0) {
		const gb = memory.billionParameters * storedBytesPerParameter(memberHint(model));
		return found(gb, 'family');
	}
	return found(ASSUMED_GB, 'assumed');
}

/**
 * True where weights are plain fp8 and their size is not a person's figure, so that a server may hold them in 16 bit.
 * Scaled fp8 is computed with its scales and stays as it is.
 */
export function isExpandable(model: CatalogModel, weights: ModelWeights): boolean {
	const { x_stored_dtype: stored, x_generated: generated } = model as GeneratedFigures;
	const given =
		weights.source === 'entry' &&
		!String(generated ?? '')
			.split(' ')
			.includes('vram_gb');
	if (given) return false;
	if (typeof stored === 'string') return stored === 'fp8_e4m3fn' || stored === 'fp8_e5m2';
	const hint = memberHint(model);
	return weights.source === 'family' && /fp8|e4m3|e5m2/.test(hint) && !/scaled|mixed/.test(hint);
}

/** The largest named text encoder; they are used one after the other and may be evicted in between. */
function textEncoderGb(model: CatalogModel): number {
	const own = sizeOf((model as GeneratedFigures).x_text_encoder_gb);
	if (own !== undefined) return own;
	return Math.max(0, ...(model.files.text_encoders ?? []).map(knownTextEncoderGb));
}

function knownTextEncoderGb(file: string): number {
	const base = file.toLowerCase().split(/[\\/]/).pop() ?? '';
	const matches = TEXT_ENCODER_GB.filter(([prefix]) => base.startsWith(prefix));
	return matches.sort((a, b) => b[0].length - a[0].length)[0]?.[1] ?? 0;
}

/** The peak a person or a measurement gave, for this preset or the model's first; undefined where nobody did. */
export function givenPeakBytes(model: CatalogModel, preset: Preset | null): number | undefined {
	const gb = preset?.vram_peak_gb ?? model.vram_peak_gb;
	return gb === undefined ? undefined : gb * BYTES_PER_GB;
}

function sizeOf(value: unknown): number | undefined {
	return isSize(value) ? value : undefined;
}

function isSize(value: unknown): value is number {
	return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
