/** Resume: the images of a job that was submitted before, waited for as long as wanted. Never submits anything. */
import type { IExecuteFunctions } from 'n8n-workflow';

import type { ComfyUiClient } from '../../adapters/comfyui';
import { RouterError } from '../../lib/errors';
import type { SubmittedPromptStore } from '../../lib/ports';
import { parseSelected } from '../../lib/selection/parse';
import type { SelectedDecision } from '../../lib/selection/types';
import { eachLimited } from '../../service/each-limited';
import type { GenerateOptions, ResumeInput } from '../../service/generate';
import { isRecord, jsonParameter } from '../shared/fields';
import { progressTeller } from './news';
import type { OpenGenerator } from './open-generator';
import { type TakenFile, takeFile } from './output-files';
import { readOptions } from './read-options';
import type { Outcome } from './result-items';

const MS_PER_SECOND = 1000;

export async function resumeAll(
	context: IExecuteFunctions,
	open: OpenGenerator,
): Promise<Outcome[]> {
	const items = context.getInputData();
	const { concurrency = Math.max(1, items.length) } = readOptions(context);
	return await eachLimited(items, concurrency, async (_item, itemIndex): Promise<Outcome> => {
		try {
			return await resumeOne(context, open, itemIndex);
		} catch (error) {
			return { result: null, error, taken: [] };
		}
	});
}

async function resumeOne(
	context: IExecuteFunctions,
	{ generator, servers, store }: OpenGenerator,
	itemIndex: number,
): Promise<Outcome> {
	const input = await toResume(readInput(context, itemIndex), store);
	const server = servers.find(({ name }) => name === input.server);
	const cancel = context.getExecutionCancelSignal?.();
	const { waitSeconds } = readOptions(context, itemIndex);
	const limit =
		waitSeconds === undefined ? undefined : AbortSignal.timeout(waitSeconds * MS_PER_SECOND);
	if (waitSeconds === 0 && server) {
		const place = await placeInQueue(server, input.promptId, cancel);
		if (place) return underway(input, place);
	}
	// with no wait it has ended by now, or is not known: either is told at once
	const waits = limit && waitSeconds !== 0;
	const signal = waits ? AbortSignal.any([limit, ...(cancel ? [cancel] : [])]) : cancel;
	const taken: TakenFile[] = [];
	const options: GenerateOptions = {
		signal,
		onProgress: progressTeller(context, () => itemIndex),
		onOutput: async (file) => void taken.push(await takeFile(context, file, signal)),
	};
	const result = await generator.resume(input, options);
	if (waits && limit.aborted && result.error?.code === 'CANCELLED' && server) {
		const place = await placeInQueue(server, input.promptId, cancel);
		if (place) return underway(input, place);
	}
	const known = { prompt_id: input.promptId, server: input.server };
	return { result, error: result.error, taken, more: known };
}

async function placeInQueue(
	server: ComfyUiClient,
	promptId: string,
	signal?: AbortSignal,
): Promise<'running' | 'pending' | null> {
	const { running, pending } = await server.queue(signal);
	if (running.some((item) => item.promptId === promptId)) return 'running';
	return pending.some((item) => item.promptId === promptId) ? 'pending' : null;
}

function underway({ promptId, server }: ResumeInput, status: 'running' | 'pending'): Outcome {
	const more = { status, prompt_id: promptId, server };
	return { result: null, error: null, taken: [], more };
}

/** What the item says; empty: not given. */
interface GivenRun {
	promptId: string;
	server: string;
	jobId: string;
	selection: SelectedDecision | undefined;
}

function readInput(context: IExecuteFunctions, itemIndex: number): GivenRun {
	const text = (name: string) => String(context.getNodeParameter(name, itemIndex, '') ?? '').trim();
	const given = context.getNodeParameter('resumeSelection', itemIndex, '');
	const selection = given === '' || given == null ? null : jsonParameter(given, 'Selection');
	return {
		promptId: text('promptId'),
		server: text('server'),
		jobId: text('resumeJobId'),
		selection: isRecord(selection) ? parseSelected(selection) : undefined,
	};
}

/** What is not given is looked up in what was noted when the prompt was submitted. */
async function toResume(
	given: GivenRun,
	store: Pick<SubmittedPromptStore, 'findSubmitted'> | null,
): Promise<ResumeInput> {
	const { promptId, jobId } = given;
	const isComplete = promptId !== '' && given.server !== '' && given.selection !== undefined;
	const query = promptId === '' ? { jobId } : { promptId };
	const mayBeNoted = !isComplete && store !== null && (promptId !== '' || jobId !== '');
	const isRunnable = promptId !== '' && given.server !== '';
	// the selection alone is no reason to fail
	const found = mayBeNoted
		? await store.findSubmitted(query).catch((error: unknown) => {
				if (isRunnable) return [];
				throw error;
			})
		: [];
	const [noted] = found;
	const input = {
		promptId: promptId || noted?.prompt_id,
		server: given.server || noted?.server,
	};
	if (!input.promptId) throw nothingToResume('prompt ID', given, store !== null);
	if (!input.server) throw nothingToResume('server', given, store !== null);
	const selection =
		given.selection ?? (noted === undefined ? undefined : parseSelected(noted.selection));
	return {
		promptId: input.promptId,
		server: input.server,
		...(noted ? { jobId: noted.job_id } : {}),
		...(selection ? { selection } : {}),
	};
}

function nothingToResume(what: string, { jobId }: GivenRun, isLookedUp: boolean): RouterError {
	const hint = isLookedUp
		? `The table submitted_prompts holds what is under way${jobId === '' ? '' : `, and nothing of job "${jobId}"`}. What has ended is in model_usage_log.`
		: 'Submit puts prompt_id and server into its items; give both, or the Postgres credential and a job ID.';
	return new RouterError({
		code: 'REQUEST_INVALID',
		message: `The item has no ${what}.`,
		hint,
	});
}
