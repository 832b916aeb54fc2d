import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { chooseWays } from '../../../lib/optimizer/choose';
import { type BatchProblem, totalsOf } from '../../../lib/optimizer/problem';
import { choices, part, problems } from './small-problems';

describe('a choice within a deadline', () => {
	it('is the best there is for a small batch, and found wherever there is one', () => {
		fc.assert(
			fc.property(problems, part(0.1, 1.3), fc.option(part(1, 2)), (problem, tight, rich) => {
				const free = chooseWays(problem, null, Infinity);
				const deadline = tight * (free?.totals.lastSeconds ?? 0);
				const budget = rich === null ? null : rich * (free?.totals.cost ?? 0);
				const within = [...choices(problem)]
					.map((counts) => totalsOf(problem, counts))
					.filter((one) => one.lastSeconds <= deadline && one.cost <= (budget ?? Infinity) - 1e-9);
				const found = chooseWays(problem, budget, deadline);
				const value = within.map(({ cost, quality }) => (budget === null ? -cost : quality));
				if (value.length === 0) return;
				expect(found?.totals.lastSeconds).toBeLessThanOrEqual(deadline + 1e-6);
				const best = Math.max(...value);
				const { cost = 0, quality = 0 } = found?.totals ?? {};
				const reached = budget === null ? -cost : quality;
				expect(reached).toBeGreaterThanOrEqual(best - 1e-6);
				const bound = budget === null ? -(found?.bound ?? 0) : (found?.bound ?? 0);
				expect(bound).toBeGreaterThanOrEqual(best - 1e-6);
			}),
			{ numRuns: 150, seed: 11 },
		);
	});

	it('ends as early as can be where the deadline cannot hold', () => {
		fc.assert(
			fc.property(problems, (problem) => {
				const ends = [...choices(problem)].map((counts) => totalsOf(problem, counts).lastSeconds);
				const earliest = Math.min(...ends);
				const found = chooseWays(problem, null, earliest * 0.7);
				expect(found?.totals.lastSeconds).toBeLessThanOrEqual(earliest * 1.01 + 1e-6);
			}),
			{ numRuns: 80, seed: 12 },
		);
	});

	it('does not count a server that is busy and does nothing for the batch', () => {
		const way = { cost: 1, quality: 1, seconds: 1, slot: 0 };
		const problem: BatchProblem = {
			waitSeconds: [0, 900],
			slots: [
				{ server: 0, charge: 0, loadSeconds: 0 },
				{ server: 1, charge: 0, loadSeconds: 0 },
			],
			classes: [{ count: 5, ways: [way, { ...way, cost: 0.1, slot: 1 }] }],
		};
		expect(chooseWays(problem, null, 10)).toMatchObject({
			counts: [[5, 0]],
			totals: { lastSeconds: 5 },
			exact: true,
		});
	});

	it('holds for many jobs as well, near to its own bound', () => {
		const slots = [0, 1, 2].map((server) => ({ server, charge: 5, loadSeconds: 5 }));
		const prices = [1, 1.4, 2.5];
		const ways = prices.map((price, slot) => ({ cost: price, quality: 1, seconds: 1, slot }));
		const problem: BatchProblem = {
			waitSeconds: [0, 0, 0],
			slots,
			classes: [1, 2, 3].map((size) => ({
				count: 400,
				ways: ways.map((way) => ({ ...way, cost: size * way.cost, seconds: size })),
			})),
		};
		const found = chooseWays(problem, null, 1000);
		expect(found?.totals.lastSeconds).toBeLessThanOrEqual(1000 + 1e-6);
		// 2400 s of work: the two cheaper servers are full, the dearest does the 410 s that are left
		const best = 995 * (1 + 1.4) + 410 * 2.5 + 3 * 5;
		expect(found?.totals.cost).toBeGreaterThanOrEqual(best - 1e-6);
		expect(found?.totals.cost).toBeLessThan(best * 1.001);
		expect(found?.bound).toBeLessThanOrEqual(best + 1e-6);
		expect(found?.bound).toBeGreaterThan(best * 0.99);
	});
});
