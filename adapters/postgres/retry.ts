/** Doing a database step again after a lost connection or a conflict. Owns how long and how often; knows no SQL. */
import type { Clock } from '../../lib/ports';
import { isConnectionLoss, isContention } from './errors';

export interface RetryPolicy {
	clock: Clock;
	/** How long to wait for a database that has answered before, ms since the first of the failures in a row. */
	patienceMs(error: unknown): number;
	/** What passes by itself. Default: a lost connection. */
	passes?: (error: unknown) => boolean;
	/** 0 to 1, spreads writers that collided. */
	random(): number;
	/** Aborted: no more waiting, the last failure is final. */
	signal?: AbortSignal;
}

/** Colliding writers settle in at most as many rounds as there are writers; this many means something is broken. */
const MAX_CONFLICTS = 200;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const LONGEST_CONFLICT_PAUSE_MS = 50;

/**
 * @param step safe to repeat, whatever part of it was done
 * @returns what the first complete run returned
 * @throws the last error once the patience is over, and any other error at once
 */
export async function retryLost<T>(policy: RetryPolicy, step: () => Promise<T>): Promise<T> {
	const { passes = isConnectionLoss } = policy;
	let lostSinceMs: number | null = null;
	let pauseMs = FIRST_PAUSE_MS;
	let conflicts = 0;
	for (;;) {
		try {
			return await step();
		} catch (error) {
			if (isContention(error) && conflicts < MAX_CONFLICTS) {
				conflicts += 1;
				await policy.clock.sleep(policy.random() * LONGEST_CONFLICT_PAUSE_MS);
				continue;
			}
			if (!passes(error)) throw error;
			const nowMs = policy.clock.nowMs();
			lostSinceMs ??= nowMs;
			const patient = nowMs - lostSinceMs + pauseMs <= policy.patienceMs(error);
			if (!patient || policy.signal?.aborted) throw error;
			await policy.clock.sleep(pauseMs, policy.signal).catch(() => {
				throw error;
			});
			pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
		}
	}
}
