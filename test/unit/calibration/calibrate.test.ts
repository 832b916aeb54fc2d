import { describe, expect, it } from 'vitest';

import { calibrate, type RunObservation } from '../../../lib/calibration';
import { ModelRouter } from '../../../lib/router/model-router';
import { entryOf, roundCatalog, runsAround, seen } from './observations';

const catalog = roundCatalog();
const learn = (runs: readonly RunObservation[]) => calibrate(catalog, runs);
const factor = (runs: readonly RunObservation[]): number =>
	entryOf(learn(runs).entries).time_factor;

describe('learning run times', () => {
	it('has nothing to say without runs', () => {
		expect(learn([])).toEqual({
			entries: [],
			leftOut: { cached: 0, unknown_model: 0, nothing_measured: 0 },
		});
	});

	it('leans on the catalog after one run and on the runs after many', () => {
		const one = factor(runsAround(15, 1, { sigma: 0 }));
		expect(one).toBeGreaterThan(1.2);
		expect(one).toBeLessThan(1.5);
		expect(factor(runsAround(15, 40))).toBeCloseTo(1.5, 1);
	});

	it('pools runs of other steps, sizes and batches', () => {
		const mixed = [
			...runsAround(13, 10),
			// the two presets lie on a line through 0: nothing is fixed
			...runsAround(1.3 * 20, 10, { steps: 40, seed: 2 }),
			...runsAround(1.3 * 40, 10, { batch_size: 4, seed: 3 }),
		];
		const { time_factor, p95_factor } = entryOf(learn(mixed).entries);
		expect(time_factor).toBeGreaterThan(1.25);
		expect(time_factor).toBeLessThan(1.35);
		expect(p95_factor).toBeLessThan(1.35);
	});

	it("takes out a server's speed factor, and learns where it is wrong", () => {
		const runs = [...runsAround(10, 30), ...runsAround(5, 30, { server: 'double', seed: 2 })];
		expect(entryOf(learn(runs).entries, 'full', 'double').time_factor).toBeCloseTo(1, 1);
		const slower = [...runsAround(10, 30), ...runsAround(8, 30, { server: 'double', seed: 2 })];
		expect(entryOf(learn(slower).entries, 'full', 'double').time_factor).toBeCloseTo(1.6, 1);
		expect(entryOf(learn(slower).entries, 'full', 'one').time_factor).toBeCloseTo(1, 1);
	});

	it('counts the share of a MIG slice once: expected of it, and so not learned', () => {
		const name = 'cuda:0 NVIDIA A100-SXM4-40GB MIG 3g.20gb : cudaMallocAsync';
		// as its device says, and as the catalog says
		for (const [server, seconds] of [
			['one', (10 * 7) / 3],
			['double', 5],
		] as const) {
			const { entries } = calibrate(
				catalog,
				runsAround(seconds, 40, { server }),
				new Map([[server, name]]),
			);
			expect(entryOf(entries, 'full', server).time_factor).toBeCloseTo(1, 1);
			const memory = { vram_total: 40e9, vram_free: 39e9, torch_vram_total: 0, torch_vram_free: 0 };
			const picked = new ModelRouter(catalog).select(
				{ purpose: 'photo', model_name: 'a', urgency: 'normal', deadline_seconds: 600 },
				{
					servers: [
						{
							...{ name: server, reachable: true, queue: [], loaded_model: null },
							...{ installed_files: null, devices: [{ name, ...memory }] },
						},
					],
				},
				{ nowMs: 0, calibration: entries },
			);
			// a fifth of the work, at the same speed
			expect(picked).toMatchObject({ decision: 'selected', preset: 'fast' });
			if (picked.decision === 'selected')
				expect(picked.estimate.run_seconds / (seconds / 5)).toBeCloseTo(1, 1);
		}
	});

	it("takes out the speed of a whole GPU that the catalog's list of GPUs knows", () => {
		const known = { ...catalog, gpus: [{ name: 'RTX 4090', speed_factor: 1.5 }] };
		const devices = new Map([['one', 'cuda:0 NVIDIA GeForce RTX 4090']]);
		const { entries } = calibrate(known, runsAround(10 / 1.5, 40), devices);
		expect(entryOf(entries).time_factor).toBeCloseTo(1, 1);
	});

	it('expects a preset that hardly ran to be off like the others of its model', () => {
		const runs = [
			...runsAround(14, 30, { sigma: 0.2 }),
			...runsAround(2, 1, { preset: 'fast', steps: 4, sigma: 0 }),
		];
		const { entries } = learn(runs);
		const alone = entryOf(learn(runs.slice(-1)).entries, 'fast').time_factor;
		expect(entryOf(entries, 'fast').time_factor).toBeGreaterThan(alone + 0.03);
		const unseen = entryOf(learn(runs.slice(0, -1)).entries, null, null);
		expect(unseen.time_factor).toBeGreaterThan(1.3);
	});

	it('is hardly moved by single runs that took three times as long, and expects them', () => {
		const runs = runsAround(10, 50);
		const spoilt = runs.map((run, i) => (i % 25 === 7 ? { ...run, run_seconds: 30 } : run));
		expect(factor(spoilt) / factor(runs)).toBeLessThan(1.01);
		const p95 = (list: RunObservation[]): number => entryOf(learn(list).entries).p95_factor;
		expect(p95(spoilt)).toBeGreaterThan(p95(runs));
		expect(p95(spoilt) / p95(runs)).toBeLessThan(1.1);
	});

	it('drops what was served from the cache, whole or in part', () => {
		const cached = [0, 0.002, 0.3].map((run_seconds) => seen({ run_seconds }));
		const told = seen({ cached: true });
		const { entries, leftOut } = learn([...runsAround(10, 30), ...cached, told]);
		expect(leftOut.cached).toBe(4);
		expect(entryOf(entries).samples).toBe(30);
	});

	it('counts a cancelled run as at least that long', () => {
		const runs = runsAround(10, 10);
		const cancelled = (run_seconds: number) =>
			Array.from({ length: 6 }, () => seen({ run_seconds, status: 'cancelled' }));
		expect(factor([...runs, ...cancelled(1)])).toBeCloseTo(factor(runs), 3);
		expect(factor([...runs, ...cancelled(10)])).toBeGreaterThan(factor(runs) * 1.01);
		expect(entryOf(learn([...runs, ...cancelled(10)]).entries)).toMatchObject({
			samples: 10,
			censored_samples: 6,
		});
	});

	it('learns that a model is slow from runs that all timed out', () => {
		const runs = Array.from({ length: 10 }, () => seen({ run_seconds: 20, status: 'timeout' }));
		expect(factor(runs)).toBeGreaterThan(1.8);
	});

	it('follows a change, says so, and takes only the runs since', () => {
		const now = runsAround(14, 15);
		const before = runsAround(10, 40, { seed: 2 }).map((run) => ({
			...run,
			age_seconds: run.age_seconds + 10_000,
		}));
		const changed = entryOf(learn([...now, ...before]).entries);
		expect(changed).toMatchObject({ drift: true, samples: 15 });
		expect(changed.time_factor).toBeCloseTo(1.4, 1);
		expect(changed.source).toContain('times changed');
		expect(entryOf(learn(runsAround(14, 55)).entries).drift).toBe(false);
	});

	it('gives what the router needs: its 95 % and 50 % estimates are the learned ones', () => {
		const entries = learn(runsAround(52, 60, { sigma: 0.1, model_name: 'b', steps: 30 })).entries;
		const fleet = { servers: [{ name: 'one', reachable: true, loaded_model: 'b', queue: [] }] };
		const selection = new ModelRouter(catalog).select(
			{ purpose: 'photo', model_name: 'b', deadline_seconds: 600 },
			{
				servers: fleet.servers.map((server) => ({
					...server,
					url: 'http://one:8188',
					installed_files: null,
					devices: [
						{
							name: 'g',
							type: 'cuda',
							vram_total: 48e9,
							vram_free: 48e9,
							torch_vram_total: 0,
							torch_vram_free: 0,
						},
					],
				})),
			},
			{ nowMs: 0, calibration: entries },
		);
		if (selection.decision !== 'selected') throw new Error(selection.selection_reason);
		const { p50_seconds: p50, p95_seconds: p95 } = selection.estimate;
		expect(p50).toBeGreaterThan(50);
		expect(p50).toBeLessThan(54);
		expect(Math.log(p95 / p50) / 1.645).toBeGreaterThan(0.08);
		expect(Math.log(p95 / p50) / 1.645).toBeLessThan(0.13);
	});

	it('reports models it does not know and rows that measured nothing', () => {
		const { leftOut } = learn([
			seen({ model_name: 'gone' }),
			seen({ preset: 'renamed' }),
			seen({ run_seconds: null }),
			seen({ status: 'error' }),
		]);
		expect(leftOut).toEqual({ cached: 0, unknown_model: 1, nothing_measured: 3 });
	});
});

describe('learning loads', () => {
	it('reads them from cold runs that hold them, and keeps them out of the run', () => {
		const cold = runsAround(22, 10, { cold: true, load_seconds: null, sigma: 0.02, seed: 4 });
		const entry = entryOf(learn([...runsAround(10, 20), ...cold]).entries);
		expect(entry.time_factor).toBeCloseTo(1, 1);
		// 22 s less 10 s, against 8 s
		expect(entry.load_factor).toBeGreaterThan(1.35);
		expect(entry.load_factor).toBeLessThan(1.6);
		expect(entry.load_samples).toBe(10);
	});

	it('takes a load that was measured apart as it is', () => {
		const cold = runsAround(10, 20, { cold: true, load_seconds: 4 });
		const entry = entryOf(learn(cold).entries);
		expect(entry.load_factor).toBeCloseTo(0.52, 1);
		expect(entry).toMatchObject({ samples: 20, load_samples: 20 });
	});

	it('sees a model that never ran warm as slow in both', () => {
		const cold = runsAround(36, 20, { cold: true, load_seconds: null });
		const entry = entryOf(learn(cold).entries);
		expect(entry.time_factor).toBeGreaterThan(1.8);
	});
});

describe('learning memory', () => {
	const peak = (gb: number, overrides: Partial<RunObservation> = {}): RunObservation =>
		seen({ vram_peak_bytes: gb * 1e9, ...overrides });

	it('believes a peak above the prediction at once, one below it slowly', () => {
		expect(entryOf(learn([peak(15.4)]).entries).vram_factor).toBeCloseTo(1.1, 3);
		const lower = (n: number): number =>
			entryOf(learn(Array.from({ length: n }, () => peak(11.2))).entries).vram_factor;
		expect(lower(1)).toBeGreaterThan(0.9);
		expect(lower(40)).toBeCloseTo(0.8, 1);
		expect(lower(40)).toBeLessThan(lower(10));
	});

	it('is raised by running out of memory, above what was there', () => {
		const oom = peak(16, { status: 'oom', run_seconds: 2 });
		const { entries } = learn([...Array.from({ length: 30 }, () => peak(13)), oom]);
		expect(entryOf(entries).vram_factor).toBeGreaterThan(16 / 14);
		const unknown = learn([seen({ status: 'oom', run_seconds: null })]).entries;
		expect(entryOf(unknown)).toMatchObject({ samples: 0, time_factor: 1, vram_factor: 1.1 });
	});

	it('is the upper quantile of what was seen, not the mean', () => {
		const runs = Array.from({ length: 100 }, (_, i) => peak(i % 10 === 0 ? 15.4 : 14));
		expect(entryOf(learn(runs).entries).vram_factor).toBeCloseTo(1.1, 2);
	});
});
