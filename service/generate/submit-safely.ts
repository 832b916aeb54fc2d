/**
 * Hands a prompt to a server so that it runs there once. POST /prompt is not idempotent and its answer can get lost:
 * after anything but a clear answer the server's queue and history are looked at before anything else is done.
 */
import { RouterError } from '../../lib/errors';
import type { Clock, ComfyUiPort, SubmitPrompt } from '../../lib/ports';
import type { Setback } from '../../lib/execution/retry-plan';

export type SubmitOutcome =
	| { accepted: true; number: number | null }
	| { accepted: false; setback: Setback; error: RouterError };

/** Looks after an unclear answer; the POST may still be on its way through a proxy. */
const LOOKS = 3;
const BETWEEN_LOOKS_MS = 400;

/** @returns never rejects for a server's fault */
export async function submitSafely(
	server: ComfyUiPort,
	prompt: SubmitPrompt,
	clock: Clock,
	signal?: AbortSignal,
): Promise<SubmitOutcome> {
	try {
		// not given the signal: a POST that is cut off may have been accepted all the same
		const receipt = await server.submit(prompt);
		return { accepted: true, number: receipt.number };
	} catch (error) {
		const failure = asRouterError(error);
		if (failure.code === 'COMFYUI_PROMPT_REJECTED') return rejectedPrompt(server, prompt, failure);
		if (isClearRefusal(failure))
			return { accepted: false, setback: setbackOf(failure), error: failure };
		return lookAround(server, prompt, clock, failure, signal);
	}
}

/** The outputs that were valid may have been queued all the same (HTTP 200 with node_errors): taken back. */
async function rejectedPrompt(
	server: ComfyUiPort,
	prompt: SubmitPrompt,
	error: RouterError,
): Promise<SubmitOutcome> {
	await takeBack(server, [prompt.promptId]);
	return { accepted: false, setback: setbackOfRejection(error), error };
}

const LOADER_INPUT = /\.(ckpt_name|unet_name|clip_name\d?|vae_name|lora_name|lora_\d+)$/;

/** What another version of ComfyUI, or one with other custom nodes, knows. */
const VERSION_INPUT = /\.(class_type|type|sampler_name|scheduler)$/;

function setbackOfRejection({ problems }: RouterError): Setback {
	const isAll = (form: RegExp) =>
		problems.length > 0 && problems.every(({ path }) => form.test(path));
	if (isAll(LOADER_INPUT)) return 'not_installed';
	return isAll(VERSION_INPUT) ? 'unsupported' : 'faulty';
}

/** Nothing was queued for certain. */
function isClearRefusal(error: RouterError): boolean {
	return (
		error.code === 'COMFYUI_BAD_REQUEST' ||
		error.code === 'COMFYUI_UNAUTHORIZED' ||
		(error.code === 'COMFYUI_UNREACHABLE' && /connection refused|host name/.test(error.message))
	);
}

function setbackOf(error: RouterError): Setback {
	if (error.code === 'COMFYUI_BAD_REQUEST') return 'faulty';
	return error.code === 'COMFYUI_UNREACHABLE' ? 'unreachable' : 'refused';
}

async function lookAround(
	server: ComfyUiPort,
	{ promptId }: SubmitPrompt,
	clock: Clock,
	error: RouterError,
	signal?: AbortSignal,
): Promise<SubmitOutcome> {
	let answered = false;
	for (let look = 0; look < LOOKS && !signal?.aborted; look++) {
		if (look > 0) await clock.sleep(BETWEEN_LOOKS_MS, signal).catch(() => undefined);
		try {
			const queue = await server.queue(signal);
			const queued = [...queue.running, ...queue.pending].find(
				(item) => item.promptId === promptId,
			);
			if (queued) return { accepted: true, number: queued.number };
			if (await server.history(promptId, signal)) return { accepted: true, number: null };
			answered = true;
		} catch {
			// asked again, or given up below
		}
	}
	const setback = answered || error.code !== 'COMFYUI_TIMEOUT' ? setbackOf(error) : 'unreachable';
	return { accepted: false, setback, error };
}

/**
 * Takes these prompts of ours out of the queue and stops the one that runs; touches nothing else. Deleting comes first:
 * one that begins in between is then caught by the interrupt.
 */
export async function takeBack(
	server: Pick<ComfyUiPort, 'deletePending' | 'interrupt'>,
	promptIds: readonly string[],
): Promise<void> {
	await server.deletePending([...promptIds]).catch(() => undefined);
	await Promise.all(promptIds.map((id) => server.interrupt(id).catch(() => undefined)));
}

function asRouterError(error: unknown): RouterError {
	if (error instanceof RouterError) return error;
	return new RouterError({
		code: 'INTERNAL',
		message: 'Submitting the prompt failed.',
		hint: 'Try again.',
		cause: error,
	});
}
