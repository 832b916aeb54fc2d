/** Resume: the images of a job that was submitted before, waited for as long as wanted. Never submits anything. */
import type { IExecuteFunctions } from 'n8n-workflow';

import type { ComfyUiClient } from '../../adapters/comfyui';
import { RouterError } from '../../lib/errors';
import { parseSelected } from '../../lib/selection/parse';
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
	{ generator, servers }: OpenGenerator,
	itemIndex: number,
): Promise<Outcome> {
	const input = readInput(context, itemIndex);
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

function readInput(context: IExecuteFunctions, itemIndex: number): ResumeInput {
	const text = (name: string) => String(context.getNodeParameter(name, itemIndex, '') ?? '').trim();
	const [promptId, server] = [text('promptId'), text('server')];
	if (promptId === '' || server === '')
		throw nothingToResume(promptId === '' ? 'prompt ID' : 'server');
	const given = context.getNodeParameter('resumeSelection', itemIndex, '');
	const selection = given === '' || given == null ? null : jsonParameter(given, 'Selection');
	return {
		promptId,
		server,
		...(isRecord(selection) ? { selection: parseSelected(selection) } : {}),
	};
}

function nothingToResume(what: string): RouterError {
	return new RouterError({
		code: 'REQUEST_INVALID',
		message: `The item has no ${what}.`,
		hint: 'Submit puts prompt_id and server into its items; give both.',
	});
}
