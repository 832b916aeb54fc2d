import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type CostGroup, type CostHistory, costReport } from '../../../lib/cost-report';

function group(more: Partial<CostGroup> = {}): CostGroup {
	const runs = more.runs ?? 10;
	const estimated = more.estimated ?? 10;
	const actual = more.actual ?? estimated;
	return {
		...{ week: '2026-01-05', model_name: 'a', preset: 'full', server: 'gpu', unit: 'money' },
		...{ runs, failed: 0, without_cost: 0, compared: runs, estimated, actual },
		log_ratio: runs * Math.log(actual / estimated),
		...{ failed_cost: 0, gpu_seconds: 100 * runs, cost: actual },
		...more,
	};
}

function report(groups: CostGroup[], more: Partial<CostHistory> = {}) {
	return costReport({ groups, jobs: [], watched: [], ...more });
}

describe('a cost report', () => {
	it('adds up by unit, model and week, and says by how much estimates are off', () => {
		const found = report([
			group({ actual: 12 }),
			group({ week: '2026-01-12', actual: 14, failed: 2, failed_cost: 1, without_cost: 1 }),
			group({ model_name: 'b', estimated: 30, actual: 24 }),
		]);
		expect(found.totals).toMatchObject([
			{ unit: 'money', runs: 30, failed: 2, failed_cost: 1, without_cost: 1, bias: 0 },
		]);
		expect(found.models.map((row) => [row.model_name, row.estimated, row.actual])).toEqual([
			['a', 20, 26],
			['b', 30, 24],
		]);
		expect(found.models[0]?.bias).toBeCloseTo(0.3, 9);
		// 2 too little and 6 too much are no 4
		expect(found.weeks[0]).toMatchObject({ week: '2026-01-05', error: 8 / 40 });
		expect(found.weeks[0]?.bias).toBeCloseTo(-0.1, 9);
	});

	it('keeps GPU seconds apart from money, and runs without a cost with whichever there is', () => {
		const seconds = group({ unit: 'gpu_seconds' });
		const none = group({ compared: 0, estimated: 0, actual: 0, cost: 0, log_ratio: 0 });
		expect(report([seconds, none]).totals).toMatchObject([{ unit: 'gpu_seconds', runs: 20 }]);
		expect(report([seconds, group()]).totals.map(({ unit }) => unit)).toEqual([
			'money',
			'gpu_seconds',
		]);
	});

	it('corrects a week by the weeks before it alone, the less the fewer runs there were', () => {
		const weeks = ['2026-01-05', '2026-01-12', '2026-01-19'].map((week) =>
			group({ week, actual: 20 }),
		);
		const found = report(weeks);
		expect(found.weeks.map(({ calibrated_error }) => calibrated_error === null)).toEqual([
			true,
			false,
			false,
		]);
		const [, second, third] = found.weeks.map(({ calibrated_error }) => calibrated_error ?? 1);
		expect(second).toBeCloseTo(2 - 2 ** (10 / 15), 9);
		expect(third).toBeCloseTo(2 - 2 ** (20 / 25), 9);
		expect(found.calibration).toMatchObject([{ unit: 'money', compared: 20, error: 1 }]);
		expect(found.calibration[0]?.reduction).toBeGreaterThan(0.6);
	});

	it('learns nothing from another preset or server', () => {
		const other = group({ actual: 20, preset: 'fast' });
		expect(report([other, group({ week: '2026-01-12', actual: 20 })]).calibration).toEqual([]);
	});

	it('charges idle time at the price of the newest runs, and nothing where no price is known', () => {
		const watched = ['gpu', 'new'].map((server) => ({
			...{ server, watched_seconds: 7200, idle_seconds: 5400, unreachable_seconds: 0 },
		}));
		const groups = [
			group({ cost: 1 }),
			group({ week: '2026-01-12', cost: 2, gpu_seconds: 7200, runs: 1 }),
		];
		expect(report(groups, { watched }).idle).toMatchObject([
			{ server: 'gpu', busy_seconds: 8200, price_per_hour: 1, idle_cost: 1.5 },
			{ server: 'new', busy_seconds: 0, price_per_hour: null, idle_cost: null },
		]);
	});

	it('takes nothing off an estimate that was right, and finds a constant bias whatever it is', () => {
		const factor = fc.integer({ min: 30, max: 300 }).map((percent) => percent / 100);
		fc.assert(
			fc.property(factor, fc.integer({ min: 1, max: 50 }), (bias, runs) => {
				const weeks = ['2026-01-05', '2026-01-12', '2026-01-19'].map((week) =>
					group({ week, runs, actual: 10 * bias }),
				);
				const [effect] = report(weeks).calibration;
				expect(effect?.error).toBeCloseTo(Math.abs(bias - 1), 9);
				expect(effect?.calibrated_error).toBeLessThanOrEqual(Math.abs(bias - 1) + 1e-9);
			}),
			{ seed: 1 },
		);
	});
});
