/**
 * Which of the candidates is best, by urgency policy. Owns the order; knows no filters.
 *
 * With a price of GPU seconds of zero (idle fleet, no known demand):
 * - most_certain: within 0.02 of the highest P(on time): best quality, then earliest finish.
 * - best_quality: of those that reach the target: best quality, then cheapest.
 * - cheapest: of those that reach the target: cheapest, then best quality.
 * With a price, quality is replaced by quality - price x GPU seconds, so that under load each job pays for what it
 * takes from the others. The set that may be chosen does not depend on the price, therefore a higher price never
 * takes more GPU seconds.
 */
import type { Policy } from '../catalog/schema';
import { type CandidateTable, compareNames, type Figures } from './candidate';

/** Candidates this close to the highest P(on time) count as equally certain. */
export const CERTAINTY_BAND = 0.02;

/** Where even the most certain candidate is below this, all are hopeless and the earliest finish is the best late one. */
const HOPELESS = 0.02;

export type Rule = Policy | 'earliest';

export interface Choice {
	row: number;
	/** The rule that decided: the policy's own, or the fallback where nothing reaches its probability. */
	rule: Rule;
	/** P(on time) a candidate had to have. */
	threshold: number;
	/** How many had it. */
	eligible: number;
	/** Highest P(on time) of all. */
	highest: number;
	/** Set where the row was taken to learn about it: with this probability. */
	explored?: number;
	/** Negative where the first row is better. A total order. */
	compare: (a: number, b: number) => number;
}

/**
 * @param target P(on time) that `best_quality` and `cheapest` want, 0 to 1
 * @param price quality that a GPU second must bring (per second), >= 0
 * @returns the choice, or null where there is no candidate
 */
export function choose(
	table: CandidateTable,
	figures: Figures,
	policy: Policy,
	target: number,
	price: number,
): Choice | null {
	if (table.count === 0) return null;
	let highest = 0;
	for (let row = 0; row < table.count; row++) highest = Math.max(highest, at(figures.onTime, row));
	const { rule, threshold } = ruleFor(policy, target, highest);
	const compare = comparator(table, figures, rule, threshold, price);
	let best = -1;
	let eligible = 0;
	for (let row = 0; row < table.count; row++) {
		if (at(figures.onTime, row) < threshold) continue;
		eligible++;
		if (best === -1 || compare(row, best) < 0) best = row;
	}
	return { row: best, rule, threshold, eligible, highest, compare };
}

function at(column: number[], row: number): number {
	return column[row] as number;
}

function ruleFor(
	policy: Policy,
	target: number,
	highest: number,
): { rule: Rule; threshold: number } {
	if (policy !== 'most_certain' && highest >= target) return { rule: policy, threshold: target };
	if (highest < HOPELESS) return { rule: 'earliest', threshold: 0 };
	return { rule: 'most_certain', threshold: highest - CERTAINTY_BAND - 1e-12 };
}

type Compare = (a: number, b: number) => number;

function comparator(
	table: CandidateTable,
	figures: Figures,
	rule: Rule,
	threshold: number,
	price: number,
): Compare {
	const { onTime, p50 } = figures;
	const byRule = ruleOrder(table, figures, rule, price);
	return (a, b) => {
		const eligibleA = at(onTime, a) >= threshold;
		const eligibleB = at(onTime, b) >= threshold;
		if (eligibleA !== eligibleB) return eligibleA ? -1 : 1;
		if (!eligibleA) {
			return at(onTime, b) - at(onTime, a) || at(p50, a) - at(p50, b) || compareNames(table, a, b);
		}
		return byRule(a, b) || compareNames(table, a, b);
	};
}

function ruleOrder(table: CandidateTable, figures: Figures, rule: Rule, price: number): Compare {
	const { p50, comparableCost: cost, gpuSeconds } = figures;
	const { quality } = table;
	// quality less what the GPU seconds are worth to others
	const net = (row: number): number => at(quality, row) - price * at(gpuSeconds, row);
	switch (rule) {
		case 'most_certain':
			return (a, b) => net(b) - net(a) || at(p50, a) - at(p50, b) || at(cost, a) - at(cost, b);
		case 'best_quality':
			return (a, b) => net(b) - net(a) || at(cost, a) - at(cost, b) || at(p50, a) - at(p50, b);
		case 'cheapest':
			return (a, b) =>
				at(cost, a) - at(cost, b) || at(quality, b) - at(quality, a) || at(p50, a) - at(p50, b);
		case 'earliest':
			return (a, b) =>
				at(p50, a) - at(p50, b) || at(quality, b) - at(quality, a) || at(cost, a) - at(cost, b);
	}
}
