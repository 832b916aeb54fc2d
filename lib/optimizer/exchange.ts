/**
 * Brings a choice within its limits, and makes it better there, one change or two at a time: jobs take another way, or
 * two groups of jobs change at once, so that one makes room for the other. Owns the neighbourhood.
 */
import { type Limits, moneyOf, nearZero } from './limits';
import { type LimitPrices, pricedWay } from './limit-prices';
import type { BatchProblem, Counts } from './problem';
import { type Move, Tally } from './tally';

/** Changes tried, in pairs counted one by one. */
const WORK = 800_000;
/** Changes that take part in pairs: those that lose least at the prices. */
const MOST_MOVES = 900;

/** How far a choice is outside its limits, as a share of them, and what it is worth: the first counts before the second. */
interface Score {
	excess: number;
	objective: number;
}

/**
 * @param pairs changes of two groups as well
 * @returns a choice no farther outside the limits, and where it is inside, with no worse objective
 */
export function exchange(
	problem: BatchProblem,
	counts: Counts,
	limits: Limits,
	prices: LimitPrices,
	pairs: boolean,
): Counts {
	const search = new Search(problem, counts, limits, prices);
	for (;;) {
		if (search.single()) continue;
		if (!pairs || !search.pair()) return search.tally.counts;
	}
}

class Search {
	readonly tally: Tally;
	#work = WORK;
	readonly #budget: number;

	constructor(
		readonly problem: BatchProblem,
		counts: Counts,
		readonly limits: Limits,
		readonly prices: LimitPrices,
	) {
		this.tally = new Tally(problem, counts);
		this.#budget = moneyOf(limits);
	}

	#score(): Score {
		const { cost, quality } = this.tally;
		const money = cost > this.#budget ? cost / Math.max(this.#budget, 1e-9) - 1 : 0;
		const excess = money + this.tally.lateShare(this.limits.deadlineSeconds);
		return { excess, objective: this.limits.budget === null ? cost : -quality };
	}

	/** Every change of one group, from a single job to all of it, least loss at the prices first. */
	#moves(): Move[] {
		const moves: (Move & { loss: number })[] = [];
		this.problem.classes.forEach(({ ways }, k) => {
			const row = this.tally.counts[k] ?? [];
			const at = ways.map((way) => this.#priced(way));
			row.forEach((held, from) => {
				if (held <= 0) return;
				const sizes = sizesOf(held);
				ways.forEach((_, to) => {
					if (to === from) return;
					const loss = (at[to] ?? 0) - (at[from] ?? 0);
					for (const jobs of sizes) moves.push({ k, from, to, jobs, loss });
				});
			});
		});
		return moves.sort((a, b) => a.loss - b.loss);
	}

	#priced(way: BatchProblem['classes'][number]['ways'][number]): number {
		const server = this.problem.slots[way.slot]?.server ?? 0;
		return pricedWay(way, server, this.prices, this.limits);
	}

	/** Takes every change of one group that helps, in one pass. */
	single(): boolean {
		let before = this.#score();
		let helped = false;
		for (const move of this.#moves()) {
			if (this.#work <= 0) return false;
			if (!this.#holds(move)) continue;
			this.#work--;
			this.tally.apply(move);
			const after = this.#score();
			if (isLower(after, before)) [before, helped] = [after, true];
			else this.tally.undo(move);
		}
		return helped;
	}

	/** Takes the best change of two groups. */
	pair(): boolean {
		const moves = this.#moves().slice(0, MOST_MOVES);
		let least = this.#score();
		let best: [Move, Move] | null = null;
		for (const first of moves) {
			if (this.#work <= 0) break;
			this.tally.apply(first);
			for (const second of moves) {
				if (first === second || !this.#holds(second)) continue;
				this.#work--;
				this.tally.apply(second);
				const after = this.#score();
				if (isLower(after, least)) [least, best] = [after, [first, second]];
				this.tally.undo(second);
			}
			this.tally.undo(first);
		}
		for (const move of best ?? []) this.tally.apply(move);
		return best !== null;
	}

	/** The jobs are still there after other changes. */
	#holds({ k, from, jobs }: Move): boolean {
		return (this.tally.counts[k]?.[from] ?? 0) >= jobs;
	}
}

/** 1, 2, 4 ... and all. */
function sizesOf(held: number): number[] {
	const sizes = [held];
	for (let size = 1; size < held; size *= 2) sizes.push(size);
	return sizes;
}

function isLower(a: Score, b: Score): boolean {
	if (Math.abs(a.excess - b.excess) > 1e-12) return a.excess < b.excess;
	return a.objective < b.objective - nearZero(b.objective);
}
