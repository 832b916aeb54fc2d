/** /queue, /interrupt and /free. */
import { empty, json } from '../http';
import { promptTuple } from '../prompt-queue';
import type { Route } from '../router';

export const queueRoutes: Route[] = [
	{
		method: 'GET',
		pattern: /^\/queue$/,
		handle: (_, { queue }) =>
			json({
				queue_running: queue.running ? [promptTuple(queue.running)] : [],
				queue_pending: queue.pending.map(promptTuple),
			}),
	},
	{
		method: 'POST',
		pattern: /^\/queue$/,
		handle: async (context, process) => {
			const body = (await context.json()) as { clear?: unknown; delete?: unknown };
			if (body.clear) process.clearPending();
			if (Array.isArray(body.delete)) {
				for (const promptId of body.delete) process.deletePending(String(promptId));
			}
			return empty();
		},
	},
	{
		method: 'POST',
		pattern: /^\/interrupt$/,
		handle: async (context, process) => {
			const promptId = targetOf(await context.body());
			if (!promptId || process.queue.running?.promptId === promptId) process.interrupt();
			return empty();
		},
	},
	{
		method: 'POST',
		pattern: /^\/free$/,
		handle: async (context, process) => {
			const body = (await context.json()) as { unload_models?: unknown; free_memory?: unknown };
			process.free({
				unloadModels: Boolean(body.unload_models),
				freeMemory: Boolean(body.free_memory),
			});
			return empty();
		},
	},
];

/** A body that is missing or no JSON is tolerated here, and means everything. */
function targetOf(body: Buffer): string | null {
	try {
		const parsed = JSON.parse(body.toString('utf8')) as { prompt_id?: unknown };
		return parsed.prompt_id ? String(parsed.prompt_id) : null;
	} catch {
		return null;
	}
}
