/**
 * Which of the candidates is best, by urgency policy. Owns the order; knows no filters.
 *
 * On an idle fleet with no known demand, exactly:
 * - most_certain: within 0.02 of the highest P(on time): best quality, then earliest finish.
 * - best_quality: of those that reach the target: best quality, then cheapest.
 * - cheapest: of those that reach the target: cheapest, then best quality.
 * Under load, quality gives way to the score
 *     (quality + 0.5) x P(on time) - price x GPU seconds - what displacing the resident weights costs,
 * less 1.25 x the chances that jobs lose which it passes in a queue,
 * and memory that fits only if its prediction is exact is left alone where there is another choice. Nothing in it but
 * the price depends on demand, and on an idle fleet nothing counts that takes more GPU seconds than the exact choice:
 * so a higher price never takes more GPU seconds.
 */
import type { Policy } from '../catalog/schema';
import { type CandidateTable, compareNames, type Figures, type PresetPlan } from './candidate';
import type { Load } from './load-price';
import { chanceTaken } from './queue-place';
import type { ServerState } from './server-state';

/** Candidates this close to the highest P(on time) count as equally certain. */
export const CERTAINTY_BAND = 0.02;

/** Where even the most certain candidate is below this, all are hopeless and the earliest finish is the best late one. */
const HOPELESS = 0.02;
/** The same under load, where staying with what is slow and late makes the next ones late too. */
const HOPELESS_UNDER_LOAD = 0.3;

/** What being on time is worth under load, beside the quality. */
const ON_TIME_WORTH = 0.5;

/** The same of a job that is passed, its quality, which is not known, included. */
const PASSED_WORTH = 1.25;

export type Rule = Policy | 'earliest' | 'best_effort';

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

export interface Limits {
	/** P(on time) below which the caller wants a refusal: nothing that reaches it is left alone. */
	refusedBelow?: number;
	/** Nothing whose memory fits only if its prediction is exact, where there is anything else: on an idle fleet too. */
	noGamble?: boolean;
}

/**
 * @param target P(on time) that `best_quality` and `cheapest` want, 0 to 1
 * @param load what else wants the GPU time; null: an idle fleet, and no demand known
 * @param limits what else may rule rows out
 * @returns the choice, or null where there is no candidate
 */
export function choose(
	table: CandidateTable,
	figures: Figures,
	policy: Policy,
	target: number,
	load: Load | null,
	{ refusedBelow = 0, noGamble = false }: Limits = {},
): Choice | null {
	if (table.count === 0) return null;
	if (load !== null && load.busy) {
		const tight = tightRows(table, figures, Math.max(HOPELESS_UNDER_LOAD, refusedBelow));
		return chooseAmong(table, figures, policy, target, load, tight);
	}
	const tight = noGamble ? tightRows(table, figures, 0) : null;
	const exact = chooseAmong(table, figures, policy, target, null, tight);
	if (load === null || exact === null) return exact;
	return chooseAmong(table, figures, policy, target, load, beyondExact(table, figures, exact));
}

/** Rows that may not be chosen have a 1; null: all may. */
type Excluded = Uint8Array | null;

/** No gamble on memory, where that leaves anything with this chance to be on time. */
function tightRows(table: CandidateTable, { onTime }: Figures, least: number): Excluded {
	const { tight } = table;
	for (let row = 0; row < table.count; row++) {
		if (tight[row] === 0 && at(onTime, row) >= least) return tight;
	}
	return null;
}

/** All but rows as certain as the exact choice that take no more than it, without a gamble on memory where possible. */
function beyondExact(
	table: CandidateTable,
	{ onTime, gpuSeconds }: Figures,
	{ row: chosen, threshold }: Choice,
): Excluded {
	const most = at(gpuSeconds, chosen) * (1 + 1e-12);
	const beyond = new Uint8Array(table.count);
	const risky = new Uint8Array(table.count);
	let isRoomy = false;
	for (let row = 0; row < table.count; row++) {
		const may = at(gpuSeconds, row) <= most && at(onTime, row) >= threshold;
		beyond[row] = may ? 0 : 1;
		risky[row] = may && table.tight[row] === 0 ? 0 : 1;
		isRoomy ||= risky[row] === 0;
	}
	return isRoomy ? risky : beyond;
}

function chooseAmong(
	table: CandidateTable,
	figures: Figures,
	policy: Policy,
	target: number,
	load: Load | null,
	excluded: Excluded,
): Choice | null {
	let highest = 0;
	for (let row = 0; row < table.count; row++) {
		if (excluded === null || excluded[row] === 0) {
			highest = Math.max(highest, at(figures.onTime, row));
		}
	}
	const { rule, threshold } = ruleFor(policy, target, highest, load);
	const byRule = ruleOrder(table, figures, rule, load);
	const compare = comparator(table, figures, byRule, threshold, excluded);
	let best = -1;
	let eligible = 0;
	for (let row = 0; row < table.count; row++) {
		if (at(figures.onTime, row) < threshold) continue;
		if (excluded !== null && excluded[row] === 1) continue;
		eligible++;
		if (best === -1 || (byRule(row, best) || compareNames(table, row, best)) < 0) best = row;
	}
	return best === -1 ? null : { row: best, rule, threshold, eligible, highest, compare };
}

function at(column: number[], row: number): number {
	return column[row] as number;
}

function ruleFor(
	policy: Policy,
	target: number,
	highest: number,
	load: Load | null,
): { rule: Rule; threshold: number } {
	const busy = load !== null && load.busy;
	if (policy !== 'most_certain' && highest >= target) return { rule: policy, threshold: target };
	if (highest < (busy ? HOPELESS_UNDER_LOAD : HOPELESS)) return { rule: 'earliest', threshold: 0 };
	if (busy && policy !== 'most_certain') return { rule: 'best_effort', threshold: 0 };
	return { rule: 'most_certain', threshold: highest - CERTAINTY_BAND - 1e-12 };
}

type Compare = (a: number, b: number) => number;

function comparator(
	table: CandidateTable,
	{ onTime, p50 }: Figures,
	byRule: Compare,
	threshold: number,
	excluded: Excluded,
): Compare {
	const isEligible = (row: number): boolean =>
		at(onTime, row) >= threshold && (excluded === null || excluded[row] === 0);
	return (a, b) => {
		const eligibleA = isEligible(a);
		if (eligibleA !== isEligible(b)) return eligibleA ? -1 : 1;
		if (!eligibleA) {
			return at(onTime, b) - at(onTime, a) || at(p50, a) - at(p50, b) || compareNames(table, a, b);
		}
		return byRule(a, b) || compareNames(table, a, b);
	};
}

function ruleOrder(
	table: CandidateTable,
	figures: Figures,
	rule: Rule,
	load: Load | null,
): Compare {
	const { p50, comparableCost: cost } = figures;
	const { quality } = table;
	const value = load === null ? quality : scores(table, figures, load);
	switch (rule) {
		case 'most_certain':
		case 'best_effort':
			return (a, b) =>
				at(value, b) - at(value, a) || at(p50, a) - at(p50, b) || at(cost, a) - at(cost, b);
		case 'best_quality':
			return (a, b) =>
				at(value, b) - at(value, a) || at(cost, a) - at(cost, b) || at(p50, a) - at(p50, b);
		case 'cheapest':
			return (a, b) =>
				at(cost, a) - at(cost, b) || at(quality, b) - at(quality, a) || at(p50, a) - at(p50, b);
		case 'earliest':
			return (a, b) =>
				at(p50, a) - at(p50, b) || at(quality, b) - at(quality, a) || at(cost, a) - at(cost, b);
	}
}

/** What each row brings under load, less what it takes from others. */
function scores(table: CandidateTable, figures: Figures, load: Load): number[] {
	const { onTime, gpuSeconds } = figures;
	const { price, evictionCharges } = load;
	const column = new Array<number>(table.count);
	for (let row = 0; row < table.count; row++) {
		const server = table.servers[row] as ServerState;
		const plan = table.plans[row] as PresetPlan;
		column[row] =
			(plan.quality + ON_TIME_WORTH) * at(onTime, row) -
			price * at(gpuSeconds, row) -
			(server.passes === undefined
				? evictionCharge(plan, server, evictionCharges)
				: PASSED_WORTH * chanceTaken(server, at(gpuSeconds, row)));
	}
	return column;
}

/** A job before others leaves them the weights that they would find without it. */
function evictionCharge(
	plan: PresetPlan,
	{ index, residentKey }: ServerState,
	charges: readonly number[],
): number {
	const evicts = residentKey !== null && residentKey !== plan.model.weightsKey;
	return evicts ? (charges[index] as number) : 0;
}
