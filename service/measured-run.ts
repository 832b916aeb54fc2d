/**
 * One prompt of ours on one server, followed to its end, with what it held in VRAM. Owns that it is taken back where it
 * is not waited for any longer, and that nobody else's is touched.
 */
import { RouterError } from '../lib/errors';
import { ownJobData } from '../lib/fleet/own-jobs';
import type { Clock, ComfyUiPort, HistoryEntry, SystemStats } from '../lib/ports';
import type { ApiGraph } from '../lib/workflow/graph';
import { findHistory } from './find-history';
import { makeSureItIsGone } from './generate/make-sure';
import { submitSafely } from './generate/submit-safely';

export interface MeasuredJob {
	graph: ApiGraph;
	jobId: string;
	promptId: string;
	clientId: string;
}

export interface MeasureOptions {
	/** Waiting in the queue included, ms. */
	timeoutMs: number;
	/** Between two looks, ms. Default 250. */
	pollMs?: number;
	signal?: AbortSignal;
}

export interface MeasuredPrompt {
	entry: HistoryEntry;
	/** What torch had reserved at most while it ran, where that is more than before it; else null. Bytes. */
	vramPeakBytes: number | null;
}

/** Looks in a row that may fail before the server counts as gone. */
const MAX_FAILED_LOOKS = 8;
/** Device types on which torch's counters are of this process. */
const COUNTED_DEVICES = new Set(['cuda', 'xpu', 'npu', 'mlu']);

/**
 * @throws RouterError COMFYUI_PROMPT_REJECTED, COMFYUI_TIMEOUT, COMFYUI_PROMPT_LOST, COMFYUI_UNREACHABLE; the signal's
 *   reason. A run that failed is a result, not an error.
 */
export async function runMeasured(
	server: ComfyUiPort,
	job: MeasuredJob,
	clock: Clock,
	options: MeasureOptions,
): Promise<MeasuredPrompt> {
	const { signal } = options;
	const before = await reservedBytes(server, signal);
	signal?.throwIfAborted();
	const { graph, clientId, promptId } = job;
	const extraData = ownJobData({ job_id: job.jobId, deadline_at: null });
	try {
		const prompt = { graph, clientId, promptId, extraData };
		const submitted = await submitSafely(server, prompt, clock, signal);
		if (!submitted.accepted) throw submitted.error;
		return await follow(server, promptId, clock, options, before);
	} catch (error) {
		await makeSureItIsGone(server, promptId, clock);
		throw error;
	}
}

async function follow(
	server: ComfyUiPort,
	promptId: string,
	clock: Clock,
	{ timeoutMs, pollMs = 250, signal }: MeasureOptions,
	before: number | null,
): Promise<MeasuredPrompt> {
	const untilMs = clock.nowMs() + timeoutMs;
	let peak = before;
	let failed = 0;
	for (;;) {
		signal?.throwIfAborted();
		const reserved = await reservedBytes(server, signal);
		if (reserved !== null) peak = Math.max(peak ?? 0, reserved);
		const outcome = await findHistory([server], promptId, clock, { signal });
		if (outcome.found) {
			const rose = peak !== null && before !== null && peak > before;
			return { entry: outcome.entry, vramPeakBytes: rose ? peak : null };
		}
		if (outcome.why === 'unknown') throw lost(server.name);
		failed = outcome.why === 'unreachable' ? failed + 1 : 0;
		if (failed > MAX_FAILED_LOOKS) throw outcome.error ?? lost(server.name);
		if (clock.nowMs() >= untilMs) throw tooLong(server.name, timeoutMs);
		await clock.sleep(pollMs, signal);
	}
}

/** null where torch's counters say nothing about this process, or the server did not answer. */
async function reservedBytes(server: ComfyUiPort, signal?: AbortSignal): Promise<number | null> {
	try {
		const { devices } = await server.systemStats(signal);
		return reservedOf(devices);
	} catch {
		return null;
	}
}

function reservedOf(devices: SystemStats['devices']): number | null {
	const [device] = devices;
	if (!device || !COUNTED_DEVICES.has(device.type ?? '')) return null;
	return device.torch_vram_total;
}

/** The failure of a prompt that ended, in words; null where it succeeded. */
export function failureOf({ status, failure }: HistoryEntry): string | null {
	if (status === 'success') return null;
	if (status === 'interrupted') return 'Somebody stopped the prompt in ComfyUI.';
	const node = failure?.nodeType ? ` in ${failure.nodeType}` : '';
	return `ComfyUI failed${node}: ${failure?.message ?? 'it gave no reason'}`;
}

function lost(server: string): RouterError {
	return new RouterError({
		code: 'COMFYUI_PROMPT_LOST',
		message: `${server} no longer knows the prompt: it was removed, or ComfyUI was restarted.`,
		hint: 'Run the operation again.',
	});
}

function tooLong(server: string, timeoutMs: number): RouterError {
	return new RouterError({
		code: 'COMFYUI_TIMEOUT',
		message: `The prompt on ${server} had not ended after ${Math.round(timeoutMs / 1000)} s; it was taken back.`,
		hint: 'The model may not fit into VRAM, or its disk is slow. Raise the timeout, or look at the server.',
	});
}
