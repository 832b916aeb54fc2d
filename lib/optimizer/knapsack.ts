/**
 * One way for each job so that quality is highest within a budget (multiple-choice knapsack), loads aside. Owns the
 * relaxation, its bound and the greedy start; what is left to gain is searched in knapsack-core.
 */
import { type Hull, hullOf } from './hull';
import { improve } from './knapsack-core';

export interface KnapsackClass {
	count: number;
	cost: ArrayLike<number>;
	quality: ArrayLike<number>;
}

export interface KnapsackAnswer {
	/** `counts[class][way]`. */
	counts: number[][];
	cost: number;
	quality: number;
	/** No choice within the budget has more quality. */
	bound: number;
	/** True where nothing better exists, up to rounding. */
	exact: boolean;
	/** Quality that a unit of money brings at this budget. */
	price: number;
}

interface Step {
	k: number;
	level: number;
	slope: number;
	cost: number;
	quality: number;
}

/** Effort of the search after the relaxation: states kept; 0: none. */
export const FULL_EFFORT = 3000;

const MANY_CLASSES = 300;
const MANY_EFFORT = 60;
const NEGLIGIBLE = 1e-5;

/** Money that rounding may hide, as a share of the budget. */
const ROUNDING = 1e-12;

/** Money of the cheapest choice. */
export function leastCost(classes: readonly KnapsackClass[]): number {
	let sum = 0;
	for (const { count, cost } of classes) sum += count * Math.min(...Array.from(cost));
	return sum;
}

/**
 * @param budget money, Infinity for none
 * @returns null where even the cheapest choice is dearer
 */
export function solveKnapsack(
	classes: readonly KnapsackClass[],
	budget: number,
	effort = FULL_EFFORT,
): KnapsackAnswer | null {
	const hulls = classes.map(({ cost, quality }) => hullOf(cost, quality));
	const start = startAt(classes, hulls);
	if (start.cost > budget) return null;
	const steps = stepsOf(classes, hulls, start.cost, start.topCost, budget);
	const answer = climb(classes, hulls, steps, { ...start, budget });
	if (answer.exact || effort === 0) return answer;
	// many small jobs: what is left to gain is far below what the estimates are worth
	const many = classes.length > MANY_CLASSES;
	if (many && answer.bound - answer.quality <= NEGLIGIBLE * answer.bound) return answer;
	return improve(classes, answer, budget, many ? Math.min(effort, MANY_EFFORT) : effort);
}

function startAt(
	classes: readonly KnapsackClass[],
	hulls: readonly Hull[],
): { cost: number; quality: number; topCost: number; topQuality: number } {
	const sums = { cost: 0, quality: 0, topCost: 0, topQuality: 0 };
	hulls.forEach((hull, k) => {
		const count = classes[k]?.count ?? 0;
		sums.cost += count * (hull.cost[0] as number);
		sums.quality += count * (hull.quality[0] as number);
		sums.topCost += count * (hull.cost.at(-1) as number);
		sums.topQuality += count * (hull.quality.at(-1) as number);
	});
	return sums;
}

/** Every step from one corner to the next, the most quality per money first. None where the money is for all or none. */
function stepsOf(
	classes: readonly KnapsackClass[],
	hulls: readonly Hull[],
	least: number,
	most: number,
	budget: number,
): Step[] {
	if (least === most || most <= budget) return [];
	const steps: Step[] = [];
	hulls.forEach((hull, k) => {
		for (let level = 1; level < hull.ways.length; level++) {
			const cost = (hull.cost[level] as number) - (hull.cost[level - 1] as number);
			const quality = (hull.quality[level] as number) - (hull.quality[level - 1] as number);
			steps.push({ k, level, slope: quality / cost, cost, quality });
		}
	});
	return steps.sort((a, b) => b.slope - a.slope || a.k - b.k || a.level - b.level);
}

interface Climb {
	cost: number;
	quality: number;
	topCost: number;
	topQuality: number;
	budget: number;
}

/** Takes whole steps while the money lasts; the step that breaks it gives the bound. */
function climb(
	classes: readonly KnapsackClass[],
	hulls: readonly Hull[],
	steps: readonly Step[],
	sums: Climb,
): KnapsackAnswer {
	const counts = classes.map(({ cost }) => new Array<number>(cost.length).fill(0));
	const affordable = sums.topCost <= sums.budget;
	hulls.forEach((hull, k) => {
		const way = (affordable ? hull.ways.at(-1) : hull.ways[0]) as number;
		(counts[k] as number[])[way] = classes[k]?.count ?? 0;
	});
	if (affordable) return finished(counts, sums.topCost, sums.topQuality);
	let { cost, quality } = sums;
	const allowed = sums.budget * (1 - ROUNDING);
	for (const step of steps) {
		const row = counts[step.k] as number[];
		const ways = hulls[step.k]?.ways ?? [];
		const from = ways[step.level - 1] as number;
		const to = ways[step.level] as number;
		const all = row[from] as number;
		const fit = Math.max(0, Math.min(all, Math.floor((allowed - cost) / step.cost)));
		row[from] = all - fit;
		row[to] = (row[to] as number) + fit;
		cost += fit * step.cost;
		quality += fit * step.quality;
		if (fit < all) {
			const bound = quality + Math.max(0, sums.budget - cost) * step.slope;
			return { counts, cost, quality, bound, exact: false, price: step.slope };
		}
	}
	return finished(counts, cost, quality);
}

function finished(counts: number[][], cost: number, quality: number): KnapsackAnswer {
	return { counts, cost, quality, bound: quality, exact: true, price: 0 };
}
