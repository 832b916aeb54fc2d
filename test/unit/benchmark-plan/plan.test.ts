import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { planBenchmark } from '../../../lib/benchmark-plan';
import type { FleetServer } from '../../../lib/fleet/types';
import { catalogOf, presetOf } from '../../support/selections';

const GB = 1e9;

function model(name: string, rest: Record<string, unknown> = {}): Record<string, unknown> {
	return {
		name,
		family: 'sdxl',
		files: { checkpoint: `${name}.safetensors` },
		min_width: 512,
		max_width: 2048,
		min_height: 512,
		max_height: 2048,
		vram_gb: 7,
		vram_peak_gb: 10,
		load_seconds: 20,
		presets: [presetOf('full'), presetOf('fast', { steps: 8, avg_time_seconds: 4 })],
		...rest,
	};
}

function server(files: string[] | null, rest: Partial<FleetServer> = {}): FleetServer {
	return {
		name: 'gpu-a',
		reachable: true,
		devices: [
			{
				type: 'cuda',
				vram_total: 24 * GB,
				vram_free: 23 * GB,
				torch_vram_total: 0,
				torch_vram_free: 0,
			},
		],
		queue: [],
		loaded_model: null,
		installed_files: files,
		...rest,
	};
}

const both = ['a.safetensors', 'b.safetensors'];

describe('a benchmark plan', () => {
	it('loads each model once, cold, and measures each preset warm at its reference', () => {
		const plan = planBenchmark(catalogOf([model('a'), model('b')]), server(both), { repeats: 2 });
		expect(plan.runs.map((run) => `${run.model_name} ${run.preset} ${run.kind}`)).toEqual([
			'a full cold',
			'a full warm',
			'a full warm',
			'a fast warm',
			'a fast warm',
			'b full cold',
			'b full warm',
			'b full warm',
			'b fast warm',
			'b fast warm',
		]);
		expect(plan.runs.every((run) => run.at_reference && run.width === 1024)).toBe(true);
		expect(plan.skipped).toEqual([]);
	});

	it('estimates loads, runs and the speed of the server', () => {
		const catalog = catalogOf([model('a', { presets: [presetOf('full')] })]);
		const plain = planBenchmark(catalog, server(both), { repeats: 1 });
		// 20 s load, 2 x 10 s run, and what surrounds them
		expect(plain.estimated_seconds).toBeGreaterThan(40);
		expect(plain.estimated_seconds).toBeLessThan(50);
		const fast = planBenchmark(catalog, server(both, { speed_factor: 2 }), { repeats: 1 });
		expect(plain.estimated_seconds - fast.estimated_seconds).toBeCloseTo(10);
	});

	it('loads without measuring it where loads are not asked for', () => {
		const plan = planBenchmark(catalogOf([model('a')]), server(both), { repeats: 1, cold: false });
		expect(plan.runs.map(({ kind }) => kind)).toEqual(['first', 'warm', 'warm']);
	});

	it('leaves out what is measured already, unless all is asked for', () => {
		const measured = presetOf('full', { confidence: 'measured' });
		const catalog = catalogOf([model('a', { presets: [measured, presetOf('fast')] })]);
		const missing = planBenchmark(catalog, server(both));
		expect(new Set(missing.runs.map(({ preset }) => preset))).toEqual(new Set(['fast']));
		expect(missing.skipped).toMatchObject([{ preset: 'full', reason: 'measured already' }]);
		const all = planBenchmark(catalog, server(both), { scope: 'all' });
		expect(new Set(all.runs.map(({ preset }) => preset))).toEqual(new Set(['full', 'fast']));
	});

	it.each<[string, Record<string, unknown>, FleetServer, RegExp]>([
		['disabled', { enabled: false }, server(both), /disabled/],
		['not installed', {}, server([]), /lacks "a\.safetensors"/],
		['of a family without a workflow', { family: 'wan' }, server(both), /no built-in workflow/],
		['with a workflow of its own', { workflow: 'mine.json' }, server(both), /workflow of its own/],
		['for images only', { inputs: ['image'] }, server(both), /needs an input image/],
		['larger than the memory', { vram_peak_gb: 30 }, server(both), /needs 30\.0 GB of VRAM/],
	])('names a model that is %s with the reason', (_what, entry, on, reason) => {
		const plan = planBenchmark(catalogOf([model('a', entry)]), on);
		expect(plan.runs).toEqual([]);
		expect(plan.skipped[0]).toMatchObject({
			model_name: 'a',
			reason: expect.stringMatching(reason),
		});
		expect(plan.estimated_seconds).toBe(0);
	});

	it('measures more sizes in the shape of the reference, where the model takes them', () => {
		const catalog = catalogOf([model('a', { presets: [presetOf('full')] })]);
		const plan = planBenchmark(catalog, server(both), { megapixels: [0.5, 1, 16], repeats: 1 });
		const sizes = [...new Set(plan.runs.map(({ width, height }) => `${width}x${height}`))];
		expect(sizes).toEqual(['1024x1024', '704x704']);
		expect(plan.skipped).toMatchObject([{ size: '4032x4032' }]);
	});

	it('takes the references of all models before more sizes of one', () => {
		const one = { presets: [presetOf('full')] };
		const plan = planBenchmark(catalogOf([model('a', one), model('b', one)]), server(both), {
			megapixels: [0.5],
			repeats: 1,
			maxRuns: 5,
		});
		expect(plan.runs.map((run) => `${run.model_name} ${run.width} ${run.kind}`)).toEqual([
			'a 1024 cold',
			'a 1024 warm',
			'a 704 warm',
			'b 1024 cold',
			'b 1024 warm',
		]);
		expect(plan.skipped).toMatchObject(
			[{ model_name: 'b', size: '704x704', reason: /5 runs/ }].map((one_) => ({
				...one_,
				reason: expect.stringMatching(one_.reason),
			})),
		);
	});

	it('names every fault of the wishes at once', () => {
		const wrong = { models: ['aa'], presets: ['fulll'] };
		expect(() => planBenchmark(catalogOf([model('a')]), server(both), wrong)).toThrow(
			/2 problems.*"aa".*"fulll"/,
		);
		expect(() =>
			planBenchmark(catalogOf([model('a')]), server(both), { repeats: 0, megapixels: [NaN] }),
		).toThrow(/2 problems/);
	});

	it('never exceeds its bounds, and never drops a preset and size without a word', () => {
		const bounds = fc.record({
			repeats: fc.integer({ min: 1, max: 10 }),
			maxRuns: fc.integer({ min: 1, max: 60 }),
			maxSeconds: fc.integer({ min: 1, max: 600 }),
			cold: fc.boolean(),
			megapixels: fc.array(fc.double({ min: 0.1, max: 8, noNaN: true }), { maxLength: 3 }),
		});
		const catalog = catalogOf([model('a'), model('b')]);
		fc.assert(
			fc.property(bounds, (wishes) => {
				const plan = planBenchmark(catalog, server(both), wishes);
				expect(plan.runs.length).toBeLessThanOrEqual(wishes.maxRuns);
				expect(plan.estimated_seconds).toBeLessThanOrEqual(wishes.maxSeconds + 1e-9);
				for (const name of ['a', 'b']) {
					const own = plan.runs.filter((run) => run.model_name === name);
					expect(own.filter(({ kind }) => kind !== 'warm').length).toBe(own.length > 0 ? 1 : 0);
					if (own.length > 0) expect(own[0]?.kind).not.toBe('warm');
					const told = [...own, ...plan.skipped.filter((one) => one.model_name === name)];
					expect(new Set(told.map(({ preset }) => preset))).toEqual(new Set(['full', 'fast']));
				}
			}),
		);
	});
});
