/** The usage row of one attempt, timed from the moment of asking. Pure. */
import type { AttemptState } from '../../lib/execution/attempt-state';
import type { HistoryEntry } from '../../lib/ports';
import type { Selection } from '../../lib/selection/types';
import { plannedRow, withStamps, withWallTime } from '../../lib/usage/build-row';
import { readSelectionFacts } from '../../lib/usage/selection-facts';
import type { UsageRow, UsageStatus } from '../../lib/usage/types';

export interface AttemptFacts {
	selection: Selection;
	attempt: number;
	promptId: string | null;
	/** null: the server gave no record of it. */
	entry: HistoryEntry | null;
	status: UsageStatus;
	errorCode: string | null;
	errorMessage: string | null;
	/** When the job was asked for (of a later attempt: when the one before it ended), and when this one began; ms. */
	waitingSinceMs: number;
	submittedMs: number;
	endedMs: number;
	askedMs: number;
	deadlineMs: number;
	workflowId: string | null;
	executionId: string | null;
}

/** Time held back in this process counts as queueing. On time is judged by when the image was there. */
export function usageRowOf(facts: AttemptFacts): UsageRow {
	const selection = readSelectionFacts(facts.selection);
	const { status, errorCode, errorMessage, attempt, promptId, workflowId, executionId } = facts;
	const planned = plannedRow(selection, { attempt, promptId, workflowId, executionId });
	if (status === 'rejected') return planned;
	const measured = facts.entry
		? withStamps(planned, selection, facts.entry, facts.endedMs)
		: withWallTime(planned, selection, facts.endedMs, { status });
	const heldSeconds = Math.max(0, (facts.submittedMs - facts.waitingSinceMs) / 1000);
	return {
		...measured,
		status,
		error_code: errorCode ?? measured.error_code,
		error_message: errorMessage ?? measured.error_message,
		deadline_seconds: Math.max(0, (facts.deadlineMs - facts.askedMs) / 1000),
		estimated_seconds: plus(measured.estimated_seconds, heldSeconds),
		queue_seconds: plus(measured.queue_seconds, heldSeconds),
		actual_seconds: facts.entry
			? plus(measured.actual_seconds, heldSeconds)
			: Math.max(0, (facts.endedMs - facts.waitingSinceMs) / 1000),
		on_time: status === 'success' && facts.endedMs <= facts.deadlineMs,
	};
}

function plus(seconds: number | null, more: number): number | null {
	return seconds === null ? null : seconds + more;
}

/** How an attempt that brought no image is logged. */
export function usageStatusOf(state: AttemptState): UsageStatus {
	if (state === 'oom') return 'oom';
	return state === 'interrupted' ? 'cancelled' : 'error';
}
