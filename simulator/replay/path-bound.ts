/**
 * A tighter upper bound: every server follows a path through time, one job after the other, and pays for loads.
 *
 * Kept of reality: a server runs one job at a time and whole, a job that finds other weights resident loads first, a
 * server that goes down loses what runs and what is resident. Weights may be loaded for nobody, and a run that gains
 * nothing, because it is late, leaves its weights to the next one too: both take no less than the shortest of such runs.
 * Relaxed: true times are known beforehand, times are rounded in favour of the schedule, nobody takes memory, and "each
 * job once" is a price instead of a rule. For any prices u >= 0 of the jobs
 *     D(u) = sum_j u[j] + sum_s longest path of server s with the gains quality - u[j]
 * bounds every real schedule from above: its servers walk such paths, so together they gain at most the second sum, and
 * as no job is done twice, the sum of their qualities is at most that gain plus the first sum. So the result is a bound
 * whatever the descent does; its steps only make it tighter.
 *
 * Rounding, in slots: a run from t to e becomes one from floor(t) to floor(t) + floor(e - t) <= floor(e). It starts no
 * earlier than in the slot of its arrival and ends no later than in that of its deadline, and runs that followed one
 * another still do. So the rounded runs of a real schedule are a path.
 */
import { CandidateTable } from './candidates';
import type { BoundInput } from './bound';
import { pendingJobs } from './jobs';
import { classesOf, type Outage, type ServerClass } from './path-servers';
import { prewarmSeconds, runsOf, type Runs } from './path-runs';
import { setupServers } from './server';
import { TrueFigures } from './truth';
import type { PendingJob } from './types';

const STEPS = 160;
/** Starts that a sweep should look at, if runs are long enough for such slots, and that it may look at. */
const FEW_STARTS = 250_000;
const MOST_STARTS = 1_000_000;
const LEAST_SLOT_SECONDS = 0.5;

/**
 * @param prices to begin with, one a job; the better they are, the fewer steps it takes
 * @returns the bound on effective quality; Infinity where it would take too long
 */
export function pathBound(input: BoundInput, prices: Float64Array, steps = STEPS): number {
	const jobs = pendingJobs(input);
	if (jobs.length === 0) return 0;
	const table = new CandidateTable(input.catalog);
	const setups = setupServers(input.catalog, input.fleet.servers);
	const speeds = setups.map(({ setup }) => setup.speedFactor);
	const truth = new TrueFigures(input.truth, speeds, jobs.length, input.seed);
	const slotSeconds = slotFor(jobs, table, truth);
	if (slotSeconds === null) return Infinity;
	const end = jobs.reduce((latest, job) => Math.max(latest, job.deadlineAtSeconds), 0);
	const slots = Math.floor(end / slotSeconds) + 1;
	const walks = classesOf(input, table).map((server) => ({
		server,
		sweep: new Sweep(runsOf(jobs, table, truth, server, slotSeconds, slots), server, slotSeconds),
	}));
	return descend(walks, jobs.length, prices, steps) / jobs.length;
}

/** Short enough that every run and every load takes a slot, else as long as the number of starts wants it. null: too many of them. */
function slotFor(
	jobs: readonly PendingJob[],
	table: CandidateTable,
	truth: TrueFigures,
): number | null {
	let startSeconds = 0;
	let shortest = Infinity;
	for (const job of jobs) {
		const span = job.deadlineAtSeconds - job.arrivedAtSeconds;
		for (const candidate of table.of(job)) {
			const load = table.loadOf(candidate.model.name);
			truth.speedFactors.forEach((_, server) => {
				shortest = Math.min(shortest, truth.runSeconds(job, candidate, server));
				// where nothing is to be loaded, nothing is loaded ahead
				if (load !== null && load.loadSeconds > 0)
					shortest = Math.min(shortest, prewarmSeconds(load, truth, server));
			});
			startSeconds += Math.max(0, span - candidate.runSeconds);
		}
	}
	const slot = Math.min(shortest, Math.max(LEAST_SLOT_SECONDS, startSeconds / FEW_STARTS));
	return startSeconds / slot > MOST_STARTS ? null : slot;
}

interface Walk {
	server: ServerClass;
	sweep: Sweep;
}

/** Weight of the newest paths in the mixture of paths that tells the direction. */
const NEWEST_SHARE = 0.1;
/** What a step aims below the lowest value seen, as a share of it. */
const AMBITION = 0.03;
const MOST_REDS = 12;
/** Steps after which it is given up where none was any better. */
const PATIENCE = 30;

/** The volume algorithm (Barahona and Anbil 2000): steps against a mixture of the paths seen. @returns the lowest value */
function descend(
	walks: readonly Walk[],
	count: number,
	start: Float64Array,
	steps: number,
): number {
	const centre = Float64Array.from(start);
	const prices = Float64Array.from(start);
	const visits = new Float64Array(count);
	let lowest = valueAt(walks, prices, visits);
	const mixture = Float64Array.from(visits);
	let boldness = 1;
	const first = lowest;
	let reds = 0;
	for (let step = 0; step < steps; step++) {
		// many servers that are alike: mixtures of their paths come to the pool again
		if (step === PATIENCE && lowest === first) return lowest;
		let square = 1e-12;
		for (let j = 0; j < count; j++) square += slope(centre, mixture, j) ** 2;
		const length = (boldness * AMBITION * lowest) / square;
		for (let j = 0; j < count; j++) {
			prices[j] = Math.max(0, (centre[j] as number) - length * slope(centre, mixture, j));
		}
		const value = valueAt(walks, prices, visits);
		const better = value < lowest - 1e-9;
		if (better) {
			lowest = value;
			centre.set(prices);
			boldness = Math.min(2, boldness * 1.1);
			reds = 0;
		} else if (++reds > MOST_REDS) {
			boldness *= 0.66;
			reds = 0;
		}
		for (let j = 0; j < count; j++) {
			mixture[j] =
				(1 - NEWEST_SHARE) * (mixture[j] as number) + NEWEST_SHARE * (visits[j] as number);
		}
	}
	return lowest;
}

/** How the value falls with the price; a price of zero cannot fall. */
function slope(prices: Float64Array, visits: Float64Array, j: number): number {
	const by = 1 - (visits[j] as number);
	return by > 0 && prices[j] === 0 ? 0 : by;
}

function valueAt(walks: readonly Walk[], prices: Float64Array, visits: Float64Array): number {
	visits.fill(0);
	let value = 0;
	for (const price of prices) value += price;
	for (const { server, sweep } of walks) {
		value += server.count * sweep.longest(prices);
		sweep.countVisits(visits, server.count);
	}
	return value;
}

/** Longest paths of one kind of server, over and over at other prices. */
class Sweep {
	readonly #value: Float64Array;
	/**
	 * What is done in slot k with the weights m resident: 0 nothing, run + 1 warm, -(run + 1) cold, beyond the runs:
	 * warming up for a key.
	 */
	readonly #choice: Int32Array;
	readonly #gain: Float64Array;
	/** Position in the outages that a slot lies in, -1: none. */
	readonly #isReset: Uint8Array;
	readonly #isDown: Uint8Array;
	/** First slot that a run beginning here may not reach beyond. */
	readonly #until: Int32Array;

	constructor(
		readonly runs: Runs,
		readonly server: ServerClass,
		slotSeconds: number,
	) {
		const nodes = (runs.slots + 1) * runs.keys;
		this.#value = new Float64Array(nodes);
		this.#choice = new Int32Array(nodes);
		this.#gain = new Float64Array(runs.job.length);
		this.#isReset = new Uint8Array(runs.slots + 1);
		this.#isDown = new Uint8Array(runs.slots + 1);
		this.#until = new Int32Array(runs.slots + 1).fill(runs.slots);
		for (const outage of server.outages) this.#markOutage(outage, slotSeconds);
	}

	#markOutage({ fromSeconds, toSeconds }: Outage, slotSeconds: number): void {
		const { slots } = this.runs;
		const from = Math.min(slots, Math.floor(fromSeconds / slotSeconds));
		const to = Math.min(slots, Math.floor(toSeconds / slotSeconds));
		// what is certain: a run begun in an earlier slot that ends in a later one was cut off
		for (let k = 0; k < from; k++) this.#until[k] = Math.min(this.#until[k] as number, from);
		for (let k = from + 1; k <= to; k++) this.#isReset[k] = 1;
		const whole = fromSeconds <= 0 ? 0 : from + 1;
		for (let k = whole; k < to; k++) this.#isDown[k] = 1;
	}

	/** @returns what the best path gains */
	longest(prices: Float64Array): number {
		const { runs } = this;
		const { keys, slots, job, quality, from, at } = runs;
		for (let r = 0; r < job.length; r++) {
			this.#gain[r] = (quality[r] as number) - (prices[job[r] as number] as number);
		}
		this.#value.fill(0, slots * keys);
		this.#choice.fill(0, slots * keys);
		for (let k = slots - 1; k >= 0; k--) {
			this.#idle(k);
			if (this.#isDown[k] === 0) {
				for (let i = from[k] as number; i < (from[k + 1] as number); i++) {
					this.#consider(k, at[i] as number);
				}
				this.#considerWarmUps(k);
			}
			if (this.#isReset[k] === 1) this.#reset(k);
		}
		return this.#value[runs.initialKey] as number;
	}

	#idle(k: number): void {
		const { keys } = this.runs;
		for (let m = 0; m < keys; m++) {
			this.#value[k * keys + m] = this.#value[(k + 1) * keys + m] as number;
			this.#choice[k * keys + m] = 0;
		}
	}

	/** Key 0 is "nothing resident". */
	#reset(k: number): void {
		const { keys } = this.runs;
		for (let m = 1; m < keys; m++) {
			this.#value[k * keys + m] = this.#value[k * keys] as number;
			this.#choice[k * keys + m] = this.#choice[k * keys] as number;
		}
	}

	#consider(k: number, run: number): void {
		const { runs } = this;
		const { keys } = runs;
		const m = runs.key[run] as number;
		const gain = this.#gain[run] as number;
		const until = this.#until[k] as number;
		// a run that gains nothing may still be worth its load
		if (gain > 0 && k <= (runs.lastWarm[run] as number)) {
			const to = k + (runs.warmSlots[run] as number);
			if (to <= until)
				this.#offer(k * keys + m, gain + (this.#value[to * keys + m] as number), run + 1);
		}
		if (k > (runs.lastCold[run] as number)) return;
		const to = k + (runs.coldSlots[run] as number);
		if (to > until) return;
		const value = gain + (this.#value[to * keys + m] as number);
		for (let other = 0; other < keys; other++) {
			if (other !== m) this.#offer(k * keys + other, value, -run - 1);
		}
	}

	#considerWarmUps(k: number): void {
		const { keys, job, warmUpSlots } = this.runs;
		for (let m = 1; m < keys; m++) {
			const span = warmUpSlots[m] as number;
			if (span === 0) continue;
			if (k + span > (this.#until[k] as number)) continue;
			const value = this.#value[(k + span) * keys + m] as number;
			for (let other = 0; other < keys; other++) {
				if (other !== m) this.#offer(k * keys + other, value, -(job.length + m) - 1);
			}
		}
	}

	#offer(node: number, value: number, choice: number): void {
		if (value <= (this.#value[node] as number)) return;
		this.#value[node] = value;
		this.#choice[node] = choice;
	}

	/** Adds to each job how often the best path does it. */
	countVisits(visits: Float64Array, weight: number): void {
		const { runs } = this;
		const { keys, slots } = runs;
		let m = runs.initialKey;
		for (let k = 0; k < slots;) {
			const resident = this.#isReset[k] === 1 ? 0 : m;
			const choice = this.#choice[k * keys + resident] as number;
			m = resident;
			if (choice === 0) {
				k++;
				continue;
			}
			const run = Math.abs(choice) - 1;
			if (run >= runs.job.length) {
				m = run - runs.job.length;
				k += runs.warmUpSlots[m] as number;
				continue;
			}
			const job = runs.job[run] as number;
			visits[job] = (visits[job] as number) + weight;
			k += (choice > 0 ? runs.warmSlots[run] : runs.coldSlots[run]) as number;
			m = runs.key[run] as number;
		}
	}
}
