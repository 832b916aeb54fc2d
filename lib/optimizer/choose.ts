/**
 * The choice for a budget and a deadline. Without a deadline that presses it is the choice of slots and ways alone; with
 * one, choices at the prices of its limits are balanced, exchanged, and for small batches searched to the end. Owns the
 * order of these; places no job.
 */
import { balance } from './balance';
import { branchAndBound } from './branch-and-bound';
import { exchange } from './exchange';
import { promisingSets } from './load-sets';
import { isBetter, lateness, type Limits, moneyOf, objectiveOf } from './limits';
import { type LimitPrices, priceLimits, promising } from './limit-prices';
import { type Budget, chooseSlots, type SlotChoice } from './open-slots';
import { type BatchProblem, type Counts, sizeOf, totalsOf, type Totals } from './problem';

export interface BatchChoice {
	counts: Counts;
	totals: Totals;
	/** Highest quality, or least cost, that any choice could have. */
	bound: number;
	exact: boolean;
}

interface Weighed {
	counts: Counts;
	totals: Totals;
}

/** How far to look where a deadline presses. */
export interface Effort {
	/** Of prices. */
	rounds: number;
	/** Choices of the rounds that are brought within the limits. */
	starts: number;
	/** Sets of loads that are tried at the final prices. */
	sets: number;
	/** Sets of loads near the best choice's that are tried each time it gets better. */
	loads: number;
	/** Choices that are improved by changes of two groups. */
	pairs: number;
	/** Small batches are searched to the end. */
	search: boolean;
}

export const THOROUGH: Effort = {
	rounds: 100,
	starts: 6,
	sets: 10,
	loads: 6,
	pairs: 1,
	search: true,
};
/** For a table of many plans. */
export const QUICK: Effort = { rounds: 30, starts: 8, sets: 4, loads: 0, pairs: 0, search: false };

/** @returns null where no choice was found within the budget */
export function chooseWays(
	problem: BatchProblem,
	budget: Budget,
	deadlineSeconds: number,
	effort = THOROUGH,
): BatchChoice | null {
	const limits = { budget, deadlineSeconds };
	const plain = chooseSlots(problem, budget);
	if (plain === null) return null;
	const first = balanced(problem, plain.counts, limits, plain.price);
	const before = objectiveOf(totalsOf(problem, plain.counts), limits);
	const kept = objectiveOf(first.totals, limits) <= before + 1e-12 * Math.abs(before);
	if (kept && lateness(first.totals, limits) === 0) {
		return { ...first, bound: plain.bound, exact: plain.exact };
	}
	return withinLimits(problem, limits, plain, first, effort);
}

function balanced(problem: BatchProblem, counts: Counts, limits: Limits, price: number): Weighed {
	return weighed(problem, balance(problem, counts, { ...limits, price }));
}

function weighed(problem: BatchProblem, counts: Counts): Weighed {
	return { counts, totals: totalsOf(problem, counts) };
}

/** The deadline presses: it costs something, or the first try does not keep it. */
function withinLimits(
	problem: BatchProblem,
	limits: Limits,
	plain: SlotChoice,
	first: Weighed,
	effort: Effort,
): BatchChoice {
	const pool = new Pool(problem, limits, first);
	const visit = (counts: Counts, at: LimitPrices): number => pool.add(counts, at, effort.starts);
	const { prices, least } = priceLimits(
		...([problem, limits, pool.objective(), plain.price, visit, effort.rounds] as const),
	);
	for (const counts of promising(problem, limits, prices, effort.sets)) {
		pool.add(counts, prices, Infinity);
	}
	pool.changeLoads(prices, effort.loads);
	if (effort.pairs > 0) pool.exchangePairs(prices, effort.pairs);
	let complete = false;
	if (effort.search) {
		const searched = branchAndBound(problem, limits, prices, pool.objective());
		if (searched.counts !== null) pool.take(searched.counts);
		complete = searched.complete;
	}
	const inTime = pool.objective() < Infinity;
	const best = inTime ? pool.best() : earliestEnd(problem, limits, pool.best(), complete);
	const exact = complete && inTime;
	return { ...best, exact, bound: exact ? goalOf(best, limits) : boundOf(plain, least, limits) };
}

/** Choices found so far, the best first. */
class Pool {
	#found: Weighed[];
	readonly #seen = new Set<string>();

	constructor(
		readonly problem: BatchProblem,
		readonly limits: Limits,
		first: Weighed,
	) {
		this.#found = [first];
	}

	best(): Weighed {
		return this.#found[0] as Weighed;
	}

	/** Of the best that keeps the limits, Infinity where none does. */
	objective(): number {
		const { totals } = this.best();
		return lateness(totals, this.limits) > 0 ? Infinity : objectiveOf(totals, this.limits);
	}

	/** Brings a choice within the limits, if it is new and there are no more than so many yet. */
	add(counts: Counts, prices: LimitPrices, most: number): number {
		const key = keyOf(totalsOf(this.problem, counts));
		if (this.#seen.size < most && !this.#seen.has(key)) {
			this.#seen.add(key);
			this.#keep(repaired(this.problem, counts, this.limits, prices));
		}
		return this.objective();
	}

	/** A choice known to be the best. */
	take(counts: Counts): void {
		this.#found = [weighed(this.problem, counts), ...this.#found];
	}

	/** Tries the most promising sets of loads near the best choice's, again from each that is better. */
	changeLoads(prices: LimitPrices, most: number): void {
		if (most === 0 || sizeOf(this.problem) > MOST_EXCHANGED) return;
		for (let made = 0; made < MOST_CHANGES; made++) {
			const before = this.best();
			const { used } = before.totals;
			const sets = promisingSets(this.problem, this.limits, prices, used, this.objective());
			for (const set of sets.slice(0, most)) this.add(set.counts, set.prices, Infinity);
			if (this.best() === before) break;
		}
	}

	exchangePairs(prices: LimitPrices, most: number): void {
		if (sizeOf(this.problem) > MOST_EXCHANGED) return;
		for (const { counts } of this.#found.slice(0, most)) {
			this.#keep(weighed(this.problem, exchange(this.problem, counts, this.limits, prices, true)));
		}
	}

	#keep(next: Weighed): void {
		const { limits } = this;
		if (next.totals.cost > moneyOf(limits)) return;
		const at = this.#found.findIndex(({ totals }) => isBetter(next.totals, totals, limits));
		if (at < 0) this.#found.push(next);
		else this.#found.splice(at, 0, next);
	}
}

/** Times that a better set of loads is looked for. */
const MOST_CHANGES = 6;

/** Ways, beyond which jobs are moved in groups only. */
const MOST_EXCHANGED = 20_000;

function keyOf({ cost, quality, lastSeconds }: Totals): string {
	return `${cost} ${quality} ${lastSeconds}`;
}

/** A choice of the price rounds, which is near its limits, brought within them. */
function repaired(
	problem: BatchProblem,
	counts: Counts,
	limits: Limits,
	prices: LimitPrices,
): Weighed {
	const dear = totalsOf(problem, counts).cost > moneyOf(limits);
	const start = dear ? { counts } : balanced(problem, counts, limits, prices.money);
	if (sizeOf(problem) > MOST_EXCHANGED) return weighed(problem, start.counts);
	return weighed(problem, exchange(problem, start.counts, limits, prices, false));
}

function goalOf({ totals }: Weighed, { budget }: Limits): number {
	return budget === null ? totals.cost : totals.quality;
}

/** The nearer of the bounds with and without the deadline. */
function boundOf(plain: SlotChoice, least: number, { budget }: Limits): number {
	return budget === null ? Math.max(plain.bound, least) : Math.min(plain.bound, -least);
}

/** Bisections towards the earliest end. */
const HALVINGS = 12;

/** The deadline cannot hold: the choice that ends as early as can be, as near as a small batch lets it be found. */
function earliestEnd(
	problem: BatchProblem,
	limits: Limits,
	found: Weighed,
	proven: boolean,
): Weighed {
	const free: LimitPrices = { seconds: problem.waitSeconds.map(() => 0), money: 0 };
	let best = found;
	let low = limits.deadlineSeconds;
	for (let made = 0; proven && made < HALVINGS; made++) {
		const high = best.totals.lastSeconds;
		if (high - low <= 1e-3 * high) break;
		const deadlineSeconds = (low + high) / 2;
		const tried = branchAndBound(problem, { ...limits, deadlineSeconds }, free, Infinity, true);
		if (tried.counts !== null) best = weighed(problem, tried.counts);
		else if (tried.complete) low = deadlineSeconds;
		else break;
	}
	return best;
}
