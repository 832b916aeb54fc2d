/**
 * Whether a job was begun before, by a worker that is gone. Owns that nothing runs twice: a prompt that a server has,
 * or had, is followed to its end instead of being made again.
 */

/** As many ended prompts as are looked through on each server. */
const HISTORY_ITEMS = 200;

/**
 * @returns {Promise<{server: string, promptId: string, jobId: string, selection?: object} | null>} what to resume
 * @throws where a server does not answer: it may have the prompt, so this is no time to run the job anew
 */
export async function findEarlierRun({ store, pool, clients }, jobId) {
	// logged, and the worker was gone before it could say so in image_job
	const { rows } = await pool.query(
		`select server, prompt_id from model_usage_log
		where job_id = $1 and status = 'success' and prompt_id is not null limit 1`,
		[jobId],
	);
	if (rows[0]) return { server: rows[0].server, promptId: rows[0].prompt_id, jobId };
	const [noted] = await store.findSubmitted({ jobId });
	if (noted) {
		const { server, prompt_id: promptId, selection } = noted;
		return { server, promptId, jobId, selection };
	}
	return await findOnServers(clients, jobId);
}

/** For a worker that was gone between submitting and noting: each prompt carries its job's id. */
async function findOnServers(clients, jobId) {
	const found = await Promise.all(
		clients.map(async (client) => {
			const [queue, history] = await Promise.all([
				client.queue(),
				client.recentHistory(HISTORY_ITEMS),
			]);
			const ended = history.filter((entry) => entry.status === 'success');
			const own = [...queue.running, ...queue.pending, ...ended].find(
				({ extraData }) => extraData?.comfyui_router?.job_id === jobId,
			);
			return own ? [{ server: client.name, promptId: own.promptId, jobId }] : [];
		}),
	);
	return found.flat()[0] ?? null;
}
