/** A signal that many wait for. */
import { setMaxListeners } from 'node:events';

/** One execution's signal ends all its jobs: Node would warn of a leak at the eleventh listener. @returns the same signal */
export function sharedSignal<T extends AbortSignal | undefined>(signal: T): T {
	if (signal) setMaxListeners(0, signal);
	return signal;
}
