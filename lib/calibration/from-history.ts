/**
 * From ComfyUI's own history to observations, of jobs that were not ours too: its stamps time every prompt the same.
 * Refuses graphs whose work the catalog's figures do not describe: several samplers, part of the steps, unknown sizes.
 */
import type { Catalog } from '../catalog/schema';
import { isPrewarm } from '../fleet/own-jobs';
import type { HistoryEntry } from '../ports';
import { readStamps } from '../usage/stamps';
import { identifyModel, type IdentifiedModel } from '../workflow/identify-model';
import { valueAt } from '../workflow/parameters';
import type { RunObservation } from './types';

/**
 * @param entries of one server
 * @param server its name
 * @param nowMs by the server's clock, ms since the epoch
 * @param known prompts that a log has already
 */
export function observationsFromHistory(
	entries: readonly HistoryEntry[],
	catalog: Catalog,
	server: string,
	nowMs: number,
	known: ReadonlySet<string> = new Set(),
): RunObservation[] {
	return entries.flatMap((entry) => {
		if (known.has(entry.promptId) || isPrewarm(entry.extraData)) return [];
		const found = identifyModel(entry.graph, catalog);
		if (found === null || !isPlain(entry, found)) return [];
		return [observationOf(entry, found, server, nowMs)];
	});
}

function observationOf(
	entry: HistoryEntry,
	{ model, preset, parameters, bindings }: IdentifiedModel,
	server: string,
	nowMs: number,
): RunObservation {
	const run = readStamps(entry);
	const { steps, cfg, width, height, batchSize, images } = parameters;
	return {
		model_name: model.name,
		preset: preset.name,
		server,
		...{ steps, cfg, width, height, batch_size: batchSize, images },
		run_seconds: run.runSeconds,
		load_seconds: run.loadSeconds,
		cold: run.cold,
		status: run.status,
		timing_source: 'comfyui',
		vram_peak_bytes: null,
		age_seconds: run.endedMs === null ? 0 : Math.max(0, (nowMs - run.endedMs) / 1000),
		cached: bindings !== null && entry.cachedNodes?.includes(bindings.sampler.nodeId) === true,
		prompt_id: entry.promptId,
	};
}

/** One sampler that does all its steps on a size that the graph names. */
function isPlain(entry: HistoryEntry, { parameters, bindings }: IdentifiedModel): boolean {
	const { steps, width, height } = parameters;
	if (bindings === null || steps === null || width === null || height === null) return false;
	if (bindings.samplers.length > 1) return false;
	return bindings.values.denoise.every((ref) => {
		const denoise = valueAt(entry.graph, ref);
		return denoise === 1 || denoise === undefined;
	});
}
