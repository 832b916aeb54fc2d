import { describe, expect, it } from 'vitest';

import { metricsOf, percentile, starvedCount } from '../../../simulator/replay/metrics';
import { policyNamed } from '../../../simulator/replay/policies';
import type { PolicyDefinition } from '../../../simulator/replay/types';
import { fleet, photo, run, scripted, server, truth } from './lab';

describe('metrics of a replay', () => {
	it('are what can be worked out by hand', () => {
		// big 0-14 s on time; small 14-17 s late (due 16); refused; small 17-19 s on time
		const result = run({
			trace: [photo(0), photo(1, { deadlineSeconds: 15 }), photo(2), photo(4)],
			policy: scripted({ model: 'big' }, { model: 'small' }, null, { model: 'small' }),
		});
		expect(metricsOf(result)).toEqual({
			policy: 'scripted',
			jobs: 4,
			on_time_ratio: 0.5,
			mean_quality_on_time: 0.75,
			effective_quality: 0.375,
			cost_total: 19,
			cost_per_on_time_image: 9.5,
			swaps_per_hour: (2 * 3600) / 19,
			oom_count: 0,
			rejected: 1,
			wait_seconds: { p50: 13, p95: 13, p99: 13, max: 13 },
			gpu_busy_ratio: 1,
		});
	});

	it('count a job that ends exactly at its deadline as on time', () => {
		const trace = [photo(0, { deadlineSeconds: 3 })];
		expect(metricsOf(run({ trace, policy: scripted({ model: 'small' }) })).on_time_ratio).toBe(1);
	});

	it('use GPU seconds as cost where no server has a price', () => {
		const result = run({
			fleet: fleet(server('one', { hourly_cost: null })),
			trace: [photo(0)],
			policy: scripted({ model: 'small' }),
		});
		expect(metricsOf(result).cost_total).toBe(3);
	});

	it('charge memory failures and count them', () => {
		const result = run({
			trace: [photo(0)],
			truth: truth({ vram_factor: { big: 2 } }),
			policy: scripted({ model: 'big' }, { model: 'small' }),
		});
		const metrics = metricsOf(result);
		expect(metrics.oom_count).toBe(1);
		expect(metrics.cost_total).toBeCloseTo(7.5);
	});

	it('have no mean where nothing was on time', () => {
		const metrics = metricsOf(run({ trace: [photo(0)], policy: scripted(null) }));
		expect(metrics).toMatchObject({
			on_time_ratio: 0,
			mean_quality_on_time: null,
			cost_per_on_time_image: null,
			effective_quality: 0,
			gpu_busy_ratio: 0,
		});
	});

	it('take percentiles by nearest rank', () => {
		const values = Array.from({ length: 100 }, (_, i) => i + 1);
		expect([0.5, 0.95, 0.99, 1].map((share) => percentile(values, share))).toEqual([
			50, 95, 99, 100,
		]);
		expect(percentile([], 0.5)).toBe(0);
	});
});

describe('starving', () => {
	const trace = [photo(0), photo(1, { deadlineSeconds: 3 }), photo(13), photo(13)];

	it('is waiting beyond three spans while later jobs pass on the same server', () => {
		const policy = scripted(
			{ model: 'big' },
			{ model: 'small', number: 50 },
			{ model: 'small', number: 1 },
		);
		expect(starvedCount(run({ trace, policy }))).toBe(1);
	});

	it('is not waiting for memory that another process holds, unless less would have done', () => {
		// the big one of the second job goes last, after two small ones that begin while 10 of 24 GB are taken
		const starvedBy = (minQuality: number): number =>
			starvedCount(
				run({
					trace: [photo(0), photo(1, { deadlineSeconds: 3, minQuality }), photo(13), photo(13)],
					truth: truth({
						co_tenant: [{ server: 'one', at_seconds: 12, for_seconds: 6, bytes: 10e9 }],
					}),
					policy: scripted(
						{ model: 'big' },
						{ model: 'big', number: 50 },
						{ model: 'small', number: 1 },
						{ model: 'small', number: 2 },
					),
				}),
			);
		expect(starvedBy(0.9)).toBe(0);
		expect(starvedBy(0)).toBe(1);
	});

	it('is not what this package lets happen while a co-tenant keeps a job from running', () => {
		const late = policyNamed('router-late') as PolicyDefinition;
		const result = run({
			trace: [photo(2, { deadlineSeconds: 3, minQuality: 0.9 }), photo(20), photo(30), photo(58)],
			truth: truth({
				co_tenant: [{ server: 'one', at_seconds: 1, for_seconds: 58, bytes: 10e9 }],
			}),
			policy: late,
		});
		// the first begins when its memory is back and the server free; those before it ran in what was left
		const [first, ...others] = result.outcomes.map((outcome) => outcome.startedAtSeconds as number);
		expect(others[0]).toBe(20);
		expect(first).toBeGreaterThanOrEqual(59);
		expect(first).toBeLessThan(62);
		expect(starvedCount(result)).toBe(0);
	});

	it('is not waiting alone, however long', () => {
		const policy = scripted(
			{ model: 'big' },
			{ model: 'small', number: 1 },
			{ model: 'small', number: 2 },
		);
		expect(starvedCount(run({ trace, policy }))).toBe(0);
	});
});
