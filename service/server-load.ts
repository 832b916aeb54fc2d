/** Who is waiting on a server, for operations that must not get in anybody's way. */
import { RouterError } from '../lib/errors';
import { readOwnJob } from '../lib/fleet/own-jobs';
import type { ComfyUiPort } from '../lib/ports';

export interface ServerLoad {
	running: number;
	pending: number;
	/** Of both: not submitted by this package. */
	foreign: number;
}

/** Reads the queue. */
export async function serverLoad(
	server: Pick<ComfyUiPort, 'queue'>,
	signal?: AbortSignal,
): Promise<ServerLoad> {
	const { running, pending } = await server.queue(signal);
	const foreign = [...running, ...pending].filter((item) => readOwnJob(item.extraData) === null);
	return { running: running.length, pending: pending.length, foreign: foreign.length };
}

export function isIdle({ running, pending }: ServerLoad): boolean {
	return running + pending === 0;
}

/** @param what cannot be done now, as in "VRAM is not freed" */
export function busyError(server: string, load: ServerLoad, what: string): RouterError {
	const { running, pending, foreign } = load;
	const whose = foreign > 0 ? ` (${foreign} of other clients)` : '';
	return new RouterError({
		code: 'SERVER_BUSY',
		message: `${what}: ${server} has ${running} running and ${pending} waiting jobs${whose}.`,
		hint: 'Try again when it is idle, or switch on Force: it delays those jobs.',
	});
}
