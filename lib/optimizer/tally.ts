/** A choice that changes job by job, with what it comes to always at hand. Owns the sums; decides nothing. */
import { GRAIN_SECONDS } from './limits';
import { type BatchProblem, type Counts, totalsOf } from './problem';

/** Jobs of one class from one way to another. */
export interface Move {
	k: number;
	from: number;
	to: number;
	jobs: number;
}

export class Tally {
	readonly counts: Counts;
	readonly finish: number[];
	readonly used: number[];
	readonly held: number[];
	cost: number;
	quality: number;
	readonly #problem: BatchProblem;

	constructor(problem: BatchProblem, counts: Counts) {
		this.#problem = problem;
		this.counts = counts.map((row) => [...row]);
		const totals = totalsOf(problem, counts);
		this.finish = totals.finishSeconds;
		this.used = totals.used;
		this.cost = totals.cost;
		this.quality = totals.quality;
		this.held = problem.waitSeconds.map(() => 0);
		problem.slots.forEach(({ server }, slot) => {
			this.held[server] = (this.held[server] ?? 0) + (this.used[slot] ?? 0);
		});
	}

	apply({ k, from, to, jobs }: Move): void {
		this.#add(k, from, -jobs);
		this.#add(k, to, jobs);
	}

	undo({ k, from, to, jobs }: Move): void {
		this.apply({ k, from: to, to: from, jobs });
	}

	#add(k: number, w: number, jobs: number): void {
		const { classes, slots } = this.#problem;
		const way = classes[k]?.ways[w];
		const row = this.counts[k];
		const slot = way && slots[way.slot];
		if (way === undefined || row === undefined || slot === undefined) return;
		row[w] = (row[w] ?? 0) + jobs;
		const before = this.used[way.slot] ?? 0;
		const after = before + jobs;
		this.used[way.slot] = after;
		this.held[slot.server] = (this.held[slot.server] ?? 0) + jobs;
		const loads = Number(after > 0) - Number(before > 0);
		this.cost += jobs * way.cost + loads * slot.charge;
		this.quality += jobs * way.quality;
		this.finish[slot.server] =
			(this.finish[slot.server] ?? 0) + jobs * way.seconds + loads * slot.loadSeconds;
	}

	/** How late the servers are that have jobs, as a share of the deadline, summed. */
	lateShare(deadlineSeconds: number): number {
		let share = 0;
		for (let server = 0; server < this.finish.length; server++) {
			if ((this.held[server] ?? 0) === 0) continue;
			const late = (this.finish[server] ?? 0) - deadlineSeconds;
			if (late > GRAIN_SECONDS) share += late / Math.max(deadlineSeconds, 1e-9);
		}
		return share;
	}
}
