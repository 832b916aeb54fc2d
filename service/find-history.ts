/** Finds how a prompt ended, waiting for it if asked. Owns which servers are asked and what "not found" means. */
import { RouterError } from '../lib/errors';
import type { Clock, ComfyUiPort, HistoryEntry } from '../lib/ports';

export type HistoryOutcome =
	| { found: true; entry: HistoryEntry }
	/** `pending`: still queued or running. `unknown`: the server answered and does not know it. */
	| { found: false; why: 'pending' | 'unknown' | 'unreachable'; error: RouterError | null };

export interface FindHistoryOptions {
	/** Keep asking this long for a prompt that is still queued or running, ms. Default 0. */
	waitMs?: number;
	/** Between two questions, ms. Default 500. */
	pollMs?: number;
	signal?: AbortSignal;
}

/**
 * @param servers those that may have run it, the likeliest first
 * @returns never rejects for a server's fault
 */
export async function findHistory(
	servers: readonly ComfyUiPort[],
	promptId: string,
	clock: Clock,
	options: FindHistoryOptions = {},
): Promise<HistoryOutcome> {
	const untilMs = clock.nowMs() + (options.waitMs ?? 0);
	const pollMs = options.pollMs ?? 500;
	for (;;) {
		const outcome = await askAll(servers, promptId, options.signal);
		// only a prompt that is there can still end; a server that does not know it will not learn of it
		const hopeful = !outcome.found && outcome.why !== 'unknown';
		if (!hopeful || clock.nowMs() + pollMs > untilMs) return outcome;
		await clock.sleep(pollMs, options.signal);
	}
}

async function askAll(
	servers: readonly ComfyUiPort[],
	promptId: string,
	signal: AbortSignal | undefined,
): Promise<HistoryOutcome> {
	let best: HistoryOutcome = { found: false, why: 'unknown', error: null };
	for (const server of servers) {
		const outcome = await askOne(server, promptId, signal);
		if (outcome.found || outcome.why === 'pending') return outcome;
		if (outcome.why === 'unreachable') best = outcome;
	}
	return best;
}

async function askOne(
	server: ComfyUiPort,
	promptId: string,
	signal: AbortSignal | undefined,
): Promise<HistoryOutcome> {
	try {
		const entry = await server.history(promptId, signal);
		if (entry !== null) return { found: true, entry };
		const queue = await server.queue(signal);
		const queued = [...queue.running, ...queue.pending].some((item) => item.promptId === promptId);
		if (queued) return { found: false, why: 'pending', error: null };
		// it may have ended between the two questions
		const ended = await server.history(promptId, signal);
		if (ended !== null) return { found: true, entry: ended };
		return { found: false, why: 'unknown', error: null };
	} catch (error) {
		if (signal?.aborted) throw error;
		return { found: false, why: 'unreachable', error: error instanceof RouterError ? error : null };
	}
}
