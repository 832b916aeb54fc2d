/** The machine's clock as a port. */
import type { Clock } from '../lib/ports';

export const systemClock: Clock = {
	nowMs: () => Date.now(),
	sleep(ms, signal) {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) return reject(signal.reason);
			const cancel = () => {
				clearTimeout(timer);
				reject(signal?.reason);
			};
			const timer = setTimeout(
				() => {
					signal?.removeEventListener('abort', cancel);
					resolve();
				},
				Math.max(0, ms),
			);
			signal?.addEventListener('abort', cancel, { once: true });
		});
	},
};
