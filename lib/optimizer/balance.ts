/**
 * Moves jobs between servers: until all are done by the batch's deadline, and where it costs nothing, until the last is
 * done earlier. A family is split over servers only where the load that costs is worth it. Owns moves of whole groups.
 */
import { type BatchProblem, type Counts, totalsOf, type Totals, type Way } from './problem';

export interface BalanceGoal {
	/** Seconds from now, Infinity for none. */
	deadlineSeconds: number;
	/** Money, or null: least cost. */
	budget: number | null;
	/** Quality per money at the margin. */
	price: number;
}

interface Move {
	k: number;
	from: number;
	to: number;
	jobs: number;
	/** Loss per second gained: less is better. */
	score: number;
	loss: number;
}

const MOST_MOVES = 600;
const GRAIN = 1e-9;

/** A state of the search: the choice, and what it comes to. */
class Balance {
	readonly counts: Counts;
	totals: Totals;

	constructor(
		readonly problem: BatchProblem,
		counts: Counts,
		readonly goal: BalanceGoal,
	) {
		this.counts = counts.map((row) => [...row]);
		this.totals = totalsOf(problem, this.counts);
	}

	apply({ k, from, to, jobs }: Move): void {
		const row = this.counts[k] as number[];
		row[from] = (row[from] as number) - jobs;
		row[to] = (row[to] as number) + jobs;
		this.totals = totalsOf(this.problem, this.counts);
	}

	finish(server: number): number {
		return this.totals.finishSeconds[server] as number;
	}

	serverOf(way: Way): number {
		return this.problem.slots[way.slot]?.server ?? 0;
	}

	/** What opening the slot of a way takes, 0 where it is in use. */
	opening(way: Way): { cost: number; seconds: number } {
		const slot = this.problem.slots[way.slot];
		if (slot === undefined || (this.totals.used[way.slot] ?? 0) > 0) return { cost: 0, seconds: 0 };
		return { cost: slot.charge, seconds: slot.loadSeconds };
	}

	/** Money (least cost) or quality (budget) that a move of so many jobs loses. */
	loss(from: Way, to: Way, jobs: number): number {
		const closes = this.totals.used[from.slot] === jobs && from.slot !== to.slot;
		const saved = closes ? (this.problem.slots[from.slot]?.charge ?? 0) : 0;
		const more = jobs * (to.cost - from.cost) + this.opening(to).cost - saved;
		if (this.goal.budget === null) return more;
		return this.goal.price * more - jobs * (to.quality - from.quality);
	}

	overBudget(from: Way, to: Way, jobs: number): boolean {
		const { budget } = this.goal;
		if (budget === null) return false;
		const more = jobs * (to.cost - from.cost) + this.opening(to).cost;
		return more > 0 && this.totals.cost + more > budget * (1 - 1e-12);
	}
}

/** @returns the choice with every server done by the deadline where that was found; earlier where it is free */
export function balance(problem: BatchProblem, counts: Counts, goal: BalanceGoal): Counts {
	const state = new Balance(problem, counts, goal);
	for (let made = 0; made < MOST_MOVES; made++) {
		const busiest = latest(state.totals.finishSeconds);
		if (state.totals.lastSeconds <= goal.deadlineSeconds + GRAIN) break;
		const move = bestMove(state, busiest, goal.deadlineSeconds);
		if (move === null) break;
		state.apply(move);
	}
	for (let made = 0; made < MOST_MOVES; made++) {
		const busiest = latest(state.totals.finishSeconds);
		const move = bestMove(state, busiest, null);
		if (move === null) break;
		state.apply(move);
	}
	return state.counts;
}

function latest(finish: readonly number[]): number {
	let busiest = 0;
	finish.forEach((seconds, server) => {
		if (seconds > (finish[busiest] as number)) busiest = server;
	});
	return busiest;
}

/** @param deadline seconds to come down to; null: any earlier, at no loss */
function bestMove(state: Balance, busiest: number, deadline: number | null): Move | null {
	let best: Move | null = null;
	state.problem.classes.forEach(({ ways }, k) => {
		ways.forEach((way, from) => {
			const held = state.counts[k]?.[from] ?? 0;
			if (held === 0 || state.serverOf(way) !== busiest) return;
			ways.forEach((other, to) => {
				if (to === from) return;
				for (const jobs of groupSizes(state, way, other, held, deadline)) {
					const move = judged(
						state,
						{ k, from, to, jobs, score: 0, loss: 0 },
						way,
						other,
						deadline,
					);
					if (move !== null && (best === null || move.score < best.score - 1e-15)) best = move;
				}
			});
		});
	});
	return best;
}

/** As many as are needed, as many as may go, and all. */
function groupSizes(
	state: Balance,
	way: Way,
	other: Way,
	held: number,
	deadline: number | null,
): number[] {
	const here = state.serverOf(way);
	const there = state.serverOf(other);
	const own = state.finish(here);
	if (here === there) {
		const gain = way.seconds - other.seconds;
		if (gain <= 0 && way.slot === other.slot) return [];
		const needed = deadline === null || gain <= 0 ? held : Math.ceil((own - deadline) / gain);
		return [...new Set([Math.min(held, Math.max(1, needed)), held])];
	}
	const taken = state.finish(there) + state.opening(other).seconds;
	const room =
		deadline === null
			? Math.floor((own - taken) / (way.seconds + other.seconds))
			: Math.floor((deadline - taken + GRAIN) / other.seconds);
	const most = Math.min(held, room);
	if (most <= 0) return deadline === null || own <= taken + other.seconds ? [] : [1];
	if (deadline === null) return [most];
	const needed = Math.ceil((own - deadline) / way.seconds);
	return [...new Set([Math.min(most, Math.max(1, needed)), most])];
}

/** The move with its score; null where it does not help. */
function judged(
	state: Balance,
	move: Move,
	way: Way,
	other: Way,
	deadline: number | null,
): Move | null {
	if (state.overBudget(way, other, move.jobs)) return null;
	const { jobs } = move;
	const here = state.serverOf(way);
	const there = state.serverOf(other);
	const own = state.finish(here);
	const closes = state.totals.used[way.slot] === jobs && way.slot !== other.slot;
	const freed =
		jobs * way.seconds + (closes ? (state.problem.slots[way.slot]?.loadSeconds ?? 0) : 0);
	const taken = jobs * other.seconds + state.opening(other).seconds;
	const after =
		here === there ? own - freed + taken : Math.max(own - freed, state.finish(there) + taken);
	const goal = deadline ?? 0;
	const gained = own - Math.max(after, goal);
	if (gained <= 1e-6) return null;
	const loss = state.loss(way, other, jobs);
	if (deadline === null) {
		const other0 = other.quality >= way.quality && other.cost <= way.cost;
		return other0 && loss <= 0 && state.opening(other).cost === 0
			? { ...move, loss, score: -gained }
			: null;
	}
	return { ...move, loss, score: loss >= 0 ? loss / gained : loss };
}
