/** What the end of a prompt means for its attempt: its state, what went wrong, in words that say what to do. Pure. */
import { afterHearing, type AttemptState } from '../../lib/execution/attempt-state';
import { endStateOf } from '../../lib/execution/outcome';
import type { Setback } from '../../lib/execution/retry-plan';
import { RouterError } from '../../lib/errors';
import type { HistoryEntry } from '../../lib/ports';
import type { PromptEnd } from './server-watch';

export interface AttemptEnd {
	state: AttemptState;
	/** null: done, stopped by us, or cancelled. */
	setback: Setback | null;
	entry: HistoryEntry | null;
	error: RouterError | null;
	/** `shouldStop` ended it. */
	stopped: boolean;
	/** The server never had it. */
	neverSubmitted: boolean;
	/** It may still turn up on the server. */
	mayLinger: boolean;
}

/** The server has looked at the graph and said no. */
const CLEAR_REFUSALS: readonly Setback[] = ['faulty', 'not_installed', 'unsupported'];

/** The server would not have it, or it could not be handed over. */
export function refusedEnd(setback: Setback, error: RouterError): AttemptEnd {
	return {
		state: 'failed',
		setback,
		entry: null,
		error,
		stopped: false,
		neverSubmitted: true,
		mayLinger: !CLEAR_REFUSALS.includes(setback),
	};
}

/** The server has it; nobody waits for its end. */
export function submittedEnd(): AttemptEnd {
	const nothing = { setback: null, entry: null, error: null };
	return {
		...nothing,
		state: 'submitted',
		stopped: false,
		neverSubmitted: false,
		mayLinger: false,
	};
}

/** @param state as last heard */
export function endOf(end: PromptEnd, state: AttemptState, stopped: boolean): AttemptEnd {
	const base = { stopped, neverSubmitted: false, mayLinger: false, entry: null, error: null };
	if (end.kind === 'silent') {
		const after = afterHearing(state, 'lost');
		return { ...base, state: after, setback: 'unreachable', error: end.error, mayLinger: true };
	}
	if (end.kind === 'lost') {
		const after = afterHearing(state, 'lost');
		if (stopped) return { ...base, state: after, setback: null };
		return end.removed
			? { ...base, state: after, setback: 'faulty', error: removedError() }
			: { ...base, state: after, setback: 'lost', error: restartedError() };
	}
	const { entry } = end;
	const ended = endStateOf(entry);
	const finished = { ...base, entry, state: afterHearing(state, ended) };
	// a stop that came too late: the image is there
	if (ended === 'done') return { ...finished, stopped: false, setback: null };
	if (ended === 'interrupted') {
		return stopped
			? { ...finished, setback: null }
			: { ...finished, setback: 'faulty', error: interruptedError() };
	}
	const setback = ended === 'oom' ? 'oom' : 'faulty';
	return { ...finished, stopped: false, setback, error: executionError(entry, ended === 'oom') };
}

function executionError(entry: HistoryEntry, outOfMemory: boolean): RouterError {
	const { failure } = entry;
	const node = failure?.nodeType ? ` in ${failure.nodeType}` : '';
	const what = outOfMemory ? 'ran out of memory' : 'failed';
	return new RouterError({
		code: outOfMemory ? 'COMFYUI_OUT_OF_MEMORY' : 'COMFYUI_EXECUTION_FAILED',
		message: `ComfyUI ${what}${node}: ${failure?.message ?? 'it gave no reason'}`,
		hint: outOfMemory
			? 'Ask for a smaller size or batch, or add a lighter model to the catalog.'
			: 'Run the workflow in ComfyUI itself to see the node that fails.',
	});
}

function interruptedError(): RouterError {
	return new RouterError({
		code: 'COMFYUI_INTERRUPTED',
		message: 'Somebody stopped the prompt in ComfyUI.',
		hint: 'Run the job again if that was a mistake.',
	});
}

function removedError(): RouterError {
	return new RouterError({
		code: 'COMFYUI_INTERRUPTED',
		message: "Somebody removed the prompt from ComfyUI's queue.",
		hint: 'Run the job again if that was a mistake.',
	});
}

function restartedError(): RouterError {
	return new RouterError({
		code: 'COMFYUI_PROMPT_LOST',
		message: 'The server no longer knows the prompt: ComfyUI was restarted.',
		hint: 'It is submitted again where the deadline allows.',
	});
}
