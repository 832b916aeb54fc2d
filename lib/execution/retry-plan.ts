/** What to do after an attempt that did not bring the image. Owns the limits, so that nothing is tried for ever. */

/** How an attempt ended without success. */
export type Setback =
	/** The server ran out of memory. */
	| 'oom'
	/** The server no longer knows the prompt: it was restarted. */
	| 'lost'
	/** The server does not answer any more. */
	| 'unreachable'
	/** The server would not take the prompt: an error of its own, not of the prompt. */
	| 'refused'
	/** The server says that the prompt names what it does not have. */
	| 'not_installed'
	/** The server does not know a node, or a choice of one, that the built-in workflow needs. */
	| 'unsupported'
	/** It ran, and the file cannot be had: the disk is full, it was deleted and the cache still names it, or the server is gone. */
	| 'output_gone'
	/** The job itself is at fault: a node failed, the graph is invalid, somebody stopped or removed it. */
	| 'faulty';

export type NextStep =
	/** Empty the device, then the same again. */
	| { action: 'free_and_repeat' }
	/** Decide anew, with what was learned. */
	| { action: 'decide_again' }
	| { action: 'give_up' };

/** Attempts of one kind before it is given up. */
const MOST: Record<Setback, number> = {
	oom: 4,
	lost: 4,
	unreachable: 4,
	refused: 5,
	not_installed: 5,
	unsupported: 5,
	output_gone: 1,
	faulty: 0,
};

export interface RetryInput {
	setback: Setback;
	/** How often each kind has happened to this job, this time included. */
	counts: Readonly<Partial<Record<Setback, number>>>;
	/** Seconds until the deadline; negative when past. */
	secondsLeft: number;
	/** True where a late image is not wanted (`if_late: reject`). */
	rejectLate: boolean;
	/** True where the same model on the same server has failed on an emptied device already. */
	freedBefore: boolean;
}

/** Deterministic: the same setback with the same history gives the same step. */
export function stepAfter(input: RetryInput): NextStep {
	const { setback, counts, secondsLeft, rejectLate, freedBefore } = input;
	if ((counts[setback] ?? 1) > MOST[setback]) return { action: 'give_up' };
	if (rejectLate && secondsLeft <= 0) return { action: 'give_up' };
	if (setback === 'oom' && !freedBefore) return { action: 'free_and_repeat' };
	return { action: 'decide_again' };
}
