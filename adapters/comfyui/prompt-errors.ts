/** Why a server refused a graph, in sentences: which node, which input, which file, what to do. */
import { type Problem, RouterError } from '../../lib/errors';
import { cleanText } from '../../lib/text';
import type { CallContext } from './errors';
import { plainObject } from './parse';
import * as schemas from './schemas';

/** The models folder whose file a loader's input names. */
const FOLDER_OF_INPUT: [RegExp, string][] = [
	[/^ckpt_name/, 'checkpoints'],
	[/^unet_name/, 'diffusion_models'],
	[/^clip_name/, 'text_encoders'],
	[/^vae_name/, 'vae'],
	[/^lora(_name)?(_\d+)?$/, 'loras'],
	[/^control_net_name/, 'controlnet'],
	[/^style_model_name/, 'style_models'],
	[/^model_name/, 'upscale_models'],
];
const MODEL_FILE = /\.(safetensors|sft|gguf|ckpt|pth?|bin)$/i;

/** From a 400 of POST /prompt, or from a 200 whose node_errors say that outputs were skipped. */
export function promptRejected(body: unknown, context: CallContext): RouterError {
	const parsed = schemas.rejectionSchema.safeParse(body);
	const nodeErrors = plainObject(body)['node_errors'];
	const error = parsed.data?.error;
	const problems = [...nodeProblems(nodeErrors), ...unknownClass(error)];
	const server = `ComfyUI server "${cleanText(context.server, 100)}"`;
	const shown = problems.slice(0, 3).map((problem) => problem.message);
	const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : '';
	const reason = shown.length > 0 ? `${shown.join(' ')}${more}` : generalReason(error);
	return new RouterError({
		code: 'COMFYUI_PROMPT_REJECTED',
		message: `${server} does not accept the workflow: ${reason}`,
		hint: problems[0]?.hint ?? hintFor(error),
		problems,
	});
}

export function hasNodeErrors(nodeErrors: unknown): boolean {
	return Object.keys(plainObject(nodeErrors)).length > 0;
}

function nodeProblems(nodeErrors: unknown): Problem[] {
	const parsed = schemas.nodeErrorsSchema.safeParse(nodeErrors);
	if (!parsed.success) return [];
	return Object.entries(parsed.data).flatMap(([id, raw]) => {
		const node = schemas.nodeErrorSchema.safeParse(raw).data;
		if (node === undefined) return [];
		const where = `node ${cleanText(id, 60)} (${cleanText(node.class_type, 80) || 'unknown class'})`;
		return node.errors.slice(0, 20).map((error) => nodeProblem(id, where, error));
	});
}

interface NodeError {
	type?: string | null;
	message?: string | null;
	details?: string | null;
	extra_info?: Record<string, unknown> | null;
}

function nodeProblem(id: string, where: string, error: NodeError): Problem {
	const info = plainObject(error.extra_info);
	const input = cleanText(info['input_name'], 80);
	const path = input === '' ? cleanText(id, 60) : `${cleanText(id, 60)}.${input}`;
	const received = cleanText(info['received_value'], 200);
	if (error.type === 'value_not_in_list' && MODEL_FILE.test(received)) {
		return missingFile(path, where, input, received);
	}
	if (error.type === 'required_input_missing') {
		return {
			path,
			message: `${where} lacks its input "${input}".`,
			hint: 'Connect or set that input in ComfyUI and export the workflow again.',
		};
	}
	const valueOfText = /text|prompt/i.test(input) && error.type !== 'return_type_mismatch';
	// ComfyUI quotes the value, which for a text input is the prompt
	const details = valueOfText ? '' : cleanText(error.details, 200);
	const said = [cleanText(error.message, 160) || 'invalid', details].filter((part) => part !== '');
	return {
		path,
		message: `${where}: ${said.join(': ')}.`,
		hint:
			error.type === 'value_not_in_list'
				? 'The server does not know this value: update ComfyUI or its custom nodes, or choose another value.'
				: 'Check that node in ComfyUI.',
	};
}

function missingFile(path: string, where: string, input: string, file: string): Problem {
	const folder = FOLDER_OF_INPUT.find(([pattern]) => pattern.test(input))?.[1];
	const place = folder === undefined ? "ComfyUI's models folder" : `models/${folder}`;
	return {
		path,
		message: `${where} asks for the file "${file}", which the server does not have in ${place}.`,
		hint: `Put "${file}" into ${place} on that server (ComfyUI finds it without a restart), or choose another model.`,
	};
}

/** ComfyUI names the first node whose class it does not have, and says nothing about the others. */
function unknownClass(error: GeneralError): Problem[] {
	if (typeof error !== 'object') return [];
	const id = /Node ID '#([^']{1,60})'/.exec(error.details ?? '')?.[1];
	if (id === undefined || !/does not exist|not found/i.test(error.message ?? '')) return [];
	const message = generalReason(error);
	return [{ path: `${cleanText(id, 60)}.class_type`, message, hint: hintFor(error) }];
}

type GeneralError =
	string | { type?: string | null; message?: string | null; details?: string | null } | undefined;

function generalReason(error: GeneralError): string {
	if (typeof error === 'string') return cleanText(error, 300);
	const message = cleanText(error?.message, 200);
	const details = cleanText(error?.details, 200);
	if (error?.type === 'prompt_outputs_failed_validation' && details === '') {
		return 'none of its outputs is valid (links in a circle, or a link to a node that is not there).';
	}
	const said = [message, details === message ? '' : details].filter((part) => part !== '');
	return said.length > 0 ? `${said.join(' ').replace(/\.$/, '')}.` : 'it gave no reason.';
}

function hintFor(error: GeneralError): string {
	const type = typeof error === 'object' ? error?.type : undefined;
	switch (type) {
		case 'invalid_prompt':
			return 'Install the custom node that has this class on that server, or remove the node from the workflow.';
		case 'prompt_no_outputs':
			return 'Add a node that saves, such as Save Image, and export the workflow again.';
		default:
			return 'Run the workflow in ComfyUI itself, then export it again with Workflow > Export (API).';
	}
}
