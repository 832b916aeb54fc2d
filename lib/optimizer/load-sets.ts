/**
 * Other sets of loads than that of the best choice known: one model more or less on a server, or one instead of another.
 * Each set is bounded at prices of its own, and only those that may be better are brought within the limits. Owns the
 * neighbourhood of sets; repairs nothing.
 */
import {
	creditOf,
	excessOf,
	type LimitPrices,
	moved,
	pricedLoad,
	pricedWay,
	secondsLeft,
} from './limit-prices';
import { type Limits, moneyOf } from './limits';
import { type BatchProblem, type Counts, sizeOf, type Totals } from './problem';

/** Prices of a set are moved so often from those of the whole problem. */
const ROUNDS = 40;
/** Weight of a round's choice in the mean of all. */
const NEWEST = 0.1;
/** Ways looked at for all sets of one search. */
const WORK = 60_000_000;

export interface PromisingSet {
	/** By slot; every open load is paid, used or not. */
	open: readonly boolean[];
	counts: Counts;
	prices: LimitPrices;
	/** No choice with this set that keeps the limits has a lower objective. */
	least: number;
}

/**
 * @param used jobs by slot of the best choice known
 * @param known its objective, Infinity where it is outside its limits
 * @returns mixtures of the choices that are best with a set at its prices, the lowest bound first; none whose bound says
 *   that it cannot be better
 */
export function promisingSets(
	problem: BatchProblem,
	limits: Limits,
	prices: LimitPrices,
	used: readonly number[],
	known: number,
): PromisingSet[] {
	const size = sizeOf(problem);
	const bounds: PromisingSet[] = [];
	let work = WORK;
	for (const open of setsNear(problem, used)) {
		if ((work -= size * ROUNDS) < 0) break;
		const bound = new SetSearch(problem, limits, open).run(prices, known);
		if (bound !== null && bound.least < known) bounds.push(bound);
	}
	return bounds.sort((a, b) => a.least - b.least);
}

/** Those with one load more or less, and with one exchanged for another. */
function setsNear({ slots }: BatchProblem, used: readonly number[]): boolean[][] {
	const isLoad = slots.map(({ charge, loadSeconds }) => charge > 0 || loadSeconds > 0);
	const now = slots.map((_, slot) => isLoad[slot] === false || (used[slot] ?? 0) > 0);
	const loads = slots.flatMap((_, slot) => (isLoad[slot] ? [slot] : []));
	const turned = (...changed: number[]): boolean[] =>
		now.map((open, slot) => (changed.includes(slot) ? !open : open));
	const pairs = loads
		.filter((slot) => now[slot])
		.flatMap((out) => loads.filter((slot) => !now[slot]).map((into) => turned(out, into)));
	return [now, ...loads.map((slot) => turned(slot)), ...pairs];
}

/** One set of open slots: every open load is paid, every job takes the best of the open ways. */
class SetSearch {
	/** Open ways by class. */
	readonly #ways: number[][];
	/** Mean share of each class in each way. */
	readonly #shares: number[][];

	constructor(
		readonly problem: BatchProblem,
		readonly limits: Limits,
		readonly open: readonly boolean[],
	) {
		this.#ways = problem.classes.map(({ ways }) =>
			ways.flatMap((way, w) => (open[way.slot] ? [w] : [])),
		);
		this.#shares = problem.classes.map(({ ways }) => ways.map(() => 0));
	}

	/** null: a class has no way. */
	run(start: LimitPrices, known: number): PromisingSet | null {
		if (this.#ways.some((ways) => ways.length === 0)) return null;
		const left = secondsLeft(this.problem, this.limits);
		const budget = moneyOf(this.limits);
		let at = start;
		let best = { least: -Infinity, prices: at };
		for (let round = 0; round < ROUNDS; round++) {
			const { picks, priced } = this.#pick(at);
			const least = priced - creditOf(at, left, budget);
			if (least > best.least) best = { least, prices: at };
			this.#mix(picks, round === 0 ? 1 : NEWEST);
			const totals = this.#totals(picks);
			const goal = this.limits.budget === null ? totals.cost : -totals.quality;
			const target = known < Infinity ? known : least + 0.1 * Math.abs(goal);
			// steps become shorter, so that the prices settle
			const step = (target - least) / (1 + round / 4);
			at = moved(at, excessOf(this.problem, totals, left, budget), left, budget, step);
		}
		return { ...best, open: this.open, counts: this.#rounded() };
	}

	#pick(at: LimitPrices): { picks: number[]; priced: number } {
		const { classes, slots } = this.problem;
		let priced = 0;
		const picks = classes.map(({ ways, count }, k) => {
			let best = -1;
			let least = Infinity;
			for (const w of this.#ways[k] ?? []) {
				const way = ways[w];
				if (way === undefined) continue;
				const price = pricedWay(way, slots[way.slot]?.server ?? 0, at, this.limits);
				if (price < least) [best, least] = [w, price];
			}
			priced += count * least;
			return best;
		});
		slots.forEach((slot, index) => {
			if (this.open[index]) priced += pricedLoad(slot, at, this.limits);
		});
		return { picks, priced };
	}

	#mix(picks: readonly number[], weight: number): void {
		this.#shares.forEach((shares, k) => {
			for (let w = 0; w < shares.length; w++) {
				shares[w] = (1 - weight) * (shares[w] ?? 0) + (w === picks[k] ? weight : 0);
			}
		});
	}

	#totals(picks: readonly number[]): Pick<Totals, 'cost' | 'quality' | 'finishSeconds'> {
		const { classes, slots, waitSeconds } = this.problem;
		const finishSeconds = [...waitSeconds];
		let cost = 0;
		let quality = 0;
		const take = (server: number, seconds: number): void => {
			finishSeconds[server] = (finishSeconds[server] ?? 0) + seconds;
		};
		classes.forEach(({ ways, count }, k) => {
			const way = ways[picks[k] ?? 0];
			if (way === undefined) return;
			cost += count * way.cost;
			quality += count * way.quality;
			take(slots[way.slot]?.server ?? 0, count * way.seconds);
		});
		slots.forEach(({ charge, loadSeconds, server }, slot) => {
			if (!this.open[slot]) return;
			cost += charge;
			take(server, loadSeconds);
		});
		return { cost, quality, finishSeconds };
	}

	/** Whole jobs, as near to the mean shares as can be: what is over goes to the largest remainders. */
	#rounded(): Counts {
		return this.problem.classes.map(({ count }, k) => {
			const exact = (this.#shares[k] ?? []).map((share) => share * count);
			const row = exact.map(Math.floor);
			const order = exact.map((_, w) => w);
			order.sort((a, b) => remainder(exact, b) - remainder(exact, a) || a - b);
			let over = count - row.reduce((sum, jobs) => sum + jobs, 0);
			for (const w of order) {
				if (over-- <= 0) break;
				row[w] = (row[w] ?? 0) + 1;
			}
			return row;
		});
	}
}

function remainder(exact: readonly number[], w: number): number {
	const jobs = exact[w] ?? 0;
	return jobs - Math.floor(jobs);
}
