/** The task: one row of image_job, from request to image. Owns what is final, and what is worth another try. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { findEarlierRun } from './earlier-run.mjs';

/** Servers or the database are away: the queue tries again later. Anything else is this job's own answer. */
const WORTH_ANOTHER_TRY = /^(COMFYUI_(UNREACHABLE|TIMEOUT|PROMPT_LOST|PROMPT_UNKNOWN)|POSTGRES_)/;

export function imageTask(parts) {
	return async ({ id }, helpers) => {
		const { rows } = await parts.pool.query('select request, status from image_job where id = $1', [
			id,
		]);
		const [job] = rows;
		if (job === undefined || job.status !== 'waiting') return;
		const jobId = `image_job ${id}`;
		// a first try has no past, and need not ask for one
		const earlier = helpers.job.attempts > 1 ? await findEarlierRun(parts, jobId) : null;
		const files = [];
		const options = {
			onOutput: async (file) => void files.push(await save(parts.outFolder, id, file)),
		};
		const result = earlier
			? await parts.generator.resume(earlier, options)
			: (
					await parts.generator.generate([{ request: { ...job.request, job_id: jobId } }], options)
				)[0];
		const { lost } = parts.reservations;
		if (lost) helpers.logger.warn(`Decided without other workers' reservations: ${lost.message}`);
		if (result.error && WORTH_ANOTHER_TRY.test(result.error.code) && mayTryAgain(helpers.job)) {
			throw result.error;
		}
		await finish(parts.pool, id, result, earlier, files);
		helpers.logger.info(`${jobId}: ${result.status}`);
	};
}

function mayTryAgain(job) {
	return job.attempts < job.max_attempts;
}

/** The same job always has the same file names, so that a second try replaces what the first left behind. */
async function save(folder, id, file) {
	await mkdir(folder, { recursive: true });
	// the name is the server's: only letters, digits, dot, dash and underscore of it are taken
	const name = `${id}-${file.filename.replace(/[^\w.-]/g, '_').slice(-100)}`;
	const path = join(folder, name);
	const { stream } = await file.open();
	await pipeline(stream, createWriteStream(`${path}.part`));
	await rename(`${path}.part`, path);
	return path;
}

async function finish(pool, id, result, earlier, files) {
	await pool.query(
		`update image_job set status = $2, model_name = $3, server = $4, reason = $5, files = $6, ended_at = now()
		where id = $1 and status = 'waiting'`,
		[
			id,
			result.status === 'done' ? 'done' : 'failed',
			result.selection?.model_name ?? null,
			result.selection?.server ?? earlier?.server ?? null,
			result.reason,
			files,
		],
	);
}
