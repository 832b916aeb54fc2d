/** A clock whose time jumps to the next thing that is waited for: hours pass in as long as their work takes. */
import type { Clock } from '../../lib/ports';

interface Sleeper {
	atMs: number;
	wake: () => void;
	isOver: boolean;
}

export class VirtualClock implements Clock {
	private now: number;
	private sleepers: Sleeper[] = [];

	constructor(startMs: number) {
		this.now = startMs;
	}

	nowMs(): number {
		return this.now;
	}

	sleep(ms: number, signal?: AbortSignal): Promise<void> {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) return reject(signal.reason);
			const cancel = () => {
				sleeper.isOver = true;
				reject(signal?.reason);
			};
			const wake = () => {
				signal?.removeEventListener('abort', cancel);
				resolve();
			};
			const sleeper: Sleeper = { atMs: this.now + Math.max(0, ms), wake, isOver: false };
			this.sleepers.push(sleeper);
			signal?.addEventListener('abort', cancel, { once: true });
		});
	}

	/** Runs until the work is done; real work (a database) is waited for before time goes on. */
	async run(work: Promise<unknown>, isBusy: () => boolean): Promise<void> {
		let done = false;
		const ended = work.finally(() => {
			done = true;
		});
		while (!done) {
			await new Promise((resolve) => setImmediate(resolve));
			if (!done && !isBusy()) this.jump();
		}
		await ended;
	}

	private jump(): void {
		const waiting = this.sleepers.filter((one) => !one.isOver);
		const next = Math.min(...waiting.map((one) => one.atMs));
		if (next === Infinity) return;
		this.now = Math.max(this.now, next);
		this.sleepers = waiting.filter((one) => one.atMs > this.now);
		for (const one of waiting) if (one.atMs <= this.now) one.wake();
	}
}
