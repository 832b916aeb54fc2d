import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import { predictVram } from '../../../lib/estimate/vram';

const MIB = 1024 ** 2;
const RESERVE = 400 * MIB;
const MINIMUM = 0.8 * 1024 ** 3 + RESERVE;
const WEIGHTS_GB = 6;
const USUAL_VAE_GB = 0.34;

/**
 * ComfyUI 0.8.0: memory_usage_factor, pixels per latent cell and side, bytes of VAE decode per pixel and byte of dtype.
 * Written down again here, so that a wrong figure in the product cannot agree with itself.
 */
const FAMILIES: Array<
	[family: string, file: string, factor: number, side: number, decode: number]
> = [
	['sd15', 'a', 1, 8, 2178],
	['sd2', 'a', 1, 8, 2178],
	['sdxl-refiner', 'a', 1, 8, 2178],
	['sdxl', 'a', 0.8, 8, 2178],
	['sd3', 'a', 1.6, 8, 2178],
	['flux', 'a', 3.1, 8, 2178],
	['flux2', 'a', 29.264, 16, 2178],
	['chroma', 'a', 3.2, 8, 2178],
	['chroma', 'chroma-radiance', 0.044, 1, 0],
	['qwen-image', 'a', 1.8, 8, 2200],
	['hidream', 'a', 2, 8, 2178],
	['auraflow', 'a', 2, 8, 2178],
	['lumina2', 'a', 1.4, 8, 2178],
	['z-image', 'a', 2, 8, 2178],
	['pixart', 'a', 0.5, 8, 2178],
	['hunyuandit', 'a', 1.3, 8, 2178],
	['omnigen2', 'a', 1.95, 8, 2178],
	['kandinsky5', 'a', 1.25, 8, 2178],
	['hunyuan-image', 'a', 8.7, 32, 700],
	['cascade', 'stable_cascade_stage_b', 2, 4, 2178],
	['cascade', 'stable_cascade_stage_c', 2, 42, 2178],
	['wan', 'wan2.1_t2v_1.3b', 0.691, 8, 2200],
	['wan', 'wan2.1_vace_1.3b', 0.8295, 8, 2200],
	['wan', 'wan2.2_ti2v_5b', 1.383, 16, 8000],
	['wan', 'wan2.1_t2v_14b', 2.304, 8, 2200],
	['wan', 'wan2.1_vace_14b', 2.765, 8, 2200],
	['hunyuan-video', 'a', 1.8, 8, 2178],
	['hunyuan-video', 'hunyuanvideo1.5', 4, 16, 2178],
	['ltxv', 'a', 5.5, 32, 2178],
	['ltxv', 'ltxv-13b', 11, 32, 2178],
	['ltxv', 'ltx-2-19b', 0.055, 32, 2178],
	['cosmos', 'a', 1.6, 8, 2178],
	['cosmos', 'cosmos_predict2_2b', 0.95, 8, 2178],
	['cosmos', 'cosmos_predict2_14b', 2.375, 8, 2178],
	['mochi', 'a', 2, 8, 2178],
];

describe('the prediction is ComfyUI’s own formula, from 0.25 to 4 megapixels and batches of 1 to 4', () => {
	it.each(FAMILIES)('%s (%s)', (family, file, factor, side, decode) => {
		for (const pixels of [512, 768, 1024, 1536, 2048]) {
			for (const batchSize of [1, 2, 3, 4]) {
				for (const cfg of [1, 5]) {
					const preset = {
						name: 'full',
						steps: 20,
						cfg,
						reference: { width: 1024, height: 1024 },
						avg_time_seconds: 10,
					};
					const entry = {
						name: 'm',
						family,
						files: { checkpoint: `${file}.safetensors` },
						purposes: { photo: 1 },
						vram_gb: WEIGHTS_GB,
						presets: [preset],
					};
					const model = parseCatalog({ version: 1, models: [entry] }).models[0]!;
					const found = predictVram(model, null, { width: pixels, height: pixels, batchSize, cfg });
					const once = batchSize * Math.floor(pixels / side) ** 2 * 2 * 0.01 * factor * MIB;
					const passes = cfg > 1 ? 2 : 1;
					const diffusion = WEIGHTS_GB * 1e9 + Math.max(MINIMUM, passes * once + RESERVE);
					const vae = USUAL_VAE_GB * 1e9 + decode * pixels * pixels * 2;
					const peak = Math.max(diffusion, vae);
					expect(Math.abs(found.peakBytes / peak - 1)).toBeLessThan(0.02);
					expect(Math.abs(found.activationBytes / (passes * once) - 1)).toBeLessThan(0.02);
				}
			}
		}
	});
});
