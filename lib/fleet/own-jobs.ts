/** How our own prompts are recognised in a server's queue: by what we attach as `extra_data`. */
import { cleanText } from '../text';

const KEY = 'comfyui_router';

export interface OwnJob {
	job_id: string;
	/** ISO 8601, or null: no deadline. */
	deadline_at: string | null;
}

/** The `extra_data` to submit a prompt of ours with. */
export function ownJobData(job: OwnJob): Record<string, unknown> {
	return { [KEY]: { job_id: job.job_id, deadline_at: job.deadline_at } };
}

const PREWARM = 'prewarm/';

/** The job id of a run that only loads a model. */
export function prewarmJobId(id: string): string {
	return `${PREWARM}${id}`;
}

/** One step at a tiny size says nothing about the times of real jobs. */
export function isPrewarm(extraData: Record<string, unknown> | undefined): boolean {
	return readOwnJob(extraData)?.job_id.startsWith(PREWARM) === true;
}

/** null for a prompt that is not ours. What others wrote there is cut, and a date that is none is dropped. */
export function readOwnJob(extraData: Record<string, unknown> | undefined): OwnJob | null {
	const own = extraData && Object.hasOwn(extraData, KEY) ? extraData[KEY] : undefined;
	if (typeof own !== 'object' || own === null) return null;
	const { job_id, deadline_at } = own as Record<string, unknown>;
	const jobId = cleanText(job_id, 500);
	if (jobId === '') return null;
	const valid = typeof deadline_at === 'string' && !Number.isNaN(Date.parse(deadline_at));
	return { job_id: jobId, deadline_at: valid ? deadline_at : null };
}
