/**
 * Servers that are off and that jobs wait for. Owns how long until each is there, and when it is given up: a server that
 * does not come is as good as none, for a while.
 */

/** Given up after so many times the start that was declared. */
const LONGEST_STARTS = 2;
/** Then left for so long at least: for longer than jobs that nothing can take are held, or they would wait for ever. */
const LEAST_REST_MS = 120_000;
/** A start is never said to be over before the server answers. */
const LEAST_SHARE = 0.1;
const LEAST_SECONDS = 1;
/** Nobody has waited for it since: whatever was to start it has lost the reason. */
const FORGOTTEN_AFTER_MS = 30_000;

interface Waking {
	sinceMs: number;
	wantedMs: number;
}

export class WakingServers {
	private readonly waking = new Map<string, Waking>();
	private readonly givenUp = new Map<string, number>();

	/** A plan has put a job there. */
	want(server: string, nowMs: number): void {
		const known = this.waking.get(server);
		if (known && nowMs - known.wantedMs < FORGOTTEN_AFTER_MS) known.wantedMs = nowMs;
		else this.waking.set(server, { sinceMs: nowMs, wantedMs: nowMs });
	}

	/** It answered. */
	isUp(server: string): void {
		this.waking.delete(server);
		this.givenUp.delete(server);
	}

	/** @returns what is left of its start, seconds; null: it did not come, and is not waited for just now */
	secondsLeft(server: string, coldStartSeconds: number, nowMs: number): number | null {
		const restUntil = this.givenUp.get(server);
		if (restUntil !== undefined && nowMs < restUntil) return null;
		const known = this.waking.get(server);
		if (!known || nowMs - known.wantedMs >= FORGOTTEN_AFTER_MS) return coldStartSeconds;
		const elapsed = (nowMs - known.sinceMs) / 1000;
		if (elapsed >= LONGEST_STARTS * coldStartSeconds) {
			this.waking.delete(server);
			const restMs = Math.max(LEAST_REST_MS, LONGEST_STARTS * coldStartSeconds * 1000);
			this.givenUp.set(server, nowMs + restMs);
			return null;
		}
		const least = Math.max(LEAST_SECONDS, LEAST_SHARE * coldStartSeconds);
		return Math.max(least, coldStartSeconds - elapsed);
	}
}
