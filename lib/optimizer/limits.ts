/** What a choice has to keep to, and how two choices compare. Owns the tolerances of both. */
import type { Totals } from './problem';

export interface Limits {
	/** Money for runs and loads, or null: least cost is wanted. */
	budget: number | null;
	/** Seconds from now, Infinity for none. */
	deadlineSeconds: number;
}

/** Money that rounding may hide, as a share of the budget. */
const ROUNDING = 1e-12;
/** Seconds that rounding may hide. */
export const GRAIN_SECONDS = 1e-9;

export function moneyOf({ budget }: Limits): number {
	return budget === null ? Infinity : budget * (1 - ROUNDING);
}

/** Least is best: cost, or quality missing. */
export function objectiveOf({ cost, quality }: Totals, { budget }: Limits): number {
	return budget === null ? cost : -quality;
}

/** Seconds past the deadline, 0 where it holds. */
export function lateness({ lastSeconds }: Totals, { deadlineSeconds }: Limits): number {
	const late = lastSeconds - deadlineSeconds;
	return late > GRAIN_SECONDS ? late : 0;
}

/** Differences this small are ties. */
export function nearZero(value: number): number {
	return 1e-12 * Math.max(1e-6, Math.abs(value));
}

/** Within the budget, then in time first (or nearest to it), then the goal. */
export function isBetter(a: Totals, b: Totals, limits: Limits): boolean {
	if (a.cost > moneyOf(limits)) return false;
	const lateA = lateness(a, limits);
	const lateB = lateness(b, limits);
	if (Math.abs(lateA - lateB) > GRAIN_SECONDS) return lateA < lateB;
	const goal = objectiveOf(b, limits);
	return objectiveOf(a, limits) < goal - nearZero(goal);
}
