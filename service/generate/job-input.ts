/** Reads one item into a job: validated, with its deadline as a point in time. Decides nothing. */
import { invalidInput } from '../../lib/errors';
import type { ModelRouter } from '../../lib/router/model-router';
import type { SelectionRequest } from '../../lib/request/schema';
import { parseSelected } from '../../lib/selection/parse';
import type { SelectedDecision } from '../../lib/selection/types';
import { parseGraph } from '../../lib/workflow/parse-graph';
import { unfitModels } from '../../lib/workflow/unfit-models';
import type { GenerateItem } from './types';

export interface JobInput {
	jobId: string;
	/** As the room takes it: deadline absolute, models left out that the caller's graph cannot load. */
	request: Record<string, unknown>;
	/** What of it the caller wrote differently. */
	asked: Partial<SelectionRequest>;
	askedMs: number;
	deadlineMs: number;
	rejectLate: boolean;
	seed: number | null;
	item: GenerateItem;
	/** To be run first, as it is. */
	selection: SelectedDecision | null;
}

/** @throws RouterError REQUEST_INVALID with every problem, NOT_SERVED for a selection that is a rejection, or WORKFLOW_* for the caller's own graph */
export function readJob(
	router: ModelRouter,
	item: GenerateItem,
	nowMs: number,
	newJobId: () => string,
): JobInput {
	const selection = item.selection === undefined ? null : parseSelected(item.selection);
	const raw = selection ? requestOf(selection) : asObject(item.request);
	const written = withFiles(raw, item);
	// without servers nothing is decided, but everything is checked
	const { request, deadline_at } = router.select(
		{ ...written, explain: false },
		{ servers: [] },
		{ nowMs },
	);
	const jobId = request.job_id ?? newJobId();
	const exclude = [...request.exclude_models, ...unfit(router, item, request)];
	return {
		jobId,
		request: {
			...written,
			job_id: jobId,
			deadline_seconds: undefined,
			deadline_at,
			exclude_models: exclude,
		},
		asked: {
			deadline_seconds: request.deadline_seconds,
			deadline_at: request.deadline_at,
			exclude_models: request.exclude_models,
			min_quality: request.min_quality,
			quality: request.quality,
			model_name: request.model_name,
		},
		askedMs: selection ? Math.min(nowMs, Date.parse(selection.selected_at)) : nowMs,
		deadlineMs: Date.parse(deadline_at),
		rejectLate: request.if_late === 'reject',
		seed: request.seed ?? null,
		item: item.workflow === undefined ? item : { ...item, workflow: parseGraph(item.workflow) },
		selection,
	};
}

/** Its time runs since it was made, not since it arrived here. */
function requestOf({ request, job_id, deadline_at }: SelectedDecision): Record<string, unknown> {
	const jobId = job_id ?? request.job_id;
	return { ...request, deadline_seconds: null, deadline_at, ...(jobId ? { job_id: jobId } : {}) };
}

function asObject(request: unknown): Record<string, unknown> {
	if (typeof request === 'object' && request !== null && !Array.isArray(request)) {
		return request as Record<string, unknown>;
	}
	throw invalidInput('REQUEST_INVALID', 'The request', [
		{
			path: '',
			message: 'is not an object',
			hint: 'It holds at least a purpose: {"purpose": "photo"}.',
		},
	]);
}

/** Files that come with the job count as the request's images, unless the caller's own workflow is what takes them. */
function withFiles(
	raw: Record<string, unknown>,
	{ images, mask, workflow }: GenerateItem,
): Record<string, unknown> {
	if (workflow !== undefined) return raw;
	return {
		...raw,
		...(images && images.length > 0 ? { images: images.map((file) => file.filename) } : {}),
		...(mask ? { mask: mask.filename } : {}),
	};
}

/** A pinned model stays: filling in then says why it does not fit. */
function unfit(router: ModelRouter, item: GenerateItem, request: SelectionRequest): string[] {
	if (item.workflow === undefined || request.model_name) return [];
	return unfitModels(parseGraph(item.workflow), router.catalog);
}
