import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { assembleServer } from '../../../lib/fleet/assemble';
import { deviceDefaults, migSliceOf } from '../../../lib/mig';
import { ModelRouter } from '../../../lib/router/model-router';
import { catalogOf, presetOf } from '../../support/selections';

describe('a device', () => {
	it.each([
		['cuda:0 NVIDIA A100-SXM4-40GB MIG 3g.20gb : cudaMallocAsync', '3g.20gb', 3 / 7, 4 / 8],
		['NVIDIA A100-SXM4-80GB MIG 1g.20gb', '1g.20gb', 1 / 7, 2 / 8],
		['cuda:1 NVIDIA H100 80GB HBM3 MIG 2g.20gb : native', '2g.20gb', 2 / 7, 2 / 8],
		['NVIDIA A30 MIG 2g.12gb+me', '2g.12gb', 2 / 4, 2 / 4],
		['NVIDIA B200 MIG 4g.90gb', '4g.90gb', 4 / 7, 4 / 8],
		['NVIDIA A100-SXM4-40GB MIG 1c.3g.20gb', '3g.20gb', 1 / 7, 4 / 8],
		['NVIDIA Future X1 MIG 3g.99gb', '3g.99gb', 3 / 7, 4 / 8],
	])('%s is a slice', (name, profile, computeShare, memoryShare) => {
		expect(migSliceOf(name)).toMatchObject({ profile, computeShare, memoryShare });
	});

	it.each([
		undefined,
		'cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync',
		'NVIDIA A100-SXM4-40GB',
		'NVIDIA A100 MIG 9g.20gb',
		'NVIDIA A30 MIG 7g.24gb',
		'NVIDIA A100 MIG 4c.3g.20gb',
		'NVIDIA A100 MIG 0g.5gb',
		'MIG 3g.20gb',
		`${'x '.repeat(50_000)}MIG 3g.20gb`,
	])('%.60s is none, or not believed', (name) => {
		const slice = migSliceOf(name);
		// the table knows what an A30 is made of, whatever its name claims
		if (name?.includes('A30')) expect(slice?.computeShare ?? 1).toBe(1);
		else expect(slice).toBeNull();
	});

	it('is never more than its GPU, whatever it is called', () => {
		fc.assert(
			fc.property(fc.string(), fc.nat(99), fc.nat(999), (gpu, compute, gigabytes) => {
				const slice = migSliceOf(`${gpu} MIG ${compute}g.${gigabytes}gb`);
				if (slice === null) return;
				for (const share of [slice.computeShare, slice.memoryShare]) {
					expect(share).toBeGreaterThan(0);
					expect(share).toBeLessThanOrEqual(1);
				}
			}),
		);
	});
});

const GPUS = [
	{ name: 'A100-SXM4-40GB', hourly_cost: 2.1, speed_factor: 1.4 },
	{ name: 'A100', hourly_cost: 9 },
];
const SLICE = 'cuda:0 NVIDIA A100-SXM4-40GB MIG 3g.20gb : cudaMallocAsync';

describe('speed and price of a server that nobody gave any', () => {
	it("are the slice's share of its GPU, and the GPU's own where it is whole", () => {
		expect(deviceDefaults(SLICE, GPUS)).toEqual({
			speedFactor: expect.closeTo(0.6, 10),
			hourlyCost: expect.closeTo(1.05, 10),
		});
		expect(deviceDefaults('cuda:0 NVIDIA A100-SXM4-40GB', GPUS)).toEqual({
			speedFactor: 1.4,
			hourlyCost: 2.1,
		});
		expect(deviceDefaults(SLICE, [])).toEqual({
			speedFactor: expect.closeTo(3 / 7, 10),
			hourlyCost: null,
		});
		expect(deviceDefaults('RTX 4090', GPUS)).toEqual({ speedFactor: null, hourlyCost: null });
	});

	const catalog = (servers: Record<string, unknown>[] = []) =>
		catalogOf(
			[
				{
					name: 'm',
					files: { checkpoint: 'm.safetensors' },
					purposes: { photo: 0.9 },
					vram_gb: 4,
					vram_peak_gb: 6,
					load_seconds: 0,
					presets: [presetOf('full', { avg_time_seconds: 6 })],
				},
			],
			{ gpus: GPUS, servers },
		);
	const device = {
		name: SLICE,
		type: 'cuda',
		vram_total: 20e9,
		vram_free: 20e9,
		torch_vram_total: 0,
		torch_vram_free: 0,
	};
	const read = (servers?: Record<string, unknown>[]) =>
		assembleServer(
			{
				name: 's',
				url: 'http://s',
				state: {
					stats: { comfyuiVersion: null, argv: [], devices: [device] },
					queue: { running: [], pending: [] },
				},
				history: [],
				installedFiles: null,
				error: null,
			},
			catalog(servers),
			0,
		);

	it('enter the fleet as it is read, where the catalog says nothing of that server', () => {
		expect(read()).toMatchObject({
			speed_factor: expect.closeTo(0.6, 10),
			hourly_cost: expect.closeTo(1.05, 10),
		});
		expect(read([{ name: 's', speed_factor: 2, hourly_cost: 7 }])).toMatchObject({
			speed_factor: 2,
			hourly_cost: 7,
		});
	});

	it('enter the estimates of a snapshot that leaves them open', () => {
		const server = {
			name: 's',
			reachable: true,
			devices: [device],
			queue: [],
			loaded_model: 'm',
			installed_files: null,
		};
		const answer = new ModelRouter(catalog()).select(
			{ purpose: 'photo', urgency: 'flexible' },
			{ servers: [server] },
			{ nowMs: 0 },
		);
		expect(answer).toMatchObject({ decision: 'selected' });
		if (answer.decision !== 'selected') return;
		expect(answer.estimate.run_seconds).toBeCloseTo(10, 3);
		expect(answer.estimate.cost).toBeCloseTo((10 * 1.05) / 3600, 5);
	});
});
