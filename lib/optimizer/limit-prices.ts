/**
 * Prices for what is scarce: a second of each server where there is a deadline, money where there is a budget
 * (Lagrangian relaxation by subgradients; Held, Wolfe, Crowder, 1974). Each job then takes what is best at these
 * prices, which gives a bound that knows the deadline, and choices that nearly keep it. Owns the prices; repairs
 * nothing.
 */
import { type Limits, moneyOf, objectiveOf } from './limits';
import { chooseSlots } from './open-slots';
import { chooseAtPrices } from './priced-choice';
import {
	type BatchProblem,
	type Counts,
	sizeOf,
	type Slot,
	totalsOf,
	type Totals,
	type Way,
} from './problem';

/** In units of the objective: cost, or quality where there is a budget. */
export interface LimitPrices {
	/** Of a second, by server. */
	seconds: number[];
	/** Of money on top of what the objective counts. */
	money: number;
}

export interface PricedBound {
	prices: LimitPrices;
	/** No choice within the limits has a lower objective. */
	least: number;
}

/** Ways looked at in all rounds together. */
const WORK = 40_000_000;
/** Share of the effort that a plan without limits is worth, for each round. */
const EFFORT = 0.02;
const PATIENCE = 5;

/** What a way costs at these prices. */
export function pricedWay(
	{ cost, quality, seconds }: Way,
	server: number,
	prices: LimitPrices,
	{ budget }: Limits,
): number {
	const goal = budget === null ? cost : -quality;
	return goal + prices.money * cost + (prices.seconds[server] ?? 0) * seconds;
}

/** What a load costs at these prices. */
export function pricedLoad(
	{ charge, loadSeconds, server }: Slot,
	prices: LimitPrices,
	{ budget }: Limits,
): number {
	const own = budget === null ? 1 : 0;
	return (own + prices.money) * charge + (prices.seconds[server] ?? 0) * loadSeconds;
}

/** What is left of each server's time for this batch. */
export function secondsLeft({ waitSeconds }: BatchProblem, { deadlineSeconds }: Limits): number[] {
	return waitSeconds.map((wait) => Math.max(0, deadlineSeconds - wait));
}

/** The problem at these prices, to be chosen at least cost. */
function pricedProblem(problem: BatchProblem, prices: LimitPrices, limits: Limits): BatchProblem {
	const serverOf = (way: Way): number => problem.slots[way.slot]?.server ?? 0;
	return {
		...problem,
		classes: problem.classes.map(({ count, ways }) => ({
			count,
			ways: ways.map((way) => ({ ...way, cost: pricedWay(way, serverOf(way), prices, limits) })),
		})),
		slots: problem.slots.map((slot) => ({ ...slot, charge: pricedLoad(slot, prices, limits) })),
	};
}

/** What keeping the limits exactly is worth at these prices. */
export function creditOf(prices: LimitPrices, left: readonly number[], budget: number): number {
	let credit = prices.money > 0 ? prices.money * budget : 0;
	left.forEach((seconds, server) => {
		const price = prices.seconds[server] ?? 0;
		if (price > 0) credit += price * seconds;
	});
	return credit;
}

/**
 * @param known objective of a choice that keeps the limits, Infinity where there is none yet
 * @param startMoney price of money to start from
 * @param visit takes the choice of a round; the least objective known within the limits by then
 * @param most rounds
 */
export function priceLimits(
	problem: BatchProblem,
	limits: Limits,
	known: number,
	startMoney: number,
	visit: (counts: Counts, at: LimitPrices) => number,
	most: number,
): PricedBound {
	const size = sizeOf(problem);
	const rounds = Math.max(6, Math.min(most, Math.floor(WORK / (size * 60))));
	const left = secondsLeft(problem, limits);
	const budget = moneyOf(limits);
	let at = startPrices(problem, limits, left, startMoney);
	let best: PricedBound = { prices: at, least: -Infinity };
	let upper = known;
	let step = 1;
	let stale = 0;
	for (let round = 0; round < rounds; round++) {
		const priced = pricedProblem(problem, at, limits);
		const choice = cheapestOf(priced);
		if (choice === null) break;
		const least = choice.bound - creditOf(at, left, budget);
		if (round === 0 || least > best.least + 1e-9 * Math.abs(best.least)) {
			best = { prices: at, least };
			stale = 0;
		} else if (++stale >= PATIENCE) {
			[step, stale] = [step / 2, 0];
			at = best.prices;
		}
		upper = Math.min(upper, visit(choice.counts, at));
		const totals = totalsOf(problem, choice.counts);
		const target = upper < Infinity ? upper : least + 0.1 * Math.abs(objectiveOf(totals, limits));
		if (target - best.least <= 1e-9 * Math.abs(target)) break;
		at = moved(at, excessOf(problem, totals, left, budget), left, budget, step * (target - least));
	}
	return best;
}

function cheapestOf(priced: BatchProblem): { counts: Counts; bound: number } | null {
	const { ranked, bound = 0 } = chooseAtPrices(priced, 1) ?? {};
	const counts = ranked?.[0];
	return counts === undefined ? chooseSlots(priced, null, EFFORT) : { counts, bound };
}

/** What is best at these prices with each of the most promising sets of loads. */
export function promising(
	problem: BatchProblem,
	limits: Limits,
	prices: LimitPrices,
	most: number,
): Counts[] {
	return chooseAtPrices(pricedProblem(problem, prices, limits), most)?.ranked ?? [];
}

function startPrices(
	problem: BatchProblem,
	limits: Limits,
	left: readonly number[],
	money: number,
): LimitPrices {
	// a server that is busy until after the deadline is out of the question
	let worst = 0;
	for (const { count, ways } of problem.classes) {
		for (const way of ways) {
			const goal = limits.budget === null ? way.cost : 1 + money * way.cost;
			if (way.seconds > 0) worst = Math.max(worst, (2 * count * goal) / way.seconds);
		}
	}
	return {
		money: limits.budget === null ? 0 : money,
		seconds: left.map((seconds) => (seconds > 0 ? 0 : worst)),
	};
}

interface Excess {
	seconds: number[];
	money: number;
}

/** What a choice takes above the limits, as a share of them; below zero where it keeps them. */
export function excessOf(
	{ waitSeconds }: BatchProblem,
	{ finishSeconds, cost }: Pick<Totals, 'finishSeconds' | 'cost'>,
	left: readonly number[],
	budget: number,
): Excess {
	return {
		seconds: left.map((most, server) => {
			const taken = (finishSeconds[server] ?? 0) - (waitSeconds[server] ?? 0);
			return most > 0 && most < Infinity ? taken / most - 1 : 0;
		}),
		money: budget > 0 && budget < Infinity ? cost / budget - 1 : 0,
	};
}

/** A step of Polyak's length along the excess; prices stay 0 or more. */
export function moved(
	from: LimitPrices,
	excess: Excess,
	left: readonly number[],
	budget: number,
	distance: number,
): LimitPrices {
	const gradient = [
		...excess.seconds.map((one, server) => effective(one, from.seconds[server] ?? 0)),
		effective(excess.money, from.money),
	];
	const norm = gradient.reduce((sum, one) => sum + one * one, 0);
	if (!(norm > 0)) return from;
	const length = Math.max(0, distance) / norm;
	const next = (price: number, one: number, scale: number): number =>
		one === 0 ? price : Math.max(0, price + (length * one) / scale);
	return {
		seconds: from.seconds.map((price, server) =>
			next(price, gradient[server] ?? 0, left[server] ?? 1),
		),
		money: next(from.money, gradient.at(-1) ?? 0, budget),
	};
}

/** A limit that is not scarce, and has no price to lose, does not count. */
function effective(excess: number, price: number): number {
	return excess < 0 && price <= 0 ? 0 : excess;
}
