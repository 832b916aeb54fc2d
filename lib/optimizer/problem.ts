/** The bare problem of a batch: classes of identical jobs, their ways, what a model's load costs. Knows no catalog. */

/** One way to run one job of a class: a preset of a model on a server. */
export interface Way {
	/** Money (or GPU seconds where nothing is priced) of one warm run, >= 0. */
	cost: number;
	/** 0 to 1. */
	quality: number;
	/** Mean warm run, seconds. */
	seconds: number;
	/** Index into `BatchProblem.slots`. */
	slot: number;
}

/** Jobs that may run in the same ways. */
export interface JobClass {
	/** How many, >= 1. */
	count: number;
	/** At least one. */
	ways: Way[];
}

/** A model's weights on a server: used by any job, they are loaded there once, unless they are resident already. */
export interface Slot {
	server: number;
	/** Money of the load; 0 where resident. */
	charge: number;
	/** Seconds of the load; 0 where resident. */
	loadSeconds: number;
}

export interface BatchProblem {
	classes: JobClass[];
	slots: Slot[];
	/** Seconds until each server is free. */
	waitSeconds: number[];
}

/** How many jobs of each class run in each way: `counts[class][way]`. */
export type Counts = number[][];

/** What a choice comes to. */
export interface Totals {
	/** Runs and loads. */
	cost: number;
	loadCost: number;
	/** Sum over jobs. */
	quality: number;
	/** Seconds from now until each server is done; its wait where it does nothing. */
	finishSeconds: number[];
	/** When the last server that has a job is done, 0 where none has. */
	lastSeconds: number;
	/** Jobs per slot. */
	used: number[];
}

/** Ways of all classes: what one look at every way costs. */
export function sizeOf({ classes }: BatchProblem): number {
	return classes.reduce((sum, { ways }) => sum + ways.length, 0);
}

/** Adds a choice up. */
export function totalsOf(problem: BatchProblem, counts: Counts): Totals {
	const used = new Array<number>(problem.slots.length).fill(0);
	const finishSeconds = [...problem.waitSeconds];
	let cost = 0;
	let quality = 0;
	problem.classes.forEach((jobs, k) => {
		jobs.ways.forEach((way, w) => {
			const n = counts[k]?.[w] ?? 0;
			if (n === 0) return;
			const server = problem.slots[way.slot]?.server ?? 0;
			cost += n * way.cost;
			quality += n * way.quality;
			used[way.slot] = (used[way.slot] ?? 0) + n;
			finishSeconds[server] = (finishSeconds[server] ?? 0) + n * way.seconds;
		});
	});
	let loadCost = 0;
	const working = new Set<number>();
	problem.slots.forEach((slot, index) => {
		if (used[index] === 0) return;
		loadCost += slot.charge;
		working.add(slot.server);
		finishSeconds[slot.server] = (finishSeconds[slot.server] ?? 0) + slot.loadSeconds;
	});
	let lastSeconds = 0;
	for (const server of working) lastSeconds = Math.max(lastSeconds, finishSeconds[server] ?? 0);
	return { cost: cost + loadCost, loadCost, quality, finishSeconds, lastSeconds, used };
}
