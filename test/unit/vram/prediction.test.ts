import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import type { CatalogModel } from '../../../lib/catalog/schema';
import { fitOf, predictVram, prepareVram } from '../../../lib/estimate/vram';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const RESERVE = 400 * MIB;
const MINIMUM = 0.8 * GIB + RESERVE;

function model(overrides: Record<string, unknown>): CatalogModel {
	const preset = {
		name: 'full',
		steps: 20,
		cfg: 1,
		reference: { width: 1024, height: 1024 },
		avg_time_seconds: 10,
	};
	const catalog = parseCatalog({
		version: 1,
		models: [
			{ name: 'm', family: 'flux', purposes: { photo: 1 }, presets: [preset], ...overrides },
		],
	});
	return catalog.models[0]!;
}

const square = (side: number, batchSize = 1, cfg = 1) => ({
	width: side,
	height: side,
	batchSize,
	cfg,
});

describe('VRAM prediction', () => {
	it('takes a given peak as it is at the reference, without a margin', () => {
		const given = model({ vram_peak_gb: 22, vram_gb: 12 });
		const prediction = predictVram(given, given.presets[0]!, square(1024));
		expect(prediction.peakBytes).toBe(22e9);
		expect(prediction.basis).toBe('catalog');
		expect(fitOf(prediction, 22e9)).toBe('full');
	});

	it('prefers the preset’s own peak, at the preset’s own reference', () => {
		const given = model({ vram_peak_gb: 22, vram_gb: 12 });
		const preset = {
			...given.presets[0]!,
			vram_peak_gb: 14,
			reference: { width: 512, height: 512, batch_size: 1 },
		};
		expect(predictVram(given, preset, square(512)).peakBytes).toBe(14e9);
	});

	it('adds the formula’s difference of activation for another batch', () => {
		const given = model({ vram_peak_gb: 16, vram_gb: 12 });
		const one = predictVram(given, null, square(1024));
		const four = predictVram(given, null, square(1024, 4));
		const difference = (four.peakBytes - one.peakBytes) / MIB;
		expect(difference).toBeCloseTo(3 * 16384 * 2 * 0.01 * 3.1, 0);
	});

	it('never predicts less than the weights for a small image', () => {
		const given = model({ vram_peak_gb: 13.2, vram_gb: 12.9 });
		expect(predictVram(given, null, square(64)).peakBytes).toBeGreaterThanOrEqual(12.9e9);
	});

	it('adds weights and the larger of activation and minimum when no peak is given', () => {
		const flux = predictVram(model({ vram_gb: 12 }), null, square(1024));
		expect(flux.basis).toBe('formula');
		expect(flux.peakBytes).toBeCloseTo(12e9 + 16384 * 2 * 0.01 * 3.1 * MIB + RESERVE, -3);
		const sdxl = predictVram(model({ family: 'sdxl', vram_gb: 7 }), null, square(1024));
		expect(sdxl.phases.diffusionBytes).toBeCloseTo(7e9 + MINIMUM, -3);
	});

	it('counts both conditions where cfg is above 1', () => {
		const entry = model({ vram_gb: 12 });
		const one = predictVram(entry, null, square(1024));
		const both = predictVram(entry, null, square(1024, 1, 3.5));
		expect(both.activationBytes).toBe(2 * one.activationBytes);
	});

	it('peaks at the VAE decode where that is the largest phase', () => {
		const sd15 = predictVram(model({ family: 'sd15', vram_gb: 2 }), null, square(1024));
		expect(sd15.peakBytes).toBe(sd15.phases.vaeDecodeBytes);
		expect(sd15.peakBytes).toBeGreaterThan(4.2 * GIB);
	});

	it('does not let the decode estimate contradict a given peak', () => {
		const sd15 = model({ family: 'sd15', vram_gb: 2, vram_peak_gb: 3.5 });
		expect(predictVram(sd15, null, square(1024)).peakBytes).toBe(3.5e9);
	});

	it('peaks at a text encoder larger than the diffusion model', () => {
		const klein = model({
			name: 'flux2-klein-4b',
			family: 'flux2',
			vram_gb: 4.07,
			files: { text_encoders: ['qwen_3_4b.safetensors'] },
		});
		const prediction = predictVram(klein, null, square(768));
		expect(prediction.peakBytes).toBeCloseTo(8.04e9 + MINIMUM, -3);
	});

	it('counts the image of an editing model from the start', () => {
		const edit = model({ family: 'qwen-image', inputs: ['text', 'image'], vram_peak_gb: 22 });
		expect(predictVram(edit, null, square(1024)).peakBytes).toBe(22e9);
		const two = predictVram(edit, null, { ...square(1024), referenceMegapixels: [1.05, 1.05] });
		expect(two.peakBytes).toBeGreaterThan(22e9);
	});

	it('tells full speed, offload and out of memory apart', () => {
		const prediction = predictVram(model({ vram_gb: 24 }), null, square(1024));
		expect(fitOf(prediction, prediction.peakBytes)).toBe('full');
		expect(fitOf(prediction, prediction.peakBytes - 1)).toBe('offload');
		expect(fitOf(prediction, prediction.offloadFloorBytes)).toBe('offload');
		expect(fitOf(prediction, prediction.offloadFloorBytes - 1)).toBe('none');
	});

	it('says when it has to guess the weights', () => {
		expect(predictVram(model({ family: 'unknown' }), null, square(1024)).basis).toBe('assumed');
		expect(predictVram(model({ family: 'sdxl' }), null, square(1024)).basis).toBe('formula');
	});

	it('halves the usual weights for an fp8 file', () => {
		const bf16 = model({ files: { diffusion_model: 'flux1-dev.safetensors' } });
		const fp8 = model({ files: { diffusion_model: 'flux1-dev-fp8.safetensors' } });
		const weights = (entry: CatalogModel) => predictVram(entry, null, square(1024)).weightsBytes;
		expect(weights(bf16)).toBe(2 * weights(fp8));
	});

	it('never falls when an image, the batch or cfg grows, and the floor never passes the peak', () => {
		const families = fc.constantFrom('sd15', 'sdxl', 'flux', 'flux2', 'qwen-image', 'wan', 'other');
		const figures = fc.record({ vram_gb: optionalGb(), vram_peak_gb: optionalGb() });
		const side = fc.integer({ min: 16, max: 4096 });
		fc.assert(
			fc.property(
				families,
				figures,
				side,
				side,
				fc.integer({ min: 1, max: 16 }),
				(family, given, a, b, batch) => {
					const predict = prepareVram(model({ family, ...given }), null);
					const small = predict(square(Math.min(a, b)));
					const large = predict(square(Math.max(a, b), batch, 5));
					expect(large.peakBytes).toBeGreaterThanOrEqual(small.peakBytes);
					expect(small.offloadFloorBytes).toBeLessThanOrEqual(small.peakBytes);
				},
			),
		);
	});
});

function optionalGb(): fc.Arbitrary<number | undefined> {
	return fc.option(fc.double({ min: 0.5, max: 80, noNaN: true }), { nil: undefined });
}
