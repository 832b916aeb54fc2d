/** Keeps account of how every job ends: exactly once. A second end is a fault of the replay and throws. */
import type { OwnRun, RunningRun } from './server';
import type { JobOutcome, JobStatus, OomEvent, PendingJob } from './types';

export class Ledger {
	readonly ooms: OomEvent[] = [];
	readonly #outcomes = new Map<number, JobOutcome>();
	readonly #attempts = new Map<number, number>();

	constructor(readonly jobCount: number) {}

	get complete(): boolean {
		return this.#outcomes.size === this.jobCount;
	}

	/** In the trace's order. */
	outcomes(): JobOutcome[] {
		return [...this.#outcomes.values()].sort((a, b) => a.index - b.index);
	}

	finish(
		{ job, candidate }: OwnRun,
		running: RunningRun,
		serverIndex: number,
		nowSeconds: number,
	): void {
		this.#end({
			...this.#ended(job, 'done', nowSeconds),
			onTime: nowSeconds <= job.deadlineAtSeconds,
			quality: candidate.quality,
			modelName: candidate.model.name,
			preset: candidate.preset.name,
			serverIndex,
			startedAtSeconds: running.startedAtSeconds,
			loadSeconds: running.loadSeconds,
			runSeconds: running.runSeconds,
			roomBytes: running.roomBytes,
			leastBytes: running.leastBytes,
			attempts: this.#attempt(job.index),
		});
	}

	refuse(job: PendingJob, nowSeconds: number): void {
		this.#end(this.#ended(job, 'rejected', nowSeconds));
	}

	fail(job: PendingJob, nowSeconds: number): void {
		this.#end(this.#ended(job, 'failed', nowSeconds));
	}

	/** A run that was lost with its server. */
	lost(job: PendingJob): void {
		this.#attempt(job.index);
	}

	/** @returns how often this job has run out of memory, this time included */
	outOfMemory(event: OomEvent): number {
		this.ooms.push(event);
		this.#attempt(event.jobIndex);
		return this.ooms.filter((entry) => entry.jobIndex === event.jobIndex).length;
	}

	#attempt(index: number): number {
		const attempts = (this.#attempts.get(index) ?? 0) + 1;
		this.#attempts.set(index, attempts);
		return attempts;
	}

	#ended(job: PendingJob, status: JobStatus, nowSeconds: number): JobOutcome {
		return {
			index: job.index,
			status,
			onTime: false,
			quality: 0,
			modelName: null,
			preset: null,
			serverIndex: null,
			arrivedAtSeconds: job.arrivedAtSeconds,
			deadlineAtSeconds: job.deadlineAtSeconds,
			startedAtSeconds: null,
			endedAtSeconds: nowSeconds,
			loadSeconds: 0,
			runSeconds: 0,
			roomBytes: 0,
			leastBytes: 0,
			attempts: this.#attempts.get(job.index) ?? 0,
		};
	}

	#end(outcome: JobOutcome): void {
		if (this.#outcomes.has(outcome.index)) throw new Error(`Job ${outcome.index} ended twice.`);
		this.#outcomes.set(outcome.index, outcome);
	}
}
