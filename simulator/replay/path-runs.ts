/** The runs a server may make by the path bound: every job with every candidate, in slots. Decides nothing. */
import { areInstalled } from '../../lib/router/server-state';
import type { CandidateTable, JobCandidate, ModelLoad } from './candidates';
import type { ServerClass } from './path-servers';
import { PAGING_SLOWDOWN, ROUNDING_SECONDS, type TrueFigures } from './truth';
import type { PendingJob } from './types';

/** Columns by run. Keys number the weights; 0: nothing resident. */
export interface Runs {
	slots: number;
	keys: number;
	initialKey: number;
	job: Int32Array;
	key: Int32Array;
	quality: Float64Array;
	warmSlots: Int32Array;
	coldSlots: Int32Array;
	/** Last slots it may start in; -1: never in time. */
	lastWarm: Int32Array;
	lastCold: Int32Array;
	/** By key: least slots of a run that loads the weights, for nobody or for a job however late; 0: none can. */
	warmUpSlots: Int32Array;
	/** Runs that may start in slot k: `at[from[k]]` to `at[from[k + 1] - 1]`. */
	from: Int32Array;
	at: Int32Array;
}

interface Run {
	job: number;
	/** It could be in time if it started on arrival, warm. */
	inTime: boolean;
	key: string;
	quality: number;
	warmSeconds: number;
	coldSeconds: number;
	/** Loading its weights for nobody. */
	prewarmSeconds: number;
	first: number;
	due: number;
	span: number;
}

/** What a server may have resident when it needs no load, beside the run's own weights: see `ServerClass.freeKeys`. */
export function runsOf(
	jobs: readonly PendingJob[],
	table: CandidateTable,
	truth: TrueFigures,
	server: ServerClass,
	slotSeconds: number,
	slots: number,
): Runs {
	const all = jobs.map((job) =>
		table.of(job).flatMap((candidate) => {
			const load = table.loadOf(candidate.model.name);
			return runOf(job, candidate, load, truth, server, slotSeconds);
		}),
	);
	const runs = all.flatMap((ofJob) => undominated(ofJob.filter(({ inTime }) => inTime)));
	const names = [...new Set(runs.map((run) => run.key))].sort();
	const keyOf = (name: string | null): number => (name === null ? 0 : names.indexOf(name) + 1);
	const inSlots = (seconds: number): number => Math.floor(seconds / slotSeconds);
	const last = (run: Run, seconds: number): number =>
		seconds > run.span + ROUNDING_SECONDS ? -1 : Math.min(slots, run.due) - inSlots(seconds);
	const lastWarm = Int32Array.from(runs, (run) => last(run, run.warmSeconds));
	return {
		slots,
		keys: names.length + 1,
		initialKey: keyOf(server.initialKey),
		job: Int32Array.from(runs, (run) => run.job),
		key: Int32Array.from(runs, (run) => keyOf(run.key)),
		quality: Float64Array.from(runs, (run) => run.quality),
		warmSlots: Int32Array.from(runs, (run) => inSlots(run.warmSeconds)),
		coldSlots: Int32Array.from(runs, (run) => inSlots(run.coldSeconds)),
		lastWarm,
		lastCold: Int32Array.from(runs, (run) => last(run, run.coldSeconds)),
		warmUpSlots: warmUps(all.flat(), names.length + 1, keyOf, inSlots),
		...bySlot(runs, lastWarm, slots),
	};
}

/** Loading ahead, or a run that is late: both leave their weights to the next one. */
function warmUps(
	runs: readonly Run[],
	keys: number,
	keyOf: (name: string) => number,
	inSlots: (seconds: number) => number,
): Int32Array {
	const least = new Float64Array(keys).fill(Infinity);
	for (const { key, coldSeconds, prewarmSeconds } of runs) {
		const k = keyOf(key);
		least[k] = Math.min(least[k] as number, coldSeconds, prewarmSeconds);
	}
	// weights that no run in time needs have no key of their own
	least[0] = 0;
	return Int32Array.from(least, (seconds) => (seconds === Infinity ? 0 : inSlots(seconds)));
}

/** The run on this server, or none where it cannot be done. */
function runOf(
	job: PendingJob,
	candidate: JobCandidate,
	load: ModelLoad | null,
	truth: TrueFigures,
	{ setup, freeKeys }: ServerClass,
	slotSeconds: number,
): Run[] {
	if (!areInstalled(setup.installedFiles, candidate.files)) return [];
	const fits = truth.peakBytes(job, candidate) <= setup.vramTotalBytes - setup.foreignBytes;
	if (!fits && !truth.truth.dynamic_vram) return [];
	const reference = truth.runSeconds(job, candidate, setup.index);
	const warmSeconds = reference * (fits ? 1 : PAGING_SLOWDOWN);
	const span = job.deadlineAtSeconds - job.arrivedAtSeconds;
	const loads = freeKeys.has(candidate.weightsKey) ? 0 : truth.loadSeconds(job, candidate);
	return [
		{
			job: job.index,
			inTime: warmSeconds <= span + ROUNDING_SECONDS,
			key: candidate.weightsKey,
			quality: candidate.quality,
			warmSeconds,
			coldSeconds: warmSeconds + loads,
			prewarmSeconds: load === null ? Infinity : prewarmSeconds(load, truth, setup.index),
			first: Math.floor(job.arrivedAtSeconds / slotSeconds),
			due: Math.floor(job.deadlineAtSeconds / slotSeconds),
			span,
		},
	];
}

/** Of a load for nobody. */
export function prewarmSeconds(load: ModelLoad, truth: TrueFigures, serverIndex: number): number {
	const { loadSeconds, runSeconds } = truth.loadTimes(load, serverIndex);
	return loadSeconds + runSeconds;
}

/** Without those that another run of the same job and weights beats in quality at no more time. */
function undominated(runs: readonly Run[]): Run[] {
	return runs.filter(
		(run, i) =>
			!runs.some(
				(other, k) =>
					k !== i &&
					other.key === run.key &&
					other.quality >= run.quality &&
					other.warmSeconds <= run.warmSeconds &&
					other.coldSeconds <= run.coldSeconds &&
					(k < i || other.quality > run.quality || other.warmSeconds < run.warmSeconds),
			),
	);
}

function bySlot(
	runs: readonly Run[],
	lastWarm: Int32Array,
	slots: number,
): { from: Int32Array; at: Int32Array } {
	const from = new Int32Array(slots + 2);
	const each = (visit: (slot: number, run: number) => void): void =>
		runs.forEach((run, r) => {
			for (let k = run.first; k <= (lastWarm[r] as number); k++) visit(k, r);
		});
	each((slot) => {
		from[slot + 1] = (from[slot + 1] as number) + 1;
	});
	for (let k = 0; k <= slots; k++) from[k + 1] = (from[k + 1] as number) + (from[k] as number);
	const at = new Int32Array(from[slots + 1] as number);
	const next = Int32Array.from(from);
	each((slot, run) => {
		at[next[slot] as number] = run;
		next[slot] = (next[slot] as number) + 1;
	});
	return { from, at };
}
