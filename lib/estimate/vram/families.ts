/**
 * What ComfyUI 0.8.0 knows about each family's memory: factor, latent grid, VAE decode cost, and how large the weights
 * usually are. Owns figures only; the formula is in activation.ts.
 *
 * Sources: ComfyUI `comfy/supported_models.py` (memory_usage_factor), `comfy/latent_formats.py` and the Empty*Latent
 * nodes (channels, grid), `comfy/sd.py` (decode cost of each VAE class); parameter counts from the vendors' model cards.
 */

export interface FamilyMemory {
	/** ComfyUI's `memory_usage_factor` of the family's usual member. */
	factor: number;
	latentChannels: number;
	/** Pixels per latent cell, per side. */
	downscale: number;
	/** Frames per latent frame; 0 for families without a time axis. T = floor((frames - 1) / this) + 1. */
	framesPerLatent: number;
	/** Bytes of VAE decode per pixel and byte of dtype, for one image. */
	decodeBytesPerPixel: number;
	/** Reference images of editing models are counted with the latent. */
	countsReferences: boolean;
	/** Parameters of the diffusion model in billions: the largest usual member, so that a guess errs upwards. */
	billionParameters: number;
	/** Largest single layer in millions of parameters: what must be on the device even when all else is paged. */
	largestLayerMillion: number;
}

/** AutoencoderKL (SD, SDXL, SD3, Flux, ...); `2178 * H * W * dtype` in `comfy/sd.py`. */
const DECODE_KL = 2178;
/** Wan 2.1 and Qwen-Image VAE on a single image. */
const DECODE_WAN_IMAGE = 2200;
/** HunyuanImage 2.1 VAE. */
const DECODE_HUNYUAN_IMAGE = 700;

const image = (
	factor: number,
	latentChannels: number,
	billionParameters: number,
	largestLayerMillion: number,
	more: Partial<FamilyMemory> = {},
): FamilyMemory => ({
	factor,
	latentChannels,
	downscale: 8,
	framesPerLatent: 0,
	decodeBytesPerPixel: DECODE_KL,
	countsReferences: false,
	billionParameters,
	largestLayerMillion,
	...more,
});

/** By canonical family name; the usual member where a family has several (see `memoryOf`). */
export const FAMILY_MEMORY: Readonly<Record<string, FamilyMemory>> = {
	sd15: image(1.0, 4, 0.86, 30),
	sd2: image(1.0, 4, 0.87, 30),
	'sdxl-refiner': image(1.0, 4, 2.27, 43),
	sdxl: image(0.8, 4, 2.57, 43),
	sd3: image(1.6, 16, 8.1, 36),
	flux: image(3.1, 16, 11.9, 66, { countsReferences: true }),
	// in 0.8.0 the same for every hidden size
	flux2: image(3.1 * 4 * 2.36, 128, 32.2, 340, { downscale: 16, countsReferences: true }),
	chroma: image(3.2, 16, 8.9, 66),
	'qwen-image': image(1.8, 16, 20.4, 57, {
		framesPerLatent: 4,
		decodeBytesPerPixel: DECODE_WAN_IMAGE,
		countsReferences: true,
	}),
	'z-image': image(2.0, 16, 6.15, 39),
	lumina2: image(1.4, 16, 2.6, 22),
	hidream: image(2.0, 16, 17.1, 50),
	auraflow: image(2.0, 4, 6.8, 57),
	pixart: image(0.5, 4, 0.61, 8),
	hunyuandit: image(1.3, 4, 1.5, 12),
	'hunyuan-image': image(8.7, 64, 17.4, 90, {
		downscale: 32,
		decodeBytesPerPixel: DECODE_HUNYUAN_IMAGE,
	}),
	omnigen2: image(1.95, 16, 4.0, 35, { countsReferences: true }),
	kandinsky5: image(1.25, 16, 6.0, 42, { framesPerLatent: 4 }),
	// stage B (4 channels, /4) is the peak of the two stages; the weights are those of stage C
	cascade: image(2.0, 4, 3.6, 67, { downscale: 4 }),
	wan: image(5120 / 2222, 16, 14.3, 71, {
		framesPerLatent: 4,
		decodeBytesPerPixel: DECODE_WAN_IMAGE,
	}),
	'hunyuan-video': image(1.8, 16, 12.8, 66, { framesPerLatent: 4 }),
	ltxv: image(5.5, 128, 1.9, 17, { downscale: 32, framesPerLatent: 8 }),
	cosmos: image(1.6, 16, 7.2, 67, { framesPerLatent: 8 }),
	mochi: image(2.0, 12, 10.0, 84, { framesPerLatent: 6 }),
	// ComfyUI's own defaults for a model it has no entry for
	unknown: image(2.0, 16, 0, 150),
};

/** Members of a family that differ, told by a hint in the catalog name or a file name. First match wins. */
const MEMBERS: ReadonlyArray<{ family: string; pattern: RegExp; memory: Partial<FamilyMemory> }> = [
	{ family: 'sd3', pattern: /medium/, memory: { billionParameters: 2.5, largestLayerMillion: 14 } },
	{
		family: 'flux2',
		pattern: /klein.*4b/,
		memory: { billionParameters: 3.9, largestLayerMillion: 85 },
	},
	{
		family: 'flux2',
		pattern: /klein.*9b/,
		memory: { billionParameters: 9.1, largestLayerMillion: 151 },
	},
	{
		family: 'chroma',
		pattern: /radiance/,
		memory: { factor: 0.044, latentChannels: 3, downscale: 1, decodeBytesPerPixel: 0 },
	},
	{
		family: 'wan',
		pattern: /vace.*1\.3b|1\.3b.*vace/,
		memory: { factor: (1.2 * 1536) / 2222, billionParameters: 2.2, largestLayerMillion: 14 },
	},
	{ family: 'wan', pattern: /1\.3b/, memory: wan(1536, 1.4, 14) },
	{
		family: 'wan',
		pattern: /(^|[^0-9.])5b/,
		// the Wan 2.2 VAE: 48 channels, /16
		memory: { ...wan(3072, 5.0, 43), latentChannels: 48, downscale: 16, decodeBytesPerPixel: 8000 },
	},
	{
		family: 'wan',
		pattern: /vace/,
		memory: { factor: (1.2 * 5120) / 2222, billionParameters: 17.3 },
	},
	{
		family: 'hunyuan-video',
		pattern: /1[._]5/,
		memory: { factor: 4.0, latentChannels: 32, downscale: 16, billionParameters: 8.3 },
	},
	{ family: 'ltxv', pattern: /13b/, memory: { factor: 11.0, billionParameters: 13.0 } },
	{ family: 'ltxv', pattern: /ltx-?_?2/, memory: { factor: 0.055, billionParameters: 19.0 } },
	{
		family: 'cosmos',
		pattern: /predict2.*14b/,
		memory: { factor: (0.95 * 5120) / 2048, framesPerLatent: 4, billionParameters: 14.3 },
	},
	{
		family: 'cosmos',
		pattern: /predict2/,
		memory: { factor: 0.95, framesPerLatent: 4, billionParameters: 2.0 },
	},
	{ family: 'cosmos', pattern: /14b/, memory: { billionParameters: 14.3 } },
	// an entry of stage C alone; with stage B named as well, that is the peak
	{
		family: 'cascade',
		pattern: /^(?!.*stage[-_]?b).*stage[-_]?c/,
		memory: { latentChannels: 16, downscale: 42 },
	},
	{
		family: 'sdxl',
		pattern: /ssd-?_?1b/,
		memory: { billionParameters: 1.33 },
	},
];

/** Wan: `dim / 2222`. */
function wan(dim: number, billionParameters: number, largest: number): Partial<FamilyMemory> {
	return { factor: dim / 2222, billionParameters, largestLayerMillion: largest };
}

/**
 * The figures of a family member.
 * @param family canonical name; anything else counts as `unknown`
 * @param hint lower-case text that may name the member ("flux-2-klein-4b-fp8.safetensors")
 */
export function memoryOf(family: string, hint = ''): FamilyMemory {
	const base = FAMILY_MEMORY[family] ?? FAMILY_MEMORY.unknown!;
	const member = MEMBERS.find((m) => m.family === family && m.pattern.test(hint));
	return member ? { ...base, ...member.memory } : base;
}
