/** Prompts under way, in the table submitted_prompts: noted and looked up through its functions. Retries nothing. */
import type { SubmittedPromptQuery, SubmittedPromptRow } from '../../lib/ports';
import { type RouterPool, withClient } from './pool';

/** Rejects with the driver's error. */
export async function addSubmittedPrompts(
	pool: RouterPool,
	rows: readonly SubmittedPromptRow[],
): Promise<void> {
	await withClient(pool, (client) =>
		client.query(`select ${pool.quotedSchema}.submitted_prompts_add($1::jsonb)`, [
			JSON.stringify(rows),
		]),
	);
}

/** Newest first. Rejects with the driver's error. */
export async function findSubmittedPrompts(
	pool: RouterPool,
	query: SubmittedPromptQuery,
): Promise<SubmittedPromptRow[]> {
	const { rows } = await withClient(pool, (client) =>
		client.query<SubmittedPromptRow>(
			`select prompt_id, job_id, attempt, server, workflow_id, execution_id, selection
			from ${pool.quotedSchema}.submitted_prompts_find($1, $2)`,
			[query.promptId ?? null, query.jobId ?? null],
		),
	);
	return rows;
}
