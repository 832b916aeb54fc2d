/** The choice for a budget and a deadline: slots and ways, then balance. Owns the order of the two; places no job. */
import { balance } from './balance';
import { type Budget, chooseSlots, type SlotChoice } from './open-slots';
import { type BatchProblem, type Counts, totalsOf, type Totals } from './problem';

export interface BatchChoice {
	counts: Counts;
	totals: Totals;
	/** Highest quality, or least cost, that any choice could have. */
	bound: number;
	exact: boolean;
}

/** @returns null where no choice was found within the budget */
export function chooseWays(
	problem: BatchProblem,
	budget: Budget,
	deadlineSeconds: number,
): BatchChoice | null {
	const choice = chooseSlots(problem, budget);
	if (choice === null) return null;
	const first = balanced(problem, choice, budget, deadlineSeconds);
	if (lastOf(first.totals) <= deadlineSeconds + 1e-6) return first;
	const others = dearerSeconds(problem, choice, budget, deadlineSeconds);
	return others.reduce((a, b) => (isBetter(b, a, budget, deadlineSeconds) ? b : a), first);
}

/** Prices put on time, as multiples of the typical money per second: a slow way then looks as dear as it is. */
const TIME_PRICES = [0.25, 1, 4, 20];

/** Starts that know time is short: runs are chosen as if their seconds cost more. */
function dearerSeconds(
	problem: BatchProblem,
	plain: SlotChoice,
	budget: Budget,
	deadlineSeconds: number,
): BatchChoice[] {
	const totals = totalsOf(problem, plain.counts);
	const seconds = totals.finishSeconds.reduce((sum, one) => sum + one, 0);
	const rate = seconds > 0 ? totals.cost / seconds : 0;
	const found: BatchChoice[] = [];
	for (const factor of TIME_PRICES) {
		const classes = problem.classes.map(({ count, ways }) => ({
			count,
			ways: ways.map((way) => ({ ...way, cost: way.cost + factor * rate * way.seconds })),
		}));
		const choice = chooseSlots({ ...problem, classes }, null);
		if (choice === null) continue;
		const start = { ...plain, counts: choice.counts, exact: false };
		if (budget !== null && totalsOf(problem, start.counts).cost > budget) continue;
		found.push(balanced(problem, start, budget, deadlineSeconds));
	}
	return found;
}

function balanced(
	problem: BatchProblem,
	choice: SlotChoice,
	budget: Budget,
	deadlineSeconds: number,
): BatchChoice {
	const { price, bound } = choice;
	const counts = balance(problem, choice.counts, { deadlineSeconds, budget, price });
	const totals = totalsOf(problem, counts);
	const before = totalsOf(problem, choice.counts);
	const kept =
		budget === null
			? totals.cost <= before.cost * (1 + 1e-12)
			: totals.quality >= before.quality * (1 - 1e-12);
	return { counts, totals, bound, exact: choice.exact && kept };
}

/** When the last server is done, seconds. */
export function lastOf(totals: Totals): number {
	return Math.max(0, ...totals.finishSeconds);
}

/** In time first (or nearest to it), then the goal. */
function isBetter(a: BatchChoice, b: BatchChoice, budget: Budget, deadline: number): boolean {
	const lateA = Math.max(0, lastOf(a.totals) - deadline - 1e-6);
	const lateB = Math.max(0, lastOf(b.totals) - deadline - 1e-6);
	if (lateA !== lateB) return lateA < lateB;
	if (budget === null) return a.totals.cost < b.totals.cost;
	return a.totals.quality > b.totals.quality;
}
