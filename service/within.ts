/** Waits for work, but not for ever. */
import type { Clock } from '../lib/ports';

/** @returns when the work has ended or the time is up; the work goes on. Rejects as the work does within its time */
export async function within(clock: Clock, work: Promise<unknown>, ms: number): Promise<void> {
	const waited = new AbortController();
	const limit = clock.sleep(ms, waited.signal).catch(() => undefined);
	try {
		await Promise.race([work, limit]);
	} finally {
		waited.abort(new Error('waited'));
	}
}
