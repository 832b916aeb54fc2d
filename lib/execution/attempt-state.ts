/** The life of one attempt. Owns which state may follow which; acts on nothing. */

/**
 * submitted: handed over, the server's answer may be outstanding. queued and running: as the server says.
 * Final: done, failed, oom, interrupted, lost (the server no longer knows the prompt, or is gone itself).
 */
export const ATTEMPT_STATES = [
	'submitted',
	'queued',
	'running',
	'done',
	'failed',
	'oom',
	'interrupted',
	'lost',
] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];

const NEXT: Record<AttemptState, readonly AttemptState[]> = {
	submitted: ['queued', 'running', 'done', 'failed', 'oom', 'interrupted', 'lost'],
	queued: ['running', 'done', 'failed', 'oom', 'interrupted', 'lost'],
	running: ['done', 'failed', 'oom', 'interrupted', 'lost'],
	done: [],
	failed: [],
	oom: [],
	interrupted: [],
	lost: [],
};

/** True where nothing can follow. */
export function isFinal(state: AttemptState): boolean {
	return NEXT[state].length === 0;
}

/**
 * @returns the state after hearing `heard`: news that come late or twice (a poll after an event) change nothing, so
 * that a state never goes back
 */
export function afterHearing(state: AttemptState, heard: AttemptState): AttemptState {
	return NEXT[state].includes(heard) ? heard : state;
}
