/**
 * Which models to load where: every load is a fixed charge, so that a model is loaded only where its jobs bring more
 * than it costs. Owns the search over sets of slots; what runs in an open slot is the knapsack's choice.
 */
import { FULL_EFFORT, solveKnapsack } from './knapsack';
import { type BatchProblem, type Counts, type JobClass, sizeOf, type Way } from './problem';

/** Money that may be spent on best quality, or null: least cost. */
export type Budget = number | null;

export interface SlotChoice {
	counts: Counts;
	/** Runs and the loads of the open slots. */
	cost: number;
	quality: number;
	/** Highest quality (least cost where there is no budget) that any choice can have. */
	bound: number;
	exact: boolean;
	/** Quality per money at the margin; 0 where there is no budget. */
	price: number;
}

/** Sets looked at one by one while they, times ways, are no more than this. */
const MOST_SETS = 4096;
const MOST_WORK = 4_000_000;
/** Evaluations of the search beyond that, times ways. */
const SEARCH_WORK = 60_000_000;

/**
 * @param effort share of the full search
 * @returns null where no choice is within the budget
 */
export function chooseSlots(given: BatchProblem, budget: Budget, effort = 1): SlotChoice | null {
	const charged = chargedSlots(given);
	// a slot that no job could use is never loaded, and must not be paid for
	const payable = new Set(charged);
	const slots = given.slots.map((slot, index) =>
		payable.has(index) ? slot : { ...slot, charge: 0 },
	);
	const problem = { ...given, slots };
	const size = sizeOf(problem);
	const sets = 2 ** charged.length;
	const every = sets <= MOST_SETS && sets * size <= MOST_WORK * effort;
	if (every) return everySet(problem, budget, charged);
	const most = Math.max(40 * effort, (SEARCH_WORK * effort) / size);
	return searchSets(problem, budget, charged, most);
}

function chargedSlots(problem: BatchProblem): number[] {
	const wanted = new Set<number>();
	for (const { ways } of problem.classes) for (const way of ways) wanted.add(way.slot);
	return [...wanted].filter((slot) => (problem.slots[slot]?.charge ?? 0) > 0).sort((a, b) => a - b);
}

/** Exact: a set whose relaxation is no better than the best choice known is not solved. */
function everySet(problem: BatchProblem, budget: Budget, charged: number[]): SlotChoice | null {
	const found: { open: boolean[]; first: SlotChoice }[] = [];
	for (let set = 0; set < 2 ** charged.length; set++) {
		const open = problem.slots.map(() => true);
		charged.forEach((slot, bit) => (open[slot] = (set & (1 << bit)) !== 0));
		const first = evaluate(problem, budget, open, 0);
		if (first !== null) found.push({ open, first });
	}
	found.sort((a, b) => compareBounds(a.first, b.first, budget));
	let best: SlotChoice | null = null;
	let bound = 0;
	let exact = true;
	for (const { open, first } of found) {
		if (best !== null && !canBeat(first, best, budget)) break;
		const choice = first.exact ? first : evaluate(problem, budget, open, FULL_EFFORT);
		if (choice === null) continue;
		exact &&= choice.exact;
		bound = Math.max(bound, choice.bound);
		if (best === null || isBetter(choice, best, budget)) best = choice;
	}
	if (best === null) return null;
	return { ...best, exact, bound: budget === null ? best.cost : exact ? best.quality : bound };
}

function compareBounds(a: SlotChoice, b: SlotChoice, budget: Budget): number {
	return budget === null ? a.cost - b.cost : b.bound - a.bound;
}

function canBeat(first: SlotChoice, best: SlotChoice, budget: Budget): boolean {
	return budget === null ? first.cost <= best.cost : first.bound >= best.quality * (1 - 1e-12);
}

function isBetter(a: SlotChoice, b: SlotChoice, budget: Budget): boolean {
	if (budget === null) {
		const near = 1e-12 * Math.max(1, b.cost);
		if (Math.abs(a.cost - b.cost) > near) return a.cost < b.cost;
		return a.quality > b.quality + 1e-12;
	}
	const near = 1e-12 * Math.max(1, b.quality);
	if (Math.abs(a.quality - b.quality) > near) return a.quality > b.quality;
	return a.cost < b.cost * (1 - 1e-12);
}

/** Closes, opens and exchanges slots while that helps, from all open and from as few as serve everything. */
function searchSets(
	problem: BatchProblem,
	budget: Budget,
	charged: number[],
	most: number,
): SlotChoice | null {
	let left = most;
	const tryOut = (open: boolean[]): SlotChoice | null => {
		left--;
		return evaluate(problem, budget, open, 0);
	};
	const all = problem.slots.map(() => true);
	const lean = leanSet(problem, charged);
	let best: { open: boolean[]; choice: SlotChoice } | null = null;
	for (const start of [lean, all]) {
		let choice = tryOut(start);
		let open = start;
		for (let changed = true; changed && left > 0;) {
			changed = false;
			for (const next of neighbours(open, charged)) {
				if (left <= 0) break;
				const tried = tryOut(next);
				if (tried === null || (choice !== null && !isBetter(tried, choice, budget))) continue;
				[choice, open, changed] = [tried, next, true];
				break;
			}
		}
		if (choice !== null && (best === null || isBetter(choice, best.choice, budget))) {
			best = { open, choice };
		}
	}
	if (best === null) return null;
	const choice = evaluate(problem, budget, best.open, FULL_EFFORT) ?? best.choice;
	return { ...choice, exact: false, bound: boundOf(problem, budget, choice) };
}

/** Each slot the other way round, then each open one exchanged for a closed one. */
function* neighbours(open: boolean[], charged: number[]): Generator<boolean[]> {
	for (const slot of charged) yield changed(open, [slot]);
	for (const out of charged.filter((slot) => open[slot])) {
		for (const into of charged) if (!open[into]) yield changed(open, [out, into]);
	}
}

function changed(open: boolean[], slots: number[]): boolean[] {
	const copy = [...open];
	for (const slot of slots) copy[slot] = !copy[slot];
	return copy;
}

/** Slots that serve what is not served yet at the least cost, one after the other. */
function leanSet(problem: BatchProblem, charged: number[]): boolean[] {
	const isCharged = new Set(charged);
	const open = problem.slots.map((_, slot) => !isCharged.has(slot));
	for (const { ways, count } of problem.classes) {
		if (ways.some((way) => open[way.slot])) continue;
		const cost = (way: Way): number =>
			count * way.cost + (problem.slots[way.slot] as { charge: number }).charge;
		const cheapest = ways.reduce((a, b) => (cost(b) < cost(a) ? b : a));
		open[cheapest.slot] = true;
	}
	return open;
}

function evaluate(
	problem: BatchProblem,
	budget: Budget,
	open: boolean[],
	effort: number,
): SlotChoice | null {
	let charges = 0;
	problem.slots.forEach((slot, index) => (charges += open[index] ? slot.charge : 0));
	if (budget === null) return cheapest(problem, open, charges);
	if (charges > budget) return null;
	const rows: number[][] = [];
	for (const { ways } of problem.classes) {
		const row: number[] = [];
		ways.forEach((way, index) => open[way.slot] && row.push(index));
		if (row.length === 0) return null;
		rows.push(row);
	}
	const classes = problem.classes.map(({ count, ways }, k) => ({
		count,
		cost: (rows[k] as number[]).map((way) => (ways[way] as Way).cost),
		quality: (rows[k] as number[]).map((way) => (ways[way] as Way).quality),
	}));
	const answer = solveKnapsack(classes, budget - charges, effort);
	if (answer === null) return null;
	const counts = problem.classes.map(({ ways }) => new Array<number>(ways.length).fill(0));
	rows.forEach((row, k) =>
		row.forEach((way, i) => ((counts[k] as number[])[way] = answer.counts[k]?.[i] ?? 0)),
	);
	return { ...answer, counts, cost: answer.cost + charges };
}

function cheapest(problem: BatchProblem, open: boolean[], charges: number): SlotChoice | null {
	const counts: Counts = [];
	let cost = charges;
	let quality = 0;
	for (const { count, ways } of problem.classes) {
		let best = -1;
		ways.forEach((way, index) => {
			if (open[way.slot] && (best < 0 || isCheaper(way, ways[best] as Way))) best = index;
		});
		if (best < 0) return null;
		counts.push(ways.map((_, index) => (index === best ? count : 0)));
		cost += count * (ways[best] as Way).cost;
		quality += count * (ways[best] as Way).quality;
	}
	return { counts, cost, quality, bound: cost, exact: true, price: 0 };
}

function isCheaper(a: Way, b: Way): boolean {
	return (a.cost - b.cost || b.quality - a.quality || a.seconds - b.seconds) < 0;
}

/**
 * Every job pays its share of the load it would use, as the choice at hand shares it: a job pays no more than its part,
 * so that no choice comes cheaper than without loads and with these prices.
 */
function boundOf(problem: BatchProblem, budget: Budget, choice: SlotChoice): number {
	const used = problem.slots.map(() => 0);
	const could = problem.slots.map(() => 0);
	problem.classes.forEach(({ ways, count }, k) => {
		for (const slot of new Set(ways.map((way) => way.slot)))
			could[slot] = (could[slot] ?? 0) + count;
		ways.forEach(
			(way, w) => (used[way.slot] = (used[way.slot] ?? 0) + (choice.counts[k]?.[w] ?? 0)),
		);
	});
	const priced = problem.classes.map((jobs, k) =>
		withShares(jobs, problem, (slot) => {
			const all = used[slot] as number;
			if (all === 0) return jobs.count / (could[slot] as number);
			let own = 0;
			jobs.ways.forEach((way, w) => (own += way.slot === slot ? (choice.counts[k]?.[w] ?? 0) : 0));
			return own / all;
		}),
	);
	if (budget === null) {
		return priced.reduce((sum, { count, cost }) => sum + count * Math.min(...cost), 0);
	}
	return solveKnapsack(priced, budget, 0)?.bound ?? choice.quality;
}

function withShares(
	{ count, ways }: JobClass,
	problem: BatchProblem,
	share: (slot: number) => number,
): { count: number; cost: number[]; quality: number[] } {
	const charge = (slot: number): number =>
		((problem.slots[slot]?.charge ?? 0) * share(slot)) / count;
	return {
		count,
		cost: ways.map((way) => way.cost + charge(way.slot)),
		quality: ways.map((way) => way.quality),
	};
}
