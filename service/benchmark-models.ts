/**
 * Measures on a server what a plan asks for: each model cold once, then warm, by ComfyUI's own stamps. Owns that other
 * clients come first: before each run the queue is looked at, and nothing is submitted while anybody waits.
 */
import {
	type BenchmarkPlan,
	type BenchmarkWishes,
	type MeasuredRun,
	planBenchmark,
	type PlannedRun,
	type SuggestedFigure,
	suggestFigures,
} from '../lib/benchmark-plan';
import { benchmarkRow } from '../lib/benchmark-plan/usage';
import type { Catalog } from '../lib/catalog/schema';
import { RouterError } from '../lib/errors';
import type { FleetServer } from '../lib/fleet/types';
import type { Clock, ComfyUiPort, HistoryEntry, RandomPort, UsageStore } from '../lib/ports';
import type { UsageRow } from '../lib/usage/types';
import { readStamps } from '../lib/usage/stamps';
import { buildProbe } from '../lib/workflow/probe-graph';
import { freeVram } from './free-vram';
import { failureOf, runMeasured } from './measured-run';
import { readServer } from './one-server';
import { busyError, isIdle, serverLoad } from './server-load';

/** What to do when another client's job runs or waits before a run of ours. */
export type WhenBusy = 'stop' | 'wait' | 'run';

export interface BenchmarkProgress {
	done: number;
	total: number;
	/** Of the runs that are left, by the estimate. */
	remaining_seconds: number;
	next: PlannedRun;
}

export interface BenchmarkOptions {
	server: ComfyUiPort;
	catalog: Catalog;
	wishes: BenchmarkWishes;
	clock: Clock;
	random: RandomPort;
	/** Gets a row for each run. null: nothing is logged. */
	store: Pick<UsageStore, 'recordUsage'> | null;
	/** Begins each row's job id. Default a random one. */
	jobIdPrefix?: string;
	workflowId?: string | null;
	executionId?: string | null;
	/** True: only plan. Default false. */
	dryRun?: boolean;
	/** Default stop. */
	whenBusy?: WhenBusy;
	/** With `wait`: for an idle server, all in all, ms. Default 600 000. */
	maxWaitMs?: number;
	/** Between two looks, ms. Default 250. */
	pollMs?: number;
	onProgress?: (progress: BenchmarkProgress) => void;
	signal?: AbortSignal;
}

export interface BenchmarkResult {
	plan: BenchmarkPlan;
	/** Empty in a dry run. */
	runs: MeasuredRun[];
	suggestions: SuggestedFigure[];
	/** Why it ended before all was measured; null: it did not. */
	stopped: string | null;
	rows_written: number;
	/** Why the log did not take them all; null: it did, or nothing was to be logged. */
	log_error: string | null;
	/** It took, waiting included. */
	seconds: number;
}

/** A run that takes this much longer than estimated is taken back. */
const PATIENCE_FACTOR = 10;
const LEAST_TIMEOUT_MS = 300_000;
const BUSY_POLL_MS = 2_000;
const SEED_LIMIT = 2 ** 47;

/**
 * @returns what was measured until it ended; a busy server and failed runs are part of the result
 * @throws RouterError OPTIONS_INVALID, COMFYUI_* where the server cannot be read at all, SERVER_BUSY where not even the
 *   first run could begin
 */
export async function benchmarkModels(options: BenchmarkOptions): Promise<BenchmarkResult> {
	const { server, catalog, clock, signal } = options;
	const startedMs = clock.nowMs();
	const state = await readServer(server, catalog, clock, signal);
	const plan = planBenchmark(catalog, state, options.wishes);
	const session = new Session(options, plan);
	if (options.dryRun !== true) await session.run();
	const on = { server: server.name, ...factsOf(state, catalog), nowMs: clock.nowMs() };
	return {
		plan,
		runs: session.measured,
		suggestions: suggestFigures(catalog, session.measured, on),
		stopped: session.stopped,
		rows_written: session.rowsWritten,
		log_error: session.logError,
		seconds: (clock.nowMs() - startedMs) / 1000,
	};
}

function factsOf(
	state: FleetServer,
	catalog: Catalog,
): { gpu: string | null; speedFactor: number } {
	const known = catalog.servers.find(({ name }) => name === state.name);
	return {
		gpu: state.devices[0]?.name ?? null,
		speedFactor: state.speed_factor ?? known?.speed_factor ?? 1,
	};
}

class Session {
	readonly measured: MeasuredRun[] = [];
	stopped: string | null = null;
	rowsWritten = 0;
	logError: string | null = null;
	private readonly failedTargets = new Set<string>();
	private readonly prefix: string;
	private readonly clientId: string;
	private waitedMs = 0;
	private readonly startedMs: number;

	constructor(
		private readonly options: BenchmarkOptions,
		private readonly plan: BenchmarkPlan,
	) {
		this.prefix = options.jobIdPrefix ?? `benchmark/${options.random.uuid()}`;
		this.clientId = options.random.uuid();
		this.startedMs = options.clock.nowMs();
	}

	async run(): Promise<void> {
		const { runs } = this.plan;
		for (const [index, run] of runs.entries()) {
			// what failed once fails again: the rest of that preset and size is left out
			if (this.failedTargets.has(targetOf(run))) continue;
			if (!(await this.isOurTurn()) || this.isOverTime()) return;
			this.options.onProgress?.({
				done: index,
				total: runs.length,
				remaining_seconds: runs.slice(index).reduce((sum, one) => sum + one.estimated_seconds, 0),
				next: run,
			});
			await this.measure(run, index);
			if (this.stopped !== null) return;
		}
	}

	/** The estimate may be far off: that is why it is measured. */
	private isOverTime(): boolean {
		const busyMs = this.options.clock.nowMs() - this.startedMs - this.waitedMs;
		if (busyMs <= this.plan.max_seconds * 1000) return false;
		this.stopped = `The runs take longer than estimated; the limit of ${this.plan.max_seconds} s is reached.`;
		return true;
	}

	/** @throws RouterError SERVER_BUSY where nothing was measured yet */
	private async isOurTurn(): Promise<boolean> {
		const { server, clock, signal, whenBusy = 'stop', maxWaitMs = 600_000 } = this.options;
		for (;;) {
			const load = await serverLoad(server, signal);
			if (isIdle(load) || whenBusy === 'run') return true;
			if (whenBusy === 'stop' || this.waitedMs >= maxWaitMs) {
				const error = busyError(server.name, load, 'The benchmark makes room for other jobs');
				if (this.measured.length === 0) throw error;
				this.stopped = error.message;
				return false;
			}
			const pauseMs = Math.min(BUSY_POLL_MS, Math.max(1, maxWaitMs - this.waitedMs));
			await clock.sleep(pauseMs, signal);
			this.waitedMs += pauseMs;
		}
	}

	private async measure(run: PlannedRun, index: number): Promise<void> {
		const { server, clock, random, signal, pollMs } = this.options;
		if (run.kind === 'cold') await this.unload();
		const promptId = random.uuid();
		const jobId = `${this.prefix}/${index}`;
		const graph = this.graphOf(run, index);
		const submittedMs = clock.nowMs();
		const estimateMs = (run.estimated_seconds + this.queueSeconds()) * 1000;
		const timeoutMs = Math.max(LEAST_TIMEOUT_MS, estimateMs * PATIENCE_FACTOR);
		try {
			const job = { graph, jobId, promptId, clientId: this.clientId };
			const end = await runMeasured(server, job, clock, { timeoutMs, pollMs, signal });
			const measured = measuredOf(run, promptId, end.entry, end.vramPeakBytes);
			this.measured.push(measured);
			if (measured.status !== 'success') this.failedTargets.add(targetOf(run));
			await this.log(measured, end.entry, jobId, submittedMs);
		} catch (error) {
			this.giveUp(run, promptId, error);
		}
	}

	/** A prompt that the server will not have fails its target; a server that is gone ends the benchmark. */
	private giveUp(run: PlannedRun, promptId: string, error: unknown): void {
		if (!(error instanceof RouterError)) throw error;
		const rejected = error.code === 'COMFYUI_PROMPT_REJECTED' || error.code === 'COMFYUI_TIMEOUT';
		if (!rejected && this.measured.length === 0) throw error;
		this.failedTargets.add(targetOf(run));
		this.measured.push({
			...run,
			prompt_id: promptId,
			status: error.code === 'COMFYUI_TIMEOUT' ? 'timeout' : 'error',
			run_seconds: null,
			was_cold: null,
			vram_peak_bytes: null,
			error_message: error.message,
		});
		if (!rejected) this.stopped = error.message;
	}

	private async unload(): Promise<void> {
		const { server, clock, signal, pollMs } = this.options;
		// looked at just before; who comes in between finds the model gone, and nothing else
		await freeVram({ server, clock, force: true, pollMs, signal });
	}

	/** Texts differ as those of real jobs do, so that no run is spared the text encoder. */
	private graphOf(run: PlannedRun, index: number): ReturnType<typeof buildProbe> {
		const { catalog, random } = this.options;
		const model = catalog.models.find(({ name }) => name === run.model_name)!;
		const preset = model.presets.find(({ name }) => name === run.preset)!;
		const { width, height, steps, cfg } = run;
		const { sampler_name, scheduler, loras } = preset;
		const prompt = `A still life on a wooden table in daylight, photograph number ${index + 1}`;
		const parameters = { width, height, steps, cfg, sampler_name, scheduler, loras, prompt };
		return buildProbe(model, parameters, random.integer(SEED_LIMIT));
	}

	/** Other clients' work that a run may have to wait for: unknown, so generous. */
	private queueSeconds(): number {
		return this.options.whenBusy === 'run' ? 600 : 0;
	}

	private async log(
		run: MeasuredRun,
		entry: HistoryEntry,
		jobId: string,
		submittedMs: number,
	): Promise<void> {
		const { store, server, clock, workflowId = null, executionId = null } = this.options;
		if (store === null || this.logError !== null) return;
		const context = {
			jobId,
			server: server.name,
			workflowId,
			executionId,
			submittedMs,
			nowMs: clock.nowMs(),
		};
		const row: UsageRow = benchmarkRow(run, entry, context);
		try {
			const receipts = await store.recordUsage([row]);
			this.rowsWritten += receipts.filter((receipt) => receipt.inserted).length;
		} catch (error) {
			// what was measured is worth more than its log
			if (!(error instanceof RouterError)) throw error;
			this.logError = `${error.message} ${error.hint}`;
		}
	}
}

function targetOf(run: PlannedRun): string {
	return `${run.model_name}/${run.preset}/${run.width}x${run.height}`;
}

function measuredOf(
	run: PlannedRun,
	promptId: string,
	entry: HistoryEntry,
	vramPeakBytes: number | null,
): MeasuredRun {
	const stamps = readStamps(entry);
	return {
		...run,
		prompt_id: promptId,
		status: stamps.status,
		run_seconds: stamps.runSeconds,
		was_cold: stamps.cold,
		vram_peak_bytes: stamps.status === 'success' ? vramPeakBytes : null,
		error_message: failureOf(entry),
	};
}
