/** Sets of loads near a choice's, against every choice there is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { lateness, objectiveOf } from '../../../lib/optimizer/limits';
import { promisingSets } from '../../../lib/optimizer/load-sets';
import { type BatchProblem, totalsOf, type Totals } from '../../../lib/optimizer/problem';
import { choices, part, problems } from './small-problems';

/** Slots with a load that a choice uses, as text. */
const loadsOf = ({ slots }: BatchProblem, open: (slot: number) => boolean): string =>
	slots.map(({ loadSeconds }, slot) => (loadSeconds > 0 && open(slot) ? 'x' : '-')).join('');

const distance = (a: string, b: string): number =>
	[...a].filter((mark, slot) => mark !== b[slot]).length;

describe('promising sets of loads', () => {
	const prices = fc.record({
		seconds: fc.array(part(0, 2), { minLength: 2, maxLength: 2 }),
		money: part(0, 2),
	});

	it('are bounded truly, hold every job, and leave out no better one that is one load away', () => {
		let better = 0;
		const rich = fc.option(part(1, 2));
		fc.assert(
			fc.property(problems, part(0.5, 1.3), rich, prices, (problem, tight, more, start) => {
				const all = [...choices(problem)].map((counts) => totalsOf(problem, counts));
				const least = Math.min(...all.map(({ cost }) => cost));
				const deadlineSeconds = tight * Math.max(...all.map(({ lastSeconds }) => lastSeconds));
				const limits = { budget: more === null ? null : more * least, deadlineSeconds };
				const within = all.filter(
					(one) => lateness(one, limits) === 0 && one.cost <= (limits.budget ?? Infinity) - 1e-9,
				);
				const now = within[0];
				if (now === undefined) return;
				const usedBy = ({ used }: Totals) => loadsOf(problem, (slot) => (used[slot] ?? 0) > 0);
				const known = objectiveOf(now, limits);
				const at = more === null ? { ...start, money: 0 } : start;
				const sets = promisingSets(problem, limits, at, now.used, known);
				const found = new Map(
					sets.map((set) => [loadsOf(problem, (slot) => set.open[slot] === true), set]),
				);
				for (const { counts } of sets) {
					expect(counts.map((row) => row.reduce((sum, jobs) => sum + jobs, 0))).toEqual(
						problem.classes.map(({ count }) => count),
					);
				}
				for (const one of within) {
					const objective = objectiveOf(one, limits);
					const own = found.get(usedBy(one));
					if (own !== undefined) expect(own.least).toBeLessThanOrEqual(objective + 1e-6);
					const near = distance(usedBy(one), usedBy(now)) <= 1;
					if (!near || objective >= known - 1e-6) continue;
					better++;
					expect(own).toBeDefined();
				}
			}),
			{ numRuns: 200 },
		);
		// the property is about something
		expect(better).toBeGreaterThan(100);
	});
});
