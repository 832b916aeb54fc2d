/**
 * Closes the gap that the greedy choice leaves. At the relaxation's price of money every way has a loss against the
 * best of its class, and a choice better than the one at hand can lose no more than the gap in all: few ways are left,
 * and dynamic programming over them with that bound is exact unless it has to forget states.
 */
import type { KnapsackAnswer, KnapsackClass } from './knapsack';

/** A job that might run in another way than the greedy choice gave it. */
interface Candidate {
	k: number;
	from: number;
	least: number;
	moves: { to: number; cost: number; quality: number }[];
}

interface State {
	/** Money left; may be below zero on the way. */
	slack: number;
	quality: number;
	parent: State | null;
	/** The move that led here. */
	k: number;
	from: number;
	to: number;
}

/** Jobs looked at, least loss first. */
const MOST_JOBS = 400;
/** Identical jobs of one class that may move, each on its own. */
const MOST_COPIES = 12;

/** @param effort states kept at a time */
export function improve(
	classes: readonly KnapsackClass[],
	answer: KnapsackAnswer,
	budget: number,
	effort: number,
): KnapsackAnswer {
	const gap = answer.bound - answer.quality;
	const tolerance = 1e-12 * Math.max(1, answer.bound);
	if (gap <= tolerance) return { ...answer, exact: true };
	const { jobs, complete } = candidatesWithin(classes, answer, gap);
	const allowed = budget * (1 - 1e-12);
	const search = searchStates(jobs, allowed - answer.cost, answer, effort, tolerance);
	const exact = complete && search.complete;
	const counts = answer.counts.map((row) => [...row]);
	for (let at: State | null = search.best; at?.parent != null; at = at.parent) {
		const row = counts[at.k] as number[];
		row[at.from] = (row[at.from] as number) - 1;
		row[at.to] = (row[at.to] as number) + 1;
	}
	const quality = search.best.quality;
	return {
		counts,
		cost: allowed - search.best.slack,
		quality,
		bound: exact ? quality : answer.bound,
		exact,
		price: answer.price,
	};
}

function candidatesWithin(
	classes: readonly KnapsackClass[],
	answer: KnapsackAnswer,
	gap: number,
): { jobs: Candidate[]; complete: boolean } {
	const jobs: Candidate[] = [];
	let complete = true;
	classes.forEach(({ cost, quality }, k) => {
		const row = answer.counts[k] as number[];
		for (let from = 0; from < row.length; from++) {
			const held = row[from] as number;
			if (held === 0) continue;
			const candidate = movesFrom(k, from, cost, quality, answer.price, gap);
			if (candidate === null) continue;
			const copies = Math.min(held, MOST_COPIES);
			if (copies < held && copies * candidate.least <= gap) complete = false;
			for (let copy = 0; copy < copies; copy++) jobs.push(candidate);
		}
	});
	jobs.sort((a, b) => a.least - b.least || a.k - b.k || a.from - b.from);
	if (jobs.length > MOST_JOBS) complete = false;
	return { jobs: jobs.slice(0, MOST_JOBS), complete };
}

function movesFrom(
	k: number,
	from: number,
	cost: ArrayLike<number>,
	quality: ArrayLike<number>,
	price: number,
	gap: number,
): Candidate | null {
	const moves: Candidate['moves'] = [];
	let least = Infinity;
	for (let to = 0; to < cost.length; to++) {
		if (to === from) continue;
		const more = (cost[to] as number) - (cost[from] as number);
		const better = (quality[to] as number) - (quality[from] as number);
		const loss = price * more - better;
		if (loss > gap) continue;
		least = Math.min(least, loss);
		moves.push({ to, cost: more, quality: better });
	}
	return moves.length === 0 ? null : { k, from, least, moves };
}

/** Upper bound of what a state can still become: its money spent at the relaxation's price. */
function searchStates(
	jobs: readonly Candidate[],
	slack: number,
	{ quality, price, bound }: KnapsackAnswer,
	effort: number,
	tolerance: number,
): { best: State; complete: boolean } {
	let best: State = { slack, quality, parent: null, k: 0, from: 0, to: 0 };
	let states = [best];
	let complete = true;
	for (const { k, from, moves } of jobs) {
		const next = [...states];
		for (const state of states) {
			for (const move of moves) {
				const left = state.slack - move.cost;
				const value = state.quality + move.quality;
				if (value + price * left <= best.quality + tolerance) continue;
				const reached = { slack: left, quality: value, parent: state, k, from, to: move.to };
				next.push(reached);
				if (left >= 0 && value > best.quality) best = reached;
			}
		}
		if (next.length > states.length) states = undominated(next, price, best.quality + tolerance);
		if (states.length > effort) {
			complete = false;
			states = nearest(states, effort);
		}
		if (best.quality >= bound - tolerance) return { best, complete: true };
	}
	return { best, complete };
}

/** Of states with as much money the better one, and only those that can still beat the best. */
function undominated(states: State[], price: number, floor: number): State[] {
	states.sort((a, b) => b.slack - a.slack || b.quality - a.quality);
	const kept: State[] = [];
	let highest = -Infinity;
	for (const state of states) {
		if (state.quality <= highest || state.quality + price * state.slack <= floor) continue;
		highest = state.quality;
		kept.push(state);
	}
	return kept;
}

/** Those nearest to spending exactly what there is. */
function nearest(states: State[], count: number): State[] {
	return [...states].sort((a, b) => Math.abs(a.slack) - Math.abs(b.slack)).slice(0, count);
}
