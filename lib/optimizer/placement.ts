/** Which job runs in which way, and in what order on each server. Owns the deadlines of single jobs. */
import type { BatchJob, Classified, NamedClass, NamedSlot, NamedWay } from './classify';
import type { Counts } from './problem';
import { type Block, sequence } from './sequence';

export interface PlacedJob {
	job: BatchJob;
	/** Index of its class. */
	k: number;
	way: NamedWay;
}

/** A run in its place, seconds from now. */
export interface Run {
	placed: PlacedJob;
	loadSeconds: number;
	startSeconds: number;
	finishSeconds: number;
}

/** Jobs of each server, in no order. */
export type Placement = PlacedJob[][];

/** Effort of moving late jobs: jobs sorted while trying. */
const REPAIR_WORK = 3_000_000;

/** Deals the jobs of every class to the ways chosen for it. */
export function place({ classes, slots, states }: Classified, counts: Counts): Placement {
	const servers: Placement = states.map(() => []);
	classes.forEach((entry, k) => {
		const ways = dealt(entry, counts[k] ?? []);
		entry.jobs.forEach((job, index) => {
			const way = ways[index] as NamedWay;
			servers[(slots[way.slot] as NamedSlot).server]?.push({ job, k, way });
		});
	});
	return servers;
}

/** A way for each job. Jobs with deadlines are spread over the ways, so that no server gets all the urgent ones. */
function dealt({ jobs, ways }: NamedClass, counts: readonly number[]): NamedWay[] {
	const left = ways.map((way, w) => ({ way, all: counts[w] ?? 0, left: counts[w] ?? 0 }));
	const open = left.filter(({ all }) => all > 0);
	return jobs.map(({ deadlineSeconds }) => {
		let take = open.find((entry) => entry.left > 0) as (typeof open)[number];
		if (deadlineSeconds < Infinity) {
			for (const entry of open) if (entry.left / entry.all > take.left / take.all) take = entry;
		}
		take.left--;
		return take.way;
	});
}

/**
 * The running order of one server. A job that would be late whatever comes first must not make others late: as long as
 * that helps, the longest of those up to the first late one of its family waits for the end (Moore, 1968).
 */
export function lineUp(classified: Classified, server: number, jobs: readonly PlacedJob[]): Run[] {
	let best = lineUpWithout(classified, server, jobs, NONE);
	let waiting: ReadonlySet<PlacedJob> = NONE;
	for (let left = Math.min(MOST_WAITING, WAITING_WORK / jobs.length); left >= 1; left--) {
		const next = longestUpToLate(best, waiting);
		if (next === null) break;
		waiting = new Set([...waiting, next]);
		const tried = lineUpWithout(classified, server, jobs, waiting);
		if (!isSooner(tried, best)) break;
		best = tried;
	}
	return best;
}

/** Jobs of one server that are made to wait, and the same times all its jobs. */
export const MOST_WAITING = 12;
const WAITING_WORK = 4000;
const NONE: ReadonlySet<PlacedJob> = new Set();

export function lateIn(runs: readonly Run[]): number {
	return runs.filter(isLate).length;
}

/** Fewer late jobs, or as many and less time spent on loads. */
function isSooner(a: readonly Run[], b: readonly Run[]): boolean {
	if (lateIn(a) !== lateIn(b)) return lateIn(a) < lateIn(b);
	return (a.at(-1)?.finishSeconds ?? 0) < (b.at(-1)?.finishSeconds ?? 0) - 1e-9;
}

function longestUpToLate(runs: readonly Run[], waiting: ReadonlySet<PlacedJob>): PlacedJob | null {
	const late = runs.find((run) => isLate(run) && !waiting.has(run.placed));
	if (late === undefined) return null;
	let longest = late.placed;
	for (const { placed } of runs) {
		if (placed === late.placed) break;
		if (placed.way.slot !== longest.way.slot || waiting.has(placed)) continue;
		if (placed.job.deadlineSeconds < Infinity && placed.way.seconds > longest.way.seconds)
			longest = placed;
	}
	return longest;
}

/** @param waiting jobs whose deadlines are given up */
function lineUpWithout(
	classified: Classified,
	server: number,
	jobs: readonly PlacedJob[],
	waiting: ReadonlySet<PlacedJob>,
): Run[] {
	const groups = groupsOf(classified, jobs, waiting);
	const state = classified.states[server];
	const resident = state?.residentKey ?? null;
	const ready = state?.waitMean ?? 0;
	const order = sequence(
		groups.map(({ block }) => block),
		resident,
		ready,
	);
	const runs: Run[] = [];
	let warm = resident;
	let clock = ready;
	for (const index of order) {
		const { block, members } = groups[index] as Group;
		let load = warm === block.family ? 0 : block.loadSeconds;
		warm = block.family;
		for (const placed of members) {
			const finishSeconds = clock + load + placed.way.seconds;
			runs.push({ placed, loadSeconds: load, startSeconds: clock, finishSeconds });
			clock = finishSeconds;
			load = 0;
		}
	}
	return runs;
}

interface Group {
	block: Block;
	members: PlacedJob[];
}

/** Families, each in two where some of its jobs have a deadline and others wait for another model's. */
function groupsOf(
	{ slots }: Classified,
	jobs: readonly PlacedJob[],
	waiting: ReadonlySet<PlacedJob>,
): Group[] {
	const deadlineOf = (placed: PlacedJob): number =>
		waiting.has(placed) ? Infinity : placed.job.deadlineSeconds;
	const bySlot = new Map<number, PlacedJob[]>();
	for (const placed of jobs) {
		const members = bySlot.get(placed.way.slot);
		if (members === undefined) bySlot.set(placed.way.slot, [placed]);
		else members.push(placed);
	}
	const groups: Group[] = [];
	for (const [index, members] of [...bySlot].sort(([a], [b]) => a - b)) {
		const slot = slots[index] as NamedSlot;
		members.sort((a, b) => ascending(deadlineOf(a), deadlineOf(b)) || byClass(a, b));
		const urgent = members.filter((placed) => deadlineOf(placed) < Infinity);
		const rest = members.filter((placed) => deadlineOf(placed) === Infinity);
		const parts = bySlot.size === 1 ? [members] : [urgent, rest];
		for (const part of parts) if (part.length > 0) groups.push(groupOf(slot, part, deadlineOf));
	}
	return groups;
}

function ascending(a: number, b: number): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

/** Of those with the same deadline or none: the same way together, in the order given. */
function byClass(a: PlacedJob, b: PlacedJob): number {
	return a.k - b.k || a.job.index - b.job.index;
}

function groupOf(
	{ family, coldSeconds }: NamedSlot,
	members: PlacedJob[],
	deadlineOf: (placed: PlacedJob) => number,
): Group {
	let seconds = 0;
	const latestStarts: number[] = [];
	for (const placed of members) {
		seconds += placed.way.seconds;
		const deadline = deadlineOf(placed);
		if (deadline < Infinity) latestStarts.push(deadline - seconds);
	}
	latestStarts.sort((a, b) => a - b);
	const block = { family, loadSeconds: coldSeconds, seconds, latestStarts, jobs: members.length };
	return { block, members };
}

export function isLate({ placed, finishSeconds }: Run): boolean {
	return finishSeconds > placed.job.deadlineSeconds + 1e-9;
}

export interface RepairLimits {
	/** Money for everything; Infinity for none. */
	budget: number;
	/** Seconds by which a server must be done. */
	deadlineSeconds: number;
}

interface Server {
	jobs: PlacedJob[];
	runs: Run[];
	late: number;
	cost: number;
}

/** Moves jobs that would be late to where they and all others are in time. */
export function repairLate(
	classified: Classified,
	placement: Placement,
	limits: RepairLimits,
): Run[][] {
	const measure = (jobs: PlacedJob[], index: number): Server => {
		// no job waits for others yet: that is tried where the search for single jobs begins
		const runs = lineUpWithout(classified, index, jobs, NONE);
		const price = classified.prices[index] ?? 0;
		const seconds = runs.reduce((sum, run) => sum + run.loadSeconds + run.placed.way.seconds, 0);
		return { jobs, runs, late: lateIn(runs), cost: price * seconds };
	};
	const servers = placement.map(measure);
	let slack = limits.budget - servers.reduce((sum, { cost }) => sum + cost, 0);
	const hopeless = new Set<BatchJob>();
	let work = REPAIR_WORK;
	for (;;) {
		const found = firstLate(servers, hopeless);
		if (found === null || work <= 0) break;
		const { placed, from } = found;
		let best: { to: number; source: Server; target: Server; more: number } | null = null;
		for (const way of classified.classes[placed.k]?.ways ?? []) {
			const to = classified.slots[way.slot]?.server ?? from;
			if (way === placed.way || work <= 0) continue;
			const own = servers[from] as Server;
			const other = servers[to] as Server;
			const without = own.jobs.filter((entry) => entry !== placed);
			const moved = { ...placed, way };
			const source = measure(to === from ? [...without, moved] : without, from);
			const target = to === from ? source : measure([...other.jobs, moved], to);
			work -= own.jobs.length + other.jobs.length + 50;
			const gained = own.late + (to === from ? 0 : other.late - target.late) - source.late;
			const before = own.cost + (to === from ? 0 : other.cost);
			const more = source.cost + (to === from ? 0 : target.cost) - before;
			const done = target.runs.at(-1)?.finishSeconds ?? 0;
			if (gained <= 0 || (more > 0 && more > slack) || done > limits.deadlineSeconds + 1e-9)
				continue;
			if (best === null || more < best.more - 1e-15) best = { to, source, target, more };
		}
		if (best === null) {
			hopeless.add(placed.job);
			continue;
		}
		servers[from] = best.source;
		servers[best.to] = best.target;
		slack -= best.more;
	}
	return servers.map(({ runs }) => runs);
}

function firstLate(
	servers: readonly Server[],
	hopeless: ReadonlySet<BatchJob>,
): { placed: PlacedJob; from: number } | null {
	for (let from = 0; from < servers.length; from++) {
		const server = servers[from] as Server;
		if (server.late === 0) continue;
		const run = server.runs.find((one) => isLate(one) && !hopeless.has(one.placed.job));
		if (run) return { placed: run.placed, from };
	}
	return null;
}
