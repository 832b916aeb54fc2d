/**
 * Leaving a failing server alone, and finding out that it is well again (a circuit breaker: closed, open, half-open).
 * Pure: failures, successes and the time are arguments. What counts as a failure is the caller's to say.
 */

export type Circuit =
	| { state: 'closed' }
	/** Left alone until then; after it half-open: one may try, and what comes of that decides. */
	| { state: 'open'; untilMs: number; restMs: number };

export interface BreakerOptions {
	/** The first rest; each failure after it doubles it. */
	firstRestMs: number;
	longestRestMs: number;
}

export const CLOSED: Circuit = { state: 'closed' };

/**
 * @param probing somebody is trying already
 * @returns `probe`: one may try, and no second one before it is known what came of it
 */
export function mayUse(circuit: Circuit, nowMs: number, probing: boolean): 'yes' | 'probe' | 'no' {
	if (circuit.state === 'closed') return 'yes';
	return nowMs < circuit.untilMs || probing ? 'no' : 'probe';
}

/** Several failures during one rest are one: those that were under way together do not make it longer. */
export function afterFailure(
	circuit: Circuit,
	nowMs: number,
	{ firstRestMs, longestRestMs }: BreakerOptions,
): Circuit {
	if (circuit.state === 'open' && nowMs < circuit.untilMs) return circuit;
	const restMs =
		circuit.state === 'closed' ? firstRestMs : Math.min(longestRestMs, circuit.restMs * 2);
	return { state: 'open', untilMs: nowMs + restMs, restMs };
}

export function afterSuccess(): Circuit {
	return CLOSED;
}
