/**
 * Makes a placed batch better in which single jobs have deadlines: fewer late jobs first, then the goal. One job at a time
 * takes another way, then all jobs of a model on a server take another model or server, then two jobs change at once, so that
 * one makes room for the other. Owns the neighbourhood; the running order on
 * a server is placement's.
 */
import type { BatchJob, Classified, NamedWay } from './classify';
import {
	lateIn,
	lineUp,
	MOST_WAITING,
	type PlacedJob,
	type RepairLimits,
	type Run,
} from './placement';
import { EXACT_BLOCKS } from './sequence';

/** Effort: what lining up takes, about, in jobs sorted. */
const WORK = 200_000;
const PER_TRY = 50;
/** Larger batches would take many times as long to plan, for what the effort then finds. */
const MOST_JOBS = 40;

/** Sorting, and the search for an order of blocks, again for each late job that may wait. */
function effortOf(jobs: readonly PlacedJob[], late: number): number {
	const blocks = Math.min(EXACT_BLOCKS, 2 * new Set(jobs.map(({ way }) => way.slot)).size);
	const order = (blocks * 2 ** blocks) / 20;
	return (PER_TRY + jobs.length + order) * (1 + Math.min(MOST_WAITING, late));
}

interface Server {
	runs: Run[];
	late: number;
	cost: number;
	quality: number;
	end: number;
}

interface Change {
	placed: PlacedJob;
	from: number;
	way: NamedWay;
	to: number;
}

/** @returns no more late jobs, and with as many no worse cost (quality, where there is a budget) */
export function improveSingles(
	classified: Classified,
	lines: Run[][],
	limits: RepairLimits,
): Run[][] {
	const runs = lines.flat();
	if (
		runs.length > MOST_JOBS ||
		runs.every(({ placed }) => placed.job.deadlineSeconds === Infinity)
	)
		return lines;
	const search = new Search(classified, lines, limits);
	while (search.singles() || search.families() || search.pairs());
	return search.servers.map(({ runs }) => runs);
}

class Search {
	readonly servers: Server[];
	#work = WORK;
	/** A batch that ends too late already must not end later. */
	readonly #latestEnd: number;

	constructor(
		readonly classified: Classified,
		lines: Run[][],
		readonly limits: RepairLimits,
	) {
		this.servers = lines.map((runs, server) => {
			const jobs = runs.map(({ placed }) => placed);
			return this.#weighed(server, lineUp(classified, server, jobs));
		});
		this.#latestEnd = Math.max(limits.deadlineSeconds, ...this.servers.map(({ end }) => end));
	}

	/** Takes every change of one job that helps, in one pass. */
	singles(): boolean {
		let helped = false;
		for (const job of this.#jobs()) {
			for (const change of this.#changesOf(job)) helped = this.#take([change]) || helped;
			if (this.#work <= 0) return false;
		}
		return helped;
	}

	/** Takes the first change of all jobs of a slot to another slot that helps: one of them alone would pay for its load. */
	families(): boolean {
		const { slots } = this.classified;
		for (const into of slots.keys()) {
			for (const out of slots.keys()) {
				if (out === into) continue;
				const changes = this.#changesInto(out, into);
				if (changes.length > 1 && this.#take(changes)) return true;
				if (this.#work <= 0) return false;
			}
		}
		return false;
	}

	/** Of every job in a slot that has a way in the other: to the one that serves the goal best. */
	#changesInto(out: number, into: number): Change[] {
		const from = this.classified.slots[out]?.server ?? 0;
		const to = this.classified.slots[into]?.server ?? 0;
		const worth = ({ cost, quality }: NamedWay): number =>
			this.limits.budget === Infinity ? -cost : quality;
		return (this.servers[from]?.runs ?? []).flatMap(({ placed }) => {
			if (placed.way.slot !== out) return [];
			const ways = this.classified.classes[placed.k]?.ways ?? [];
			const open = ways.filter(({ slot }) => slot === into);
			open.sort((a, b) => worth(b) - worth(a));
			return open.slice(0, 1).map((way) => ({ placed, from, way, to }));
		});
	}

	/** Takes the first change of two jobs that helps. */
	pairs(): boolean {
		const jobs = this.#jobs();
		for (let a = 0; a < jobs.length; a++) {
			for (let b = a + 1; b < jobs.length; b++) {
				const others = this.#changesOf(jobs[b] as BatchJob);
				for (const one of this.#changesOf(jobs[a] as BatchJob)) {
					for (const other of others) {
						if (this.#work <= 0) return false;
						if (this.#take([one, other])) return true;
					}
				}
			}
		}
		return false;
	}

	#jobs(): BatchJob[] {
		return this.servers.flatMap(({ runs }) => runs.map(({ placed }) => placed.job));
	}

	#changesOf(job: BatchJob): Change[] {
		for (const [from, { runs }] of this.servers.entries()) {
			const placed = runs.find((run) => run.placed.job === job)?.placed;
			if (placed === undefined) continue;
			const ways = this.classified.classes[placed.k]?.ways ?? [];
			return ways
				.filter((way) => way !== placed.way)
				.map((way) => ({
					...{ placed, from, way },
					to: this.classified.slots[way.slot]?.server ?? from,
				}));
		}
		return [];
	}

	#take(changes: readonly Change[]): boolean {
		// a change taken in this pass may have made this one out of date
		const stale = changes.some(
			({ placed, from }) => !this.servers[from]?.runs.some((run) => run.placed === placed),
		);
		if (stale) return false;
		const touched = [...new Set(changes.flatMap(({ from, to }) => [from, to]))];
		const next = touched.map((server) => {
			const left = (this.servers[server]?.runs ?? [])
				.map(({ placed }) => placed)
				.filter((placed) => !changes.some((change) => change.placed === placed));
			const come = changes
				.filter(({ to }) => to === server)
				.map(({ placed, way }) => ({ ...placed, way }));
			this.#work -= effortOf([...left, ...come], this.servers[server]?.late ?? 0);
			return this.#weighed(server, lineUp(this.classified, server, [...left, ...come]));
		});
		const before = touched.map((server) => this.servers[server] as Server);
		if (!this.#isBetter(before, next)) return false;
		touched.forEach((server, index) => (this.servers[server] = next[index] as Server));
		return true;
	}

	#isBetter(before: readonly Server[], after: readonly Server[]): boolean {
		if (after.some(({ end }) => end > this.#latestEnd + 1e-9)) return false;
		const more = (of: (server: Server) => number): number => total(after, of) - total(before, of);
		const cost = more((server) => server.cost);
		const { budget } = this.limits;
		if (cost > 0 && total(this.servers, (server) => server.cost) + cost > budget) return false;
		const late = more((server) => server.late);
		if (late !== 0) return late < 0;
		const goal = budget === Infinity ? cost : -more((server) => server.quality);
		return goal < -1e-9 * total(before, (server) => (budget === Infinity ? server.cost : 1));
	}

	#weighed(server: number, runs: Run[]): Server {
		const price = this.classified.prices[server] ?? 0;
		return {
			runs,
			late: lateIn(runs),
			cost: total(runs, (run) => run.placed.way.cost + run.loadSeconds * price),
			quality: total(runs, ({ placed }) => placed.way.quality),
			end: runs.at(-1)?.finishSeconds ?? 0,
		};
	}
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
	return items.reduce((sum, item) => sum + of(item), 0);
}
