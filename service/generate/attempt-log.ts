/** Every attempt of one job, as a record of the result and as a usage row. Owns that none is left out of either. */
import type { AttemptState } from '../../lib/execution/attempt-state';
import type { RouterError } from '../../lib/errors';
import type { HistoryEntry } from '../../lib/ports';
import type { Selection } from '../../lib/selection/types';
import { readStamps } from '../../lib/usage/stamps';
import type { UsageRow, UsageStatus } from '../../lib/usage/types';
import type { Way } from './going-lower';
import type { JobContext } from './job-context';
import type { JobInput } from './job-input';
import type { AttemptRecord } from './types';
import { usageRowOf } from './usage-row';

export interface EndedAttempt {
	way: Way;
	promptId: string;
	submittedMs: number;
	/** Default: now. */
	endedMs?: number;
	end: { state: AttemptState; entry: HistoryEntry | null; error: RouterError | null };
	status: UsageStatus;
	slow: boolean;
	unbound: string[];
}

export class AttemptLog {
	readonly records: AttemptRecord[] = [];
	readonly errors: RouterError[] = [];
	private waitingSinceMs: number;

	constructor(
		private readonly context: JobContext,
		private readonly job: Pick<JobInput, 'askedMs' | 'deadlineMs'>,
		private readonly seed: number | null,
	) {
		this.waitingSinceMs = job.askedMs;
	}

	get count(): number {
		return this.records.length;
	}

	/** In the result only: its end is not known yet. */
	record(ended: EndedAttempt): number {
		const endedMs = ended.endedMs ?? this.context.deps.clock.nowMs();
		this.records.push(recordOf(ended, this.count + 1, endedMs, this.seed));
		return endedMs;
	}

	add(ended: EndedAttempt): void {
		const endedMs = this.record(ended);
		this.context.notes?.ended(ended.promptId);
		this.write(
			usageRowOf({
				...this.shared(),
				selection: ended.way.selection,
				attempt: this.count,
				promptId: ended.promptId,
				entry: ended.end.entry,
				status: ended.status,
				errorCode: ended.end.error?.code ?? null,
				errorMessage: ended.end.error?.message ?? null,
				submittedMs: ended.submittedMs,
				endedMs,
			}),
		);
		this.waitingSinceMs = endedMs;
	}

	/** A job that nothing could serve has a row, too. */
	refused(selection: Selection): void {
		const now = this.context.deps.clock.nowMs();
		const nothing = { promptId: null, entry: null, errorCode: null, errorMessage: null };
		this.write(
			usageRowOf({
				...this.shared(),
				...nothing,
				selection,
				attempt: 1,
				status: 'rejected',
				submittedMs: now,
				endedMs: now,
			}),
		);
	}

	private shared() {
		const { deps } = this.context;
		return {
			waitingSinceMs: this.waitingSinceMs,
			askedMs: this.job.askedMs,
			deadlineMs: this.job.deadlineMs,
			workflowId: deps.workflowId ?? null,
			executionId: deps.executionId ?? null,
		};
	}

	private write(row: UsageRow): void {
		void this.context.buffer?.add(row).then((written) => {
			if (!written.logged) this.errors.push(written.error);
		});
	}
}

function recordOf(
	ended: EndedAttempt,
	attempt: number,
	endedMs: number,
	seed: number | null,
): AttemptRecord {
	const { way, end } = ended;
	const { selection } = way;
	const { estimate } = selection;
	const stamps = end.entry ? readStamps(end.entry) : null;
	return {
		attempt,
		server: selection.server,
		model_name: selection.model_name,
		preset: selection.preset,
		prompt_id: ended.promptId,
		state: end.state,
		status: ended.status,
		seed,
		rung: way.rung,
		quality: estimate.quality,
		estimated_seconds: estimate.queue_seconds + estimate.load_seconds + estimate.run_seconds,
		submitted_at: new Date(ended.submittedMs).toISOString(),
		ended_at: new Date(endedMs).toISOString(),
		seconds: Math.max(0, (endedMs - ended.submittedMs) / 1000),
		queue_seconds: stamps?.queueSeconds ?? null,
		run_seconds: stamps?.runSeconds ?? null,
		cold: stamps?.cold ?? null,
		slow_by_paging: ended.slow,
		error_code: end.error?.code ?? null,
		error_message: end.error?.message ?? null,
		unbound: ended.unbound,
	};
}
