import { describe, expect, it } from 'vitest';

import { activationBytes, vaeDecodeBytes } from '../../../lib/estimate/vram/activation';
import { memoryOf } from '../../../lib/estimate/vram/families';

const MIB = 1024 * 1024;

/**
 * The figures of ComfyUI 0.8.0 as published: MiB of one condition at 1024 x 1024, batch 1, 16 bit. Written down apart
 * from the product's table, with the grid, so that a wrong entry there cannot agree with itself.
 */
const AT_ONE_MEGAPIXEL: Array<[family: string, hint: string, mib: number, pixelsPerCell: number]> =
	[
		['sd15', '', 328, 64],
		['sd2', '', 328, 64],
		['sdxl-refiner', '', 328, 64],
		['sdxl', '', 262, 64],
		['sd3', '', 524, 64],
		['flux', '', 1016, 64],
		['flux2', '', 2397, 256],
		['chroma', '', 1049, 64],
		['chroma', 'chroma-radiance.safetensors', 923, 1],
		['qwen-image', '', 590, 64],
		['z-image', '', 655, 64],
		['lumina2', '', 459, 64],
		['hidream', '', 655, 64],
		['auraflow', '', 655, 64],
		['pixart', '', 164, 64],
		['hunyuandit', '', 426, 64],
		['omnigen2', '', 639, 64],
		['kandinsky5', '', 410, 64],
		['hunyuan-image', '', 178, 1024],
		['wan', '', 755, 64],
		['wan', 'wan2.1_t2v_1.3b_bf16', 226.5, 64],
		['wan', 'wan2.2_ti2v_5b_fp16', 113.3, 256],
		['hunyuan-video', '', 590, 64],
		['hunyuan-video', 'hunyuanvideo1.5_720p', 327.7, 256],
		['ltxv', '', 112.6, 1024],
		['ltxv', 'ltxv-13b-0.9.8', 225.3, 1024],
		['cosmos', '', 524, 64],
		['cosmos', 'cosmos_predict2_14b_t2i', 778, 64],
		['mochi', '', 655, 64],
		['cascade', '', 2621, 16],
		['unknown', '', 655, 64],
	];

const SIZES: Array<[number, number]> = [
	[512, 512],
	[768, 768],
	[1024, 1024],
	[1344, 768],
	[1536, 1536],
	[2048, 2048],
];

describe('activation by ComfyUI’s formula', () => {
	describe.each(AT_ONE_MEGAPIXEL)('%s %s', (family, hint, mib, pixelsPerCell) => {
		const memory = memoryOf(family, hint);

		it.each(SIZES)('is within 2 %% at %i x %i for batches of 1 to 4', (width, height) => {
			for (const batchSize of [1, 2, 3, 4]) {
				const expected = (mib * MIB * batchSize * width * height) / (1024 * 1024);
				const bytes = activationBytes(memory, { width, height, batchSize });
				expect(Math.abs(bytes / expected - 1)).toBeLessThan(0.02);
			}
		});

		it('has the published latent grid', () => {
			expect(memory.downscale ** 2).toBe(pixelsPerCell);
		});
	});

	it('ignores the dtype where attention holds the whole matrix', () => {
		const flux = memoryOf('flux');
		const run = { width: 1024, height: 1024, batchSize: 1, attention: 'plain' as const };
		expect(activationBytes(flux, run)).toBeCloseTo(16384 * 0.15 * 3.1 * MIB, -3);
		expect(activationBytes(flux, { ...run, dtypeBytes: 4 })).toBe(activationBytes(flux, run));
	});

	it('counts the latent frames of a clip', () => {
		const run = { width: 832, height: 480, batchSize: 1 };
		const wan = memoryOf('wan');
		expect(activationBytes(wan, { ...run, frames: 81 })).toBeCloseTo(
			21 * activationBytes(wan, run),
			-2,
		);
	});

	it('adds reference images once, whatever the batch', () => {
		const qwen = memoryOf('qwen-image');
		const run = { width: 1024, height: 1024, batchSize: 4 };
		const megapixel = 1.048576;
		const added =
			activationBytes(qwen, { ...run, referenceMegapixels: [megapixel] }) -
			activationBytes(qwen, run);
		expect(added / MIB).toBeCloseTo(16384 * 2 * 0.01 * 1.8, 0);
	});

	it('adds no reference images to families that do not take them', () => {
		const sdxl = memoryOf('sdxl');
		const run = { width: 1024, height: 1024, batchSize: 1 };
		expect(activationBytes(sdxl, { ...run, referenceMegapixels: [1] })).toBe(
			activationBytes(sdxl, run),
		);
	});

	it('decodes a 1024 x 1024 image in 4.25 GiB at 16 bit with the common VAE', () => {
		const bytes = vaeDecodeBytes(memoryOf('sdxl'), { width: 1024, height: 1024 });
		expect(bytes / 1024 ** 3).toBeCloseTo(4.25, 2);
	});
});
