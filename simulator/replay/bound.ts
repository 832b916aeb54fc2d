/**
 * An upper bound on effective quality that no policy can exceed, late or early, clairvoyant or not.
 *
 * Relaxation: every job's true times are known beforehand, models swap for nothing, all servers are one pool whose
 * work can be divided at will, and a job may take a fraction of a candidate (fractional multiple-choice knapsack).
 * What remains is a linear program: choose fractions x[j,c] with sum_c x <= 1 and spread the work w[j,c] over the
 * time slots between arrival and deadline, so that no slot holds more than the pool can do in it. Every real
 * schedule is a feasible point of it: an on-time job did all of its run inside its window, on servers whose time
 * adds up to no more than the pool's. (Loads, lost runs and OOMs only use time on top.)
 *
 * By weak duality every price vector p >= 0 on the slots bounds that program from above:
 *     D(p) = sum_t capacity[t] p[t] + sum_j max(0, max_c (quality[c] - work[c] x min over the window of p)).
 * So the result is a bound whatever the descent below does; its steps only make it tighter.
 */
import { areInstalled } from '../../lib/router/server-state';
import { CandidateTable, type JobCandidate } from './candidates';
import { pendingJobs } from './jobs';
import { pathBound } from './path-bound';
import { setupServers, type ServerSetup } from './server';
import { PAGING_SLOWDOWN, ROUNDING_SECONDS, TrueFigures } from './truth';
import type { PendingJob, ReplayInput } from './types';

export type BoundInput = Omit<ReplayInput, 'policy' | 'calibration'>;

interface BoundOption {
	quality: number;
	/** Seconds at speed factor 1. */
	work: number;
}

interface BoundJob {
	firstSlot: number;
	lastSlot: number;
	options: BoundOption[];
}

const MOST_SLOTS = 4000;
const LEAST_SLOT_SECONDS = 5;
const STEPS = 400;

export interface PooledBound {
	/** On effective quality, 0 to 1. */
	value: number;
	/** What each job gains at the prices found: its own price, to whoever does it. */
	jobPrices: Float64Array;
}

/** @returns the bound on effective quality (0 to 1) */
export function upperBound(input: BoundInput, steps = STEPS): number {
	const { value, jobPrices } = pooledBound(input, steps);
	return Math.min(value, pathBound(input, jobPrices));
}

export function pooledBound(input: BoundInput, steps = STEPS): PooledBound {
	if (input.trace.length === 0) return { value: 0, jobPrices: new Float64Array() };
	const jobs = pendingJobs(input);
	const end = jobs.reduce((latest, job) => Math.max(latest, job.deadlineAtSeconds), 0);
	const slotSeconds = Math.max(LEAST_SLOT_SECONDS, end / MOST_SLOTS);
	const setups = setupServers(input.catalog, input.fleet.servers);
	const capacity = slotCapacity(input, setups, slotSeconds, Math.ceil(end / slotSeconds) + 1);
	const table = new CandidateTable(input.catalog);
	const speeds = setups.map(({ setup }) => setup.speedFactor);
	const truth = new TrueFigures(input.truth, speeds, jobs.length, input.seed);
	const reduced = jobs.map((job) => ({
		firstSlot: Math.floor(job.arrivedAtSeconds / slotSeconds),
		lastSlot: Math.floor(job.deadlineAtSeconds / slotSeconds),
		options: optionsOf(
			job,
			table.of(job),
			truth,
			setups.map(({ setup }) => setup),
		),
	}));
	const { lowest, prices } = descend(reduced, capacity, steps);
	return { value: lowest / jobs.length, jobPrices: jobPricesAt(reduced, prices) };
}

/** What each job gains at these prices of the slots. */
function jobPricesAt(jobs: readonly BoundJob[], prices: Float64Array): Float64Array {
	return Float64Array.from(jobs, ({ firstSlot, lastSlot, options }) => {
		let cheapest = Infinity;
		for (let t = firstSlot; t <= lastSlot; t++) cheapest = Math.min(cheapest, prices[t] as number);
		return options.reduce(
			(gain, { quality, work }) => Math.max(gain, quality - work * cheapest),
			0,
		);
	});
}

/** Work that the pool can do in each slot; servers that are down do none. */
function slotCapacity(
	input: BoundInput,
	setups: readonly { setup: ServerSetup; server: { reachable: boolean } }[],
	slotSeconds: number,
	slots: number,
): Float64Array {
	const capacity = new Float64Array(slots);
	for (const { setup, server } of setups) {
		const outages = input.truth.failures.filter((failure) => failure.server === setup.name);
		if (!server.reachable && outages.length === 0) continue;
		for (let slot = 0; slot < slots; slot++) {
			const from = slot * slotSeconds;
			const to = from + slotSeconds;
			// overlapping outages may be subtracted twice, so only the longest counts: more capacity, still a bound
			const down = outages.reduce((most, { at_seconds: at, for_seconds: span }) => {
				return Math.max(most, Math.min(to, at + span) - Math.max(from, at));
			}, 0);
			capacity[slot] = (capacity[slot] as number) + setup.speedFactor * (slotSeconds - down);
		}
	}
	return capacity;
}

/** What could be on time on some server that is free and warm; by quality, dominated ones left out. */
function optionsOf(
	job: PendingJob,
	candidates: readonly JobCandidate[],
	truth: TrueFigures,
	setups: readonly ServerSetup[],
): BoundOption[] {
	const span = job.deadlineAtSeconds - job.arrivedAtSeconds;
	const options = candidates.flatMap((candidate): BoundOption[] => {
		const works = setups.flatMap((setup): number[] => {
			if (!areInstalled(setup.installedFiles, candidate.files)) return [];
			const fits = truth.peakBytes(job, candidate) <= setup.vramTotalBytes - setup.foreignBytes;
			if (!fits && !truth.truth.dynamic_vram) return [];
			const seconds = truth.runSeconds(job, candidate, setup.index) * (fits ? 1 : PAGING_SLOWDOWN);
			return seconds <= span + ROUNDING_SECONDS ? [seconds * setup.speedFactor] : [];
		});
		return works.length === 0 ? [] : [{ quality: candidate.quality, work: Math.min(...works) }];
	});
	options.sort((a, b) => b.quality - a.quality || a.work - b.work);
	let least = Infinity;
	return options.filter((option) => {
		const useful = option.work < least;
		if (useful) least = option.work;
		return useful;
	});
}

/**
 * Lowers the dual: first the best price that is the same at all times, then subgradient steps of Polyak's length
 * towards a target a little under the lowest value seen.
 * @returns the lowest value seen, and the prices it was seen at
 */
function descend(
	jobs: readonly BoundJob[],
	capacity: Float64Array,
	steps: number,
): { lowest: number; prices: Float64Array } {
	const slots = capacity.length;
	const usage = new Float64Array(slots);
	const scale = priceScale(jobs);
	let prices = new Float64Array(slots);
	let lowest = dual(jobs, capacity, prices, usage, scale);
	for (let level = scale / 64; level <= scale * 4; level *= 1.5) {
		const flat = new Float64Array(slots).fill(level);
		const value = dual(jobs, capacity, flat, usage, scale);
		if (value < lowest) [lowest, prices] = [value, flat];
	}
	const best = Float64Array.from(prices);
	let ambition = 0.02 * lowest;
	let sinceBetter = 0;
	for (let step = 0; step < steps; step++) {
		const value = dual(jobs, capacity, prices, usage, (0.05 * scale) / (1 + step / 20));
		sinceBetter++;
		if (value < lowest) {
			if (value < lowest - 0.05 * ambition) sinceBetter = 0;
			lowest = value;
			best.set(prices);
		}
		if (sinceBetter > 12) [ambition, sinceBetter] = [ambition / 2, 0];
		stepDown(prices, capacity, usage, value - (lowest - ambition));
	}
	return { lowest, prices: best };
}

/** The dual at these prices; leaves in `usage` the work that they attract to each slot. */
function dual(
	jobs: readonly BoundJob[],
	capacity: Float64Array,
	prices: Float64Array,
	usage: Float64Array,
	softness: number,
): number {
	usage.fill(0);
	let value = 0;
	for (const job of jobs) value += respond(job, prices, usage, softness);
	for (let t = 0; t < capacity.length; t++)
		value += (capacity[t] as number) * (prices[t] as number);
	return value;
}

/** Moves against the subgradient by `gap` over its squared length; prices stay non-negative. */
function stepDown(
	prices: Float64Array,
	capacity: Float64Array,
	usage: Float64Array,
	gap: number,
): void {
	let square = 1e-12;
	for (let t = 0; t < prices.length; t++) {
		const gradient = (capacity[t] as number) - (usage[t] as number);
		// a free slot that is not full cannot become cheaper
		if (gradient > 0 && prices[t] === 0) continue;
		square += gradient * gradient;
	}
	const length = gap / square;
	for (let t = 0; t < prices.length; t++) {
		const gradient = (capacity[t] as number) - (usage[t] as number);
		prices[t] = Math.max(0, (prices[t] as number) - length * gradient);
	}
}

/** A typical quality per second of work: the size of prices that matter. */
function priceScale(jobs: readonly BoundJob[]): number {
	let sum = 0;
	let count = 0;
	for (const { options } of jobs) {
		const top = options[0];
		if (!top) continue;
		sum += top.quality / top.work;
		count++;
	}
	return count === 0 ? 1 : sum / count;
}

/**
 * The job's best answer to the prices. Adds its work to `usage`, spread over the (nearly) cheapest slots of its
 * window: any such spread is a direction of descent.
 * @returns its share of the dual value
 */
function respond(
	job: BoundJob,
	prices: Float64Array,
	usage: Float64Array,
	softness: number,
): number {
	let cheapest = Infinity;
	for (let t = job.firstSlot; t <= job.lastSlot; t++) {
		cheapest = Math.min(cheapest, prices[t] as number);
	}
	let gain = 0;
	let work = 0;
	for (const option of job.options) {
		const net = option.quality - option.work * cheapest;
		if (net > gain) [gain, work] = [net, option.work];
	}
	if (work === 0) return gain;
	let total = 0;
	for (let t = job.firstSlot; t <= job.lastSlot; t++) {
		total += Math.exp((cheapest - (prices[t] as number)) / softness);
	}
	for (let t = job.firstSlot; t <= job.lastSlot; t++) {
		const share = Math.exp((cheapest - (prices[t] as number)) / softness) / total;
		usage[t] = (usage[t] as number) + work * share;
	}
	return gain;
}
