/**
 * Makes a model resident before it is needed, with the smallest job there is. Does nothing where it is resident already,
 * and pushes nobody's model out while jobs are running or waiting.
 */
import { RouterError } from '../lib/errors';
import type { Catalog, CatalogModel } from '../lib/catalog/schema';
import { isOutOfMemory } from '../lib/execution/oom';
import { describeMissing } from '../lib/fleet/missing-files';
import { prewarmJobId } from '../lib/fleet/own-jobs';
import type { FleetServer } from '../lib/fleet/types';
import { predictVram } from '../lib/estimate/vram';
import type { Clock, ComfyUiPort, HistoryEntry, RandomPort } from '../lib/ports';
import { prepareCatalog } from '../lib/router/prepared-catalog';
import { serverStates } from '../lib/router/server-state';
import { formatGb } from '../lib/units';
import { readStamps } from '../lib/usage/stamps';
import { buildProbe, type ProbeParameters } from '../lib/workflow/probe-graph';
import { failureOf, runMeasured } from './measured-run';
import { modelNamed, readServer } from './one-server';
import { busyError, isIdle, serverLoad } from './server-load';

export interface PrewarmOptions {
	server: ComfyUiPort;
	catalog: Catalog;
	modelName: string;
	clock: Clock;
	random: RandomPort;
	/** Also with jobs running or waiting, and where the model does not fit at full speed. Default false. */
	force?: boolean;
	/** Default 600 000. */
	timeoutMs?: number;
	/** Between two looks, ms. Default 250. */
	pollMs?: number;
	signal?: AbortSignal;
}

export interface PrewarmResult {
	server: string;
	model_name: string;
	status: 'already_warm' | 'warmed';
	/** What was resident before, by the catalog's name; null: nothing known. */
	loaded_before: string | null;
	/** Of the small job, by the server's own stamps; null: none was needed, or it did not say. */
	seconds: number | null;
}

/** Below this some families fail; above it, it takes longer than it must. */
const LEAST_SIDE = 256;
const SIDE_GRAIN = 64;
const SEED_LIMIT = 2 ** 47;

/** @throws RouterError OPTIONS_INVALID, NOT_SERVED, SERVER_BUSY, COMFYUI_*, WORKFLOW_INVALID */
export async function prewarm(options: PrewarmOptions): Promise<PrewarmResult> {
	const { server, catalog, clock, random, signal, force = false } = options;
	const model = modelNamed(catalog, options.modelName);
	const state = await readServer(server, catalog, clock, signal);
	const done = { server: server.name, model_name: model.name, loaded_before: state.loaded_model };
	const load = await serverLoad(server, signal);
	const isWarm = state.loaded_model === model.name && isIdle(load);
	if (isWarm) return { ...done, status: 'already_warm', seconds: null };
	if (!isIdle(load) && !force) throw busyError(server.name, load, `${model.name} is not loaded`);
	checkInstalled(model, state);
	const parameters = smallestJob(model);
	if (!force) checkMemory(model, state, catalog, parameters);
	const graph = buildProbe(model, parameters, random.integer(SEED_LIMIT));
	const id = random.uuid();
	const job = { graph, jobId: prewarmJobId(id), promptId: id, clientId: random.uuid() };
	const { timeoutMs = 600_000, pollMs } = options;
	const { entry } = await runMeasured(server, job, clock, { timeoutMs, pollMs, signal });
	if (entry.status !== 'success') throw failed(model.name, server.name, entry);
	return { ...done, status: 'warmed', seconds: readStamps(entry).runSeconds };
}

/** One step of the plainest kind, at the least size that the model takes. */
function smallestJob(model: CatalogModel): ProbeParameters {
	const side = (least = LEAST_SIDE, most = Infinity) =>
		Math.min(most, Math.ceil(Math.max(LEAST_SIDE, least) / SIDE_GRAIN) * SIDE_GRAIN);
	return {
		steps: 1,
		cfg: model.presets[0]!.cfg,
		sampler_name: 'euler',
		scheduler: 'simple',
		width: side(model.min_width, model.max_width),
		height: side(model.min_height, model.max_height),
		loras: [],
		prompt: 'warm up',
	};
}

function checkInstalled(model: CatalogModel, state: FleetServer): void {
	const { missing, message, hint } = describeMissing(
		{ ...model, presets: [] },
		state.installed_files,
	);
	if (missing.length === 0) return;
	throw new RouterError({ code: 'NOT_SERVED', message: `${state.name}: ${message}`, hint });
}

function checkMemory(
	model: CatalogModel,
	state: FleetServer,
	catalog: Catalog,
	{ width, height, cfg }: ProbeParameters,
): void {
	const [found] = serverStates({ servers: [state] }, prepareCatalog(catalog));
	const available = found?.availableBytes ?? null;
	const { peakBytes } = predictVram(model, model.presets[0]!, { width, height, cfg, batchSize: 1 });
	if (available === null || peakBytes <= available) return;
	throw new RouterError({
		code: 'NOT_SERVED',
		message: `${model.name} needs ${formatGb(peakBytes)} of VRAM on ${state.name}, ${formatGb(available)} are there.`,
		hint: 'Free VRAM from other programs, or switch on Force to load it all the same (slowly).',
	});
}

function failed(model: string, server: string, entry: HistoryEntry): RouterError {
	const outOfMemory = isOutOfMemory(entry.failure);
	return new RouterError({
		code: outOfMemory ? 'COMFYUI_OUT_OF_MEMORY' : 'COMFYUI_EXECUTION_FAILED',
		message: `${model} could not be loaded on ${server}. ${failureOf(entry) ?? ''}`,
		hint: outOfMemory
			? 'Other programs hold memory on that card; Free VRAM unloads what ComfyUI holds.'
			: "Look at ComfyUI's log; a damaged file is the usual reason.",
	});
}
