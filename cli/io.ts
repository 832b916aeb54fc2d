/** The process as commands see it, so that tests can be the process. */
import type { Clock } from '../lib/ports';

export interface Io {
	/** Whole standard input. */
	readStdin(): Promise<string>;
	out(text: string): void;
	err(text: string): void;
	env: Readonly<Record<string, string | undefined>>;
	clock: Clock;
	/** Aborted by SIGINT and SIGTERM: finish what is begun, then end. */
	signal: AbortSignal;
}

/** Done; failed (network, database); a request cannot be served; bad input. */
export const EXIT = { done: 0, failed: 1, unserved: 2, badInput: 64 } as const;
