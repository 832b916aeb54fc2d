/**
 * The best choice of a small batch within its limits, or proof that there is none: every set of loaded models, the most
 * promising first, and in each the jobs one after the other, left as soon as the prices of the limits say that nothing
 * better can follow (branch and bound). Owns the search; gives up after a fixed number of steps.
 */
import { GRAIN_SECONDS, type Limits, moneyOf, nearZero } from './limits';
import { type LimitPrices, pricedWay, secondsLeft } from './limit-prices';
import type { BatchProblem, Counts } from './problem';

export interface Searched {
	/** Better than what was known, or null. */
	counts: Counts | null;
	/** True where nothing better exists. */
	complete: boolean;
}

/** Jobs that are taken one by one. */
export const MOST_JOBS = 80;
const MOST_SETS = 4096;
const MOST_STEPS = 400_000;

/**
 * @param known objective to beat, Infinity for none
 * @param any ends at the first choice within the limits
 */
export function branchAndBound(
	problem: BatchProblem,
	limits: Limits,
	prices: LimitPrices,
	known: number,
	any = false,
): Searched {
	const jobs = problem.classes.reduce((sum, { count }) => sum + count, 0);
	const loadable = loadableSlots(problem);
	if (jobs > MOST_JOBS || 2 ** loadable.length > MOST_SETS)
		return { counts: null, complete: false };
	const search = new Search(problem, limits, known, any);
	const sets: Branch[] = [];
	for (let set = 0; set < 2 ** loadable.length; set++) {
		const branch = branchOf(problem, limits, prices, loadable, set);
		if (branch !== null) sets.push(branch);
	}
	sets.sort((a, b) => a.least - b.least);
	for (const branch of sets) {
		if (branch.least >= search.goal() || search.done()) break;
		search.run(branch);
	}
	return { counts: search.found, complete: !search.spent() };
}

function loadableSlots(problem: BatchProblem): number[] {
	const wanted = new Set(problem.classes.flatMap(({ ways }) => ways.map(({ slot }) => slot)));
	return [...wanted]
		.filter((slot) => (problem.slots[slot]?.loadSeconds ?? 0) > 0)
		.sort((a, b) => a - b);
}

/** A way at the prices: what it loses against the best of its class. */
interface Option {
	way: number;
	server: number;
	cost: number;
	quality: number;
	seconds: number;
	loss: number;
}

interface Line {
	k: number;
	options: Option[];
	leastCost: number;
	leastSeconds: number;
}

/** A set of loaded models. */
interface Branch {
	/** One a job; those of a class next to each other. */
	lines: Line[];
	/** No choice with this set has a lower objective. */
	least: number;
	cost: number;
	finish: number[];
}

/** @returns null where the set serves not every job, or is too late or too dear by its loads alone */
function branchOf(
	problem: BatchProblem,
	limits: Limits,
	prices: LimitPrices,
	loadable: readonly number[],
	set: number,
): Branch | null {
	const open = problem.slots.map(() => true);
	loadable.forEach((slot, bit) => (open[slot] = (set & (1 << bit)) !== 0));
	const finish = [...problem.waitSeconds];
	const own = limits.budget === null ? 1 : 0;
	let cost = 0;
	let least = 0;
	for (const slot of loadable) {
		const one = problem.slots[slot];
		if (!open[slot] || one === undefined) continue;
		cost += one.charge;
		finish[one.server] = (finish[one.server] ?? 0) + one.loadSeconds;
		if ((finish[one.server] ?? 0) > limits.deadlineSeconds) return null;
		least +=
			(own + prices.money) * one.charge + (prices.seconds[one.server] ?? 0) * one.loadSeconds;
	}
	const money = moneyOf(limits);
	if (cost > money) return null;
	if (limits.budget !== null) least -= prices.money * money;
	secondsLeft(problem, limits).forEach((seconds, server) => {
		const price = prices.seconds[server] ?? 0;
		if (price > 0) least -= price * seconds;
	});
	const lines: Line[] = [];
	for (const [k, { count, ways }] of problem.classes.entries()) {
		const options: Option[] = [];
		ways.forEach((way, index) => {
			if (!open[way.slot]) return;
			const server = problem.slots[way.slot]?.server ?? 0;
			const { cost: money1, quality, seconds } = way;
			if ((finish[server] ?? 0) + seconds > limits.deadlineSeconds + GRAIN_SECONDS) return;
			const loss = pricedWay(way, server, prices, limits);
			options.push({ way: index, server, cost: money1, quality, seconds, loss });
		});
		const kept = undominated(options);
		const floor = kept[0]?.loss;
		if (floor === undefined) return null;
		least += count * floor;
		for (const option of kept) option.loss -= floor;
		const leastCost = kept.reduce((a, b) => Math.min(a, b.cost), Infinity);
		const leastSeconds = kept.reduce((a, b) => Math.min(a, b.seconds), Infinity);
		const line = { k, options: kept, leastCost, leastSeconds };
		for (let copy = 0; copy < count; copy++) lines.push(line);
	}
	// long jobs first: what they leave is easier to fill
	lines.sort((a, b) => b.leastSeconds - a.leastSeconds || a.k - b.k);
	return { lines, least, cost, finish };
}

/** Of ways on one server, none that another beats in everything; least loss first. */
function undominated(options: Option[]): Option[] {
	const kept = options.filter(
		(a, i) =>
			!options.some(
				(b, j) =>
					i !== j &&
					b.server === a.server &&
					b.cost <= a.cost &&
					b.quality >= a.quality &&
					b.seconds <= a.seconds &&
					(b.cost < a.cost || b.quality > a.quality || b.seconds < a.seconds || j < i),
			),
	);
	return kept.sort((a, b) => a.loss - b.loss || a.way - b.way);
}

/** What the jobs from each one on take at least. */
function restOf(lines: readonly Line[], of: (line: Line) => number): number[] {
	const rest = new Array<number>(lines.length + 1).fill(0);
	for (let j = lines.length - 1; j >= 0; j--) {
		rest[j] = (rest[j + 1] ?? 0) + of(lines[j] as Line);
	}
	return rest;
}

/** Seconds that all servers have left together. */
function roomOf(finish: readonly number[], until: number): number {
	let room = 0;
	for (const seconds of finish) room += Math.max(0, until - seconds);
	return room;
}

class Search {
	found: Counts | null = null;
	#best: number;
	#steps = MOST_STEPS;
	#satisfied = false;
	readonly #money: number;

	constructor(
		readonly problem: BatchProblem,
		readonly limits: Limits,
		known: number,
		/** Any choice within the limits will do. */
		readonly any: boolean,
	) {
		this.#best = known;
		this.#money = moneyOf(limits);
	}

	/** What has to be reached to be better. */
	goal(): number {
		return this.#best === Infinity ? Infinity : this.#best - nearZero(this.#best);
	}

	spent(): boolean {
		return this.#steps <= 0;
	}

	done(): boolean {
		return this.spent() || this.#satisfied;
	}

	run({ lines, least, cost, finish }: Branch): void {
		const picks = new Array<number>(lines.length).fill(0);
		const restCost = restOf(lines, ({ leastCost }) => leastCost);
		const restSeconds = restOf(lines, ({ leastSeconds }) => leastSeconds);
		const until = this.limits.deadlineSeconds + GRAIN_SECONDS;
		const step = (j: number, reached: number, spent: number, quality: number): void => {
			const line = lines[j];
			if ((restSeconds[j] ?? 0) > roomOf(finish, until)) return;
			if (line === undefined) {
				const objective = this.limits.budget === null ? spent : -quality;
				if (objective >= this.goal()) return;
				this.#best = objective;
				this.found = this.#countsOf(lines, picks);
				this.#satisfied = this.any;
				return;
			}
			// identical jobs take their ways in order: other orders are the same choice
			const first = j > 0 && lines[j - 1] === line ? (picks[j - 1] ?? 0) : 0;
			for (let pick = first; pick < line.options.length; pick++) {
				if (this.#steps-- <= 0) return;
				const option = line.options[pick] as Option;
				if (reached + option.loss >= this.goal()) break;
				const before = finish[option.server] ?? 0;
				const done = before + option.seconds;
				const money = spent + option.cost;
				if (done > until || money + (restCost[j + 1] ?? 0) > this.#money) continue;
				picks[j] = pick;
				finish[option.server] = done;
				step(j + 1, reached + option.loss, money, quality + option.quality);
				finish[option.server] = before;
				if (this.#satisfied) return;
			}
		};
		step(0, least, cost, 0);
	}

	#countsOf(lines: readonly Line[], picks: readonly number[]): Counts {
		const counts = this.problem.classes.map(({ ways }) => new Array<number>(ways.length).fill(0));
		lines.forEach(({ k, options }, j) => {
			const row = counts[k];
			const way = options[picks[j] ?? 0]?.way;
			if (row !== undefined && way !== undefined) row[way] = (row[way] ?? 0) + 1;
		});
		return counts;
	}
}
