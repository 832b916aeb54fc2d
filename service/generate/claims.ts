/** What this process has promised or given to servers: counted in every decision until the servers show it themselves. */
import { observedStepSeconds, type StepObservation } from '../../lib/degradation';
import type { QueuedJob } from '../../lib/fleet/types';
import type { NewReservation } from '../../lib/reservations';
import type { SelectedDecision } from '../../lib/selection/types';

type ClaimNews = Pick<NewReservation, 'remaining_seconds' | 'running' | 'prompt_id' | 'submitted'>;

/** Share of a run that comes after the last step: decoding and saving. */
const TAIL_SHARE = 0.05;
/** A running job is never said to be done. */
const LEAST_REST_SECONDS = 0.05;
/** Observations kept: the speed of now, not of the beginning. */
const KEPT_OBSERVATIONS = 12;

/** One job on its way to a server, or on it. */
export class Claim {
	promptId: string | null = null;
	/** When the server had it; null: not yet. */
	submittedMs: number | null = null;
	startedMs: number | null = null;
	observations: StepObservation[] = [];
	private samplerNode: string | null = null;

	constructor(
		readonly jobId: string,
		readonly selection: SelectedDecision,
		readonly deadlineMs: number,
		private readonly madeMs: number,
		/** Under which other processes know of it. */
		readonly reservationId: string = '',
	) {}

	get server(): string {
		return this.selection.server;
	}

	started(nowMs: number): void {
		this.startedMs ??= nowMs;
	}

	/** Steps of another node begin anew. */
	step(nodeId: string, value: number, max: number, nowMs: number): void {
		this.started(nowMs);
		if (this.samplerNode !== nodeId) this.observations = [];
		this.samplerNode = nodeId;
		this.observations.push({ atMs: nowMs, value, max });
		if (this.observations.length > KEPT_OBSERVATIONS) this.observations.shift();
	}

	get tailSeconds(): number {
		return TAIL_SHARE * this.selection.estimate.run_seconds;
	}

	/** Seconds it still needs of its server; what it was estimated to need where nothing better is known. */
	remainingSeconds(nowMs: number): number {
		const { load_seconds: load, run_seconds: run } = this.selection.estimate;
		const perStep = observedStepSeconds(this.observations);
		const last = this.observations.at(-1);
		if (perStep !== null && last !== undefined) {
			const rest = (last.max - last.value) * perStep + this.tailSeconds;
			return Math.max(LEAST_REST_SECONDS, rest - (nowMs - last.atMs) / 1000);
		}
		const elapsed = this.startedMs === null ? 0 : (nowMs - this.startedMs) / 1000;
		return Math.max(LEAST_REST_SECONDS, load + run - elapsed);
	}

	/** True where a reading of the server that began then must show it, or it is over. */
	isVisibleSince(readingBeganMs: number): boolean {
		return this.submittedMs !== null && this.submittedMs < readingBeganMs;
	}

	/** For other processes, who cannot see it. */
	told(nowMs: number): ClaimNews {
		return {
			remaining_seconds: this.remainingSeconds(nowMs),
			running: this.startedMs !== null,
			prompt_id: this.promptId,
			submitted: this.submittedMs !== null,
		};
	}

	asQueued(nowMs: number, queueNumber: number): QueuedJob {
		return {
			job_id: this.jobId,
			model_name: this.selection.model_name,
			remaining_seconds: this.remainingSeconds(nowMs),
			deadline_seconds: (this.deadlineMs - nowMs) / 1000,
			queue_number: queueNumber,
			running: this.startedMs !== null,
			vram_peak_bytes: this.selection.estimate.vram_peak_bytes,
			prompt_id: this.promptId ?? `claim-${this.madeMs}-${this.jobId}`,
			own: true,
		};
	}
}
