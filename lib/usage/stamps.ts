/**
 * What ComfyUI's own record of a prompt says about time and outcome.
 *
 * Sources (ComfyUI, execution.py and server.py): `extra_data.create_time` is when the prompt was queued (from 0.8 on);
 * the history's messages carry the times of execution_start and of the end; `execution_cached` lists the nodes that
 * were not run. Loading happens inside the execution, when the sampler first needs the model: ComfyUI gives no stamp
 * for it. So a cold run's time holds its load, `load_seconds` stays unknown there, and is 0 where the run was warm.
 */
import { isOutOfMemory } from '../execution/oom';
import type { HistoryEntry } from '../ports';
import type { ApiGraph } from '../workflow/graph';
import type { UsageStatus } from './types';

export interface StampedRun {
	status: UsageStatus;
	errorCode: string | null;
	errorMessage: string | null;
	/** Waiting on the server, seconds; null before ComfyUI 0.8. */
	queueSeconds: number | null;
	/** Of the execution, seconds; a load is part of it where the run was cold. */
	runSeconds: number | null;
	loadSeconds: number | null;
	/** null where the server did not say which nodes were cached. */
	cold: boolean | null;
	createdMs: number | null;
	endedMs: number | null;
}

/** Inputs by which ComfyUI's own and the common GGUF loaders name the weights of a diffusion model. */
const WEIGHT_INPUTS = ['ckpt_name', 'unet_name', 'gguf_name'];

export function readStamps(entry: HistoryEntry): StampedRun {
	const failure = entry.failure;
	const cold = wasCold(entry.graph, entry.cachedNodes);
	return {
		status: statusOf(entry),
		errorCode: failure?.exceptionType ?? null,
		errorMessage: failure?.message ?? null,
		queueSeconds: between(entry.createTimeMs, entry.startedMs),
		runSeconds: between(entry.startedMs, entry.endedMs),
		loadSeconds: cold === false ? 0 : null,
		cold,
		createdMs: entry.createTimeMs,
		endedMs: entry.endedMs,
	};
}

/** Cold: the node that loads the weights ran, because its result was no longer in the server's cache. */
function wasCold(graph: ApiGraph, cachedNodes: string[] | null): boolean | null {
	if (cachedNodes === null) return null;
	const cached = new Set(cachedNodes);
	const loaders = Object.entries(graph).filter(([, node]) =>
		WEIGHT_INPUTS.some((input) => typeof node.inputs?.[input] === 'string'),
	);
	return loaders.length === 0 ? null : loaders.some(([id]) => !cached.has(id));
}

function statusOf(entry: HistoryEntry): UsageStatus {
	if (entry.status === 'success') return 'success';
	if (entry.status === 'interrupted') return 'cancelled';
	return isOutOfMemory(entry.failure) ? 'oom' : 'error';
}

/** Both stamps are of the same clock; a negative span is a clock that was set back meanwhile: unknown. */
function between(fromMs: number | null, toMs: number | null): number | null {
	if (fromMs === null || toMs === null || toMs < fromMs) return null;
	return (toMs - fromMs) / 1000;
}
