/** Batches so small that every choice can be tried, and the choices. */
import fc from 'fast-check';

import type { BatchProblem } from '../../../lib/optimizer/problem';

export const part = (min: number, max: number): fc.Arbitrary<number> =>
	fc.integer({ min: min * 100, max: max * 100 }).map((value) => value / 100);

/** Two servers, two models on each, up to four jobs in classes. */
export const problems: fc.Arbitrary<BatchProblem> = fc
	.record({
		loads: fc.array(part(0, 30), { minLength: 4, maxLength: 4 }),
		prices: fc.array(part(0.1, 3), { minLength: 2, maxLength: 2 }),
		waits: fc.array(fc.constantFrom(0, 0, 20, 500), { minLength: 2, maxLength: 2 }),
		classes: fc.array(
			fc.record({
				count: fc.integer({ min: 1, max: 2 }),
				ways: fc.array(
					fc.record({
						slot: fc.integer({ min: 0, max: 3 }),
						seconds: part(1, 40),
						quality: part(0.1, 1),
					}),
					{ minLength: 1, maxLength: 4 },
				),
			}),
			{ minLength: 1, maxLength: 3 },
		),
	})
	.map(({ loads, prices, waits, classes }) => {
		const priceOf = (slot: number): number => prices[slot >> 1] ?? 1;
		return {
			waitSeconds: waits,
			slots: loads.map((loadSeconds, slot) => ({
				server: slot >> 1,
				loadSeconds,
				charge: loadSeconds * priceOf(slot),
			})),
			classes: classes.map(({ count, ways }) => ({
				count,
				ways: ways.map((way) => ({ ...way, cost: way.seconds * priceOf(way.slot) })),
			})),
		};
	});

/** Every choice there is. */
export function* choices(problem: BatchProblem, k = 0): Generator<number[][]> {
	const jobs = problem.classes[k];
	if (jobs === undefined) {
		yield [];
		return;
	}
	for (const row of splits(jobs.count, jobs.ways.length)) {
		for (const rest of choices(problem, k + 1)) yield [row, ...rest];
	}
}

function splits(count: number, ways: number): number[][] {
	if (ways === 1) return [[count]];
	const found: number[][] = [];
	for (let own = 0; own <= count; own++) {
		for (const rest of splits(count - own, ways - 1)) found.push([own, ...rest]);
	}
	return found;
}
