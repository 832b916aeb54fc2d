/** What the end of a prompt means: done, out of memory, a failure of the workflow, or stopped by somebody. Pure. */
import type { HistoryEntry } from '../ports';
import type { AttemptState } from './attempt-state';
import { isOutOfMemory } from './oom';

export type EndState = Extract<AttemptState, 'done' | 'failed' | 'oom' | 'interrupted'>;

export function endStateOf(entry: Pick<HistoryEntry, 'status' | 'failure'>): EndState {
	if (entry.status === 'success') return 'done';
	if (entry.status === 'interrupted') return 'interrupted';
	return isOutOfMemory(entry.failure) ? 'oom' : 'failed';
}

/** A run this many times longer than expected is not noise. */
const SLOW_FACTOR = 2;
/** Below this a difference says nothing: ComfyUI's garbage collection alone takes a quarter of a second. */
const LEAST_EXCESS_SECONDS = 2;
/** With more memory than this share of the peak to spare, weights had no reason to be paged. */
const ROOM_TO_SPARE = 1.25;

export interface ObservedRun {
	/** Load and run as they were, seconds; null: unknown. */
	seconds: number | null;
	/** Load and run as estimated, seconds. */
	expectedSeconds: number;
	/** Memory the run could get when it was decided, bytes; null: unknown. */
	availableBytes: number | null;
	/** Its predicted peak, bytes. */
	peakBytes: number;
}

/**
 * True where a run was slow in the way of a model that did not fit: newer ComfyUI pages weights in and out before it
 * runs out of memory, which shows as time. Far over the estimate, and the memory was not ample.
 */
export function isSlowByPaging(run: ObservedRun): boolean {
	if (run.seconds === null || run.availableBytes === null) return false;
	const excess = run.seconds - run.expectedSeconds;
	if (excess < LEAST_EXCESS_SECONDS || run.seconds < SLOW_FACTOR * run.expectedSeconds)
		return false;
	return run.availableBytes < ROOM_TO_SPARE * run.peakBytes;
}
