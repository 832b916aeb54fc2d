import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { batches, planFor } from './batches';

const TINY = 1e-9;
const runs = { numRuns: 80, seed: 20260101 };

const share = fc.integer({ min: 0, max: 200 }).map((value) => value / 100);
const discounts = fc.array(
	fc.integer({ min: 10, max: 100 }).map((percent) => percent / 100),
	{ minLength: 3, maxLength: 3 },
);

describe('a batch plan', () => {
	it('assigns every request once or refuses it with a reason', () => {
		fc.assert(
			fc.property(batches(true), share, (batch, factor) => {
				const budget = 2 * factor * planFor(batch).totals.cost;
				const plan = planFor(batch, factor > 1 ? {} : { budget });
				const assigned = plan.servers.flatMap(({ assignments }) => assignments);
				const indices = [...assigned, ...plan.refused].map(({ index }) => index);
				expect(indices.sort((a, b) => a - b)).toEqual(batch.jobs.map((_, index) => index));
				for (const { message, hint } of plan.refused) {
					expect(Math.min(message.length, hint.length)).toBeGreaterThan(10);
				}
			}),
			runs,
		);
	});

	it('never goes over the budget, deadlines or not', () => {
		fc.assert(
			fc.property(batches(true), share, share, (batch, factor, tight) => {
				const free = planFor(batch);
				const budget = factor * free.totals.cost;
				const deadlineSeconds = tight * free.totals.finish_seconds;
				const plan = planFor(batch, { budget, ...(tight > 1 ? {} : { deadlineSeconds }) });
				expect(plan.totals.cost).toBeLessThanOrEqual(budget * (1 + TINY));
			}),
			runs,
		);
	});

	it('never goes under a floor', () => {
		fc.assert(
			fc.property(batches(true), share, (batch, factor) => {
				const budget = factor * planFor(batch).totals.cost;
				for (const { assignments } of planFor(batch, { budget }).servers) {
					for (const { index, quality } of assignments) {
						expect(quality).toBeGreaterThanOrEqual((batch.jobs[index]?.floor ?? 1) - TINY);
					}
				}
			}),
			runs,
		);
	});

	it('costs no more at the same floors when prices fall', () => {
		fc.assert(
			fc.property(batches(false), discounts, (batch, factors) => {
				const before = planFor(batch).totals.cost;
				const after = planFor(batch, {}, factors).totals.cost;
				expect(after).toBeLessThanOrEqual(before * (1 + TINY));
			}),
			runs,
		);
	});

	it('has no less quality within the same budget when prices fall', () => {
		fc.assert(
			fc.property(batches(false), discounts, share, (batch, factors, factor) => {
				const budget = (1 + factor) * planFor(batch).totals.cost;
				const before = planFor(batch, { budget });
				const after = planFor(batch, { budget }, factors);
				expect(after.totals.quality).toBeGreaterThanOrEqual(before.totals.quality - TINY);
			}),
			runs,
		);
	});

	it('is the same for the same arguments', () => {
		fc.assert(
			fc.property(batches(true), (batch) => {
				const options = { deadlineSeconds: 100, frontierPoints: 4 };
				expect(planFor(batch, options)).toEqual(planFor(batch, options));
			}),
			{ ...runs, numRuns: 50 },
		);
	});

	it('lets no two runs of a server overlap and loads a model only where it is not resident', () => {
		fc.assert(
			fc.property(batches(true), (batch) => {
				planFor(batch).servers.forEach(({ assignments }, server) => {
					let clock = 0;
					let warm = `model-${batch.servers[server]?.warm}`;
					for (const one of assignments) {
						expect(one.start_seconds).toBeCloseTo(clock, 6);
						expect(one.load_seconds > 0).toBe(one.model_name !== warm);
						clock = one.start_seconds + one.load_seconds + one.run_seconds;
						expect(one.finish_seconds).toBeCloseTo(clock, 6);
						warm = one.model_name;
					}
				});
			}),
			runs,
		);
	});
});
