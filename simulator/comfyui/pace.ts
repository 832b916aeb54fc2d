/** Simulated seconds in real timers. Keeps an absolute schedule, so that many short steps do not drift. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

export class Pace {
	private dueMs = 0;

	constructor(
		private readonly speedUp: number,
		private readonly signal: AbortSignal,
	) {}

	/** A job starts: its schedule counts from now. */
	start(): void {
		this.dueMs = Date.now();
	}

	/** Resolves when the simulated time has passed; rejects when the process was killed. */
	async wait(seconds: number): Promise<void> {
		if (!(seconds > 0)) return;
		this.dueMs += (seconds * 1000) / this.speedUp;
		const ahead = this.dueMs - Date.now();
		if (ahead >= 1) await sleep(ahead, undefined, { signal: this.signal });
		else await nextTurn(undefined, { signal: this.signal });
	}
}
