import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import { expansionLimitBytes, predictVram } from '../../../lib/estimate/vram';
import { ModelRouter } from '../../../lib/router/model-router';

const GIB = 1024 ** 3;
const MINIMUM = 0.8 * GIB + 400 * 1024 ** 2;
const device = (name: string, gib = 12, type = 'cuda') => ({
	name,
	type,
	vram_total: gib * GIB,
	vram_free: gib * GIB,
	torch_vram_total: 0,
	torch_vram_free: 0,
});
const RTX_3060 = 'cuda:0 NVIDIA GeForce RTX 3060 : cudaMallocAsync';
const RTX_4070 = 'cuda:0 NVIDIA GeForce RTX 4070 : cudaMallocAsync';

/** As a sync writes it: 4 billion parameters in one byte each. */
const entry = (more: Record<string, unknown> = {}) => ({
	name: 'm',
	family: 'sdxl',
	files: { checkpoint: 'a.safetensors' },
	purposes: { photo: 1 },
	vram_gb: 4,
	x_stored_dtype: 'fp8_e4m3fn',
	x_generated: 'name vram_gb x_stored_dtype',
	presets: [
		{
			name: 'full',
			steps: 20,
			cfg: 1,
			reference: { width: 512, height: 512 },
			avg_time_seconds: 10,
		},
	],
	...more,
});
const catalogOf = (more?: Record<string, unknown>) =>
	parseCatalog({ version: 1, models: [entry(more)] });

describe('which devices expand weights stored in fp8', () => {
	it.each([
		RTX_3060,
		'cuda:0 NVIDIA A100-SXM4-80GB : native',
		'cuda:0 NVIDIA RTX A6000 : native',
		'cuda:0 Tesla T4 : native',
		'cuda:0 AMD Radeon RX 7900 XTX : native',
	])('%s does, up to the share that weights may take', (name) => {
		expect(expansionLimitBytes(device(name))).toBeCloseTo(0.88 * 12 * GIB - MINIMUM, -3);
	});

	it.each([
		RTX_4070,
		'cuda:0 NVIDIA GeForce RTX 5090 : cudaMallocAsync',
		'cuda:0 NVIDIA RTX 4000 Ada Generation : native',
		'cuda:0 NVIDIA RTX 2000 Ada Generation : native',
		'cuda:0 AMD Radeon RX 9070 XT : native',
		'cuda:0 AMD Instinct MI300X : native',
		'cuda:0 NVIDIA L40S : native',
		'cuda:0 NVIDIA H100 80GB HBM3 : native',
		'cuda:0 something new',
	])('%s does not, or is not known', (name) => {
		expect(expansionLimitBytes(device(name))).toBe(0);
	});
});

describe('what a model of plain fp8 takes where it is expanded', () => {
	it('is the weights once more', () => {
		const found = predictVram(catalogOf().models[0]!, null, {
			width: 512,
			height: 512,
			batchSize: 1,
			cfg: 1,
		});
		expect(found.peakBytes).toBeCloseTo(4e9 + MINIMUM, -3);
		expect(found.expanded?.weightsBytes).toBe(8e9);
		expect(found.expanded?.peakBytes).toBeCloseTo(8e9 + MINIMUM, -3);
	});

	it.each([
		['a peak that is given', { vram_peak_gb: 6 }],
		['weights that a person gave', { x_generated: undefined }],
		['scaled fp8', { x_stored_dtype: 'fp8_e4m3fn_scaled' }],
		['16-bit weights', { x_stored_dtype: 'bf16' }],
	])('is nothing more for %s', (_case, more) => {
		const [model] = catalogOf(more).models;
		const run = { width: 512, height: 512, batchSize: 1, cfg: 1 };
		expect(predictVram(model!, null, run).expanded).toBeNull();
	});

	const peakOn = (name: string, gib: number, calibration?: unknown[]): number => {
		const server = {
			name: 'home',
			reachable: true,
			devices: [device(name, gib)],
			queue: [],
			loaded_model: null,
			installed_files: null,
		};
		const selection = new ModelRouter(catalogOf()).select(
			{ purpose: 'photo' },
			{
				servers: [server],
			} as never,
			{ nowMs: 0, calibration } as never,
		);
		if (selection.decision !== 'selected') throw new Error(selection.rejection.message);
		return selection.estimate.vram_peak_bytes;
	};

	it('decides on a server by its GPU and its size, unless runs have taught better', () => {
		expect(peakOn(RTX_4070, 12)).toBeCloseTo(4e9 + MINIMUM, -3);
		expect(peakOn(RTX_3060, 12)).toBeCloseTo(8e9 + MINIMUM, -3);
		// 8 GB of 16-bit weights are more than its share of 8 GiB: they stay as stored
		expect(peakOn(RTX_3060, 8)).toBeCloseTo(4e9 + MINIMUM, -3);
		const learned = {
			model_name: 'm',
			preset: null,
			server: null,
			samples: 20,
			time_factor: 1,
			p95_factor: 1,
			load_factor: 1,
			vram_factor: 1.5,
		};
		expect(peakOn(RTX_3060, 12, [learned])).toBeCloseTo(1.5 * (4e9 + MINIMUM), -3);
	});
});
