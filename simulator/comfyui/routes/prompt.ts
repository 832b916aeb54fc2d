/** GET and POST /prompt: numbers, ids, validation, the queue. */
import { randomUUID } from 'node:crypto';

import type { ApiGraph } from '../../../lib/workflow/graph';
import { type Reply, internalError, json } from '../http';
import type { ComfyProcess } from '../process';
import { IncomparablePrompts } from '../prompt-queue';
import type { Route } from '../router';
import { validatePrompt } from '../validation';
import { noPrompt, pythonText } from '../validation-errors';

/** Kept out of the queue and the history by 0.8. */
const SENSITIVE_KEYS = ['auth_token_comfy_org', 'api_key_comfy_org'];

export const promptRoutes: Route[] = [
	{
		method: 'GET',
		pattern: /^\/prompt$/,
		handle: (_, process) => json({ exec_info: { queue_remaining: process.queue.remaining } }),
	},
	{
		method: 'POST',
		pattern: /^\/prompt$/,
		handle: async (context, process) =>
			submit((await context.json()) as Record<string, unknown>, process),
	},
];

function submit(body: Record<string, unknown>, process: ComfyProcess): Reply {
	const number = numberOf(body, process);
	if (!('prompt' in body)) return json({ error: noPrompt(), node_errors: {} }, 400);
	const targets = body['partial_execution_targets'];
	const validation = validatePrompt(
		body['prompt'] as object,
		Array.isArray(targets) ? targets : null,
		{
			definitions: process.definitions(),
			hasInputFile: (name) => process.disk.readAnnotated(name) !== null,
		},
	);
	if (validation.error) {
		return json({ error: validation.error, node_errors: validation.nodeErrors }, 400);
	}
	const promptId = 'prompt_id' in body ? pythonText(body['prompt_id']) : randomUUID();
	const prompt = {
		number,
		promptId,
		graph: withInputs(body['prompt'] as ApiGraph),
		extraData: extraDataOf(body, process),
		outputs: validation.outputs,
	};
	try {
		process.submit(prompt);
	} catch (error) {
		if (error instanceof IncomparablePrompts) return internalError();
		throw error;
	}
	return json({ prompt_id: promptId, number, node_errors: validation.nodeErrors });
}

/** Nodes that no output needs are not validated and may lack inputs. */
function withInputs(graph: ApiGraph): ApiGraph {
	for (const node of Object.values(graph)) node.inputs ??= {};
	return graph;
}

/** An explicit number leaves the counter alone; anything else moves it, even if the prompt is refused. */
function numberOf(body: Record<string, unknown>, process: ComfyProcess): number {
	if ('number' in body) return pythonFloat(body['number']);
	const number = process.counter;
	process.counter += 1;
	return body['front'] && number !== 0 ? -number : number;
}

/** @throws TypeError where Python's float() would raise */
function pythonFloat(value: unknown): number {
	if (typeof value === 'boolean') return value ? 1 : 0;
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	if (typeof number !== 'number' || Number.isNaN(number)) throw new TypeError('not a float');
	return number;
}

function extraDataOf(
	body: Record<string, unknown>,
	process: ComfyProcess,
): Record<string, unknown> {
	const extraData = { ...(body['extra_data'] as Record<string, unknown> | undefined) };
	if ('client_id' in body) extraData['client_id'] = body['client_id'];
	if (process.version === '0.3.64') return extraData;
	for (const key of SENSITIVE_KEYS) delete extraData[key];
	return { ...extraData, create_time: Date.now() };
}
