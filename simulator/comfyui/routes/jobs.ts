/** /api/jobs (ComfyUI 0.8 and later): queue and history in one flat shape. */
import { type Reply, type RequestContext, json } from '../http';
import type { EndedPrompt, ImageRef } from '../history';
import type { ComfyProcess } from '../process';
import type { QueuedPrompt } from '../prompt-queue';
import type { Route } from '../router';

const STATUSES = ['pending', 'in_progress', 'completed', 'failed'];

type Job = Record<string, unknown> & { status: string; create_time: number | null };

export const jobRoutes: Route[] = [
	{ method: 'GET', pattern: /^\/jobs$/, api: 'required', since08: true, handle: list },
	{
		method: 'GET',
		pattern: /^\/jobs\/([^/]+)$/,
		api: 'required',
		since08: true,
		handle: ({ params }, process) => one(params[0] ?? '', process),
	},
];

function list({ query }: RequestContext, process: ComfyProcess): Reply {
	const statuses =
		query
			.get('status')
			?.split(',')
			.map((status) => status.trim().toLowerCase()) ?? STATUSES;
	const invalid = statuses.filter((status) => !STATUSES.includes(status));
	if (invalid.length > 0) {
		return refused(
			`Invalid status value(s): ${invalid.join(', ')}. Valid values: ${STATUSES.join(', ')}`,
		);
	}
	const sortBy = query.get('sort_by') ?? 'created_at';
	if (!['created_at', 'execution_duration'].includes(sortBy)) {
		return refused("sort_by must be 'created_at' or 'execution_duration'");
	}
	const order = query.get('sort_order') ?? 'desc';
	if (!['asc', 'desc'].includes(order)) return refused("sort_order must be 'asc' or 'desc'");
	const limit = integerOf(query.get('limit'));
	if (Number.isNaN(limit) || (limit !== null && limit <= 0))
		return refused('limit must be a positive integer');
	const offset = integerOf(query.get('offset')) ?? 0;
	if (Number.isNaN(offset) || offset < 0) return refused('offset must be a non-negative integer');
	const workflowId = query.get('workflow_id');
	const jobs = allJobs(process).filter(
		(job) => statuses.includes(job.status) && (!workflowId || job['workflow_id'] === workflowId),
	);
	const sign = order === 'asc' ? 1 : -1;
	const key = sortBy === 'created_at' ? (job: Job) => job.create_time ?? 0 : durationOf;
	jobs.sort((a, b) => sign * (key(a) - key(b)));
	const shown = jobs.slice(offset, limit === null ? undefined : offset + limit);
	const has_more = offset + shown.length < jobs.length;
	return json({ jobs: shown, pagination: { offset, limit, total: jobs.length, has_more } });
}

function one(promptId: string, process: ComfyProcess): Reply {
	const ended = process.history.get(promptId);
	if (ended) {
		return json({
			...endedJob(ended),
			outputs: ended.outputs,
			execution_status: {
				status_str: ended.completed ? 'success' : 'error',
				completed: ended.completed,
				messages: ended.messages,
			},
			workflow: { prompt: ended.prompt.graph, extra_data: ended.prompt.extraData },
		});
	}
	const job = queuedJobs(process).find((candidate) => candidate['id'] === promptId);
	return job ? json(job) : json({ error: 'Job not found' }, 404);
}

function allJobs(process: ComfyProcess): Job[] {
	return [...queuedJobs(process), ...process.history.all().map(endedJob)];
}

function queuedJobs({ queue }: ComfyProcess): Job[] {
	const running = queue.running
		? [{ ...jobOf(queue.running, 'in_progress'), outputs_count: 0 }]
		: [];
	return [
		...running,
		...queue.pending.map((prompt) => ({ ...jobOf(prompt, 'pending'), outputs_count: 0 })),
	];
}

function jobOf(prompt: QueuedPrompt, status: string): Job {
	const png = prompt.extraData['extra_pnginfo'] as { workflow?: { id?: string } } | undefined;
	const workflowId = png?.workflow?.id;
	return {
		id: prompt.promptId,
		status,
		priority: prompt.number,
		create_time: (prompt.extraData['create_time'] as number | undefined) ?? null,
		...(workflowId ? { workflow_id: workflowId } : {}),
	};
}

function endedJob(ended: EndedPrompt): Job {
	const stamp = (event: string): unknown =>
		ended.messages.find(([name]) => name === event)?.[1]['timestamp'];
	const last = ended.messages.at(-1);
	const error = last?.[0] === 'execution_error' ? { execution_error: last[1] } : {};
	const images = Object.entries(ended.outputs).flatMap(([nodeId, ui]) =>
		(ui.images ?? []).map((image): ImageRef & Record<string, unknown> => ({
			...image,
			nodeId,
			mediaType: 'images',
		})),
	);
	const preview = images.find((image) => image.type === 'output') ?? images[0];
	return {
		...jobOf(ended.prompt, ended.completed ? 'completed' : 'failed'),
		execution_start_time: stamp('execution_start'),
		execution_end_time: last?.[1]['timestamp'],
		...error,
		outputs_count: images.length,
		...(preview ? { preview_output: preview } : {}),
	};
}

function durationOf(job: Job): number {
	const [start, end] = [job['execution_start_time'], job['execution_end_time']];
	return typeof start === 'number' && typeof end === 'number' ? end - start : 0;
}

function refused(error: string): Reply {
	return json({ error }, 400);
}

/** NaN where it is no integer. */
function integerOf(value: string | null): number | null {
	if (value === null) return null;
	return /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
}
