/**
 * Keeps servers ready: pinned models loaded, models of the coming demand loaded ahead, models that nobody uses unloaded
 * for other programs on the same GPU. One round; to be called every minute or so. Owns that a server in use is left alone.
 */
import type { Catalog } from '../lib/catalog/schema';
import { RouterError } from '../lib/errors';
import type { FleetSnapshot } from '../lib/fleet/types';
import type {
	Clock,
	ComfyUiPort,
	HistoryEntry,
	PastDemandPort,
	RandomPort,
	ReservationPort,
} from '../lib/ports';
import { type ReservationBook, withReservations } from '../lib/reservations';
import { expectedDemand } from '../lib/residency/demand';
import { failedLoads } from '../lib/residency/failed-loads';
import { planResidency, type ResidencyAction } from '../lib/residency/plan';
import { ModelRouter } from '../lib/router/model-router';
import type { FeedbackEntry } from '../lib/selection/types';
import { readFleet } from './fleet';
import { freeVram } from './free-vram';
import { prewarm } from './prewarm';

/** Of each server: enough to see what failed to load. */
const HISTORY_ENTRIES = 50;

export interface TendOptions {
	servers: readonly ComfyUiPort[];
	catalog: Catalog;
	clock: Clock;
	random: RandomPort;
	/** Past demand, where there is a log. */
	history?: PastDemandPort | null;
	/** A server that somebody has reserved is in use. While a job waits, nothing is loaded ahead. */
	reservations?: ReservationPort | null;
	/** Quality learned from opinions, as selections go by it. */
	feedback?: FeedbackEntry[];
	/** How far to look ahead. Default 1800. */
	horizonSeconds?: number;
	/** Days of the log that are looked at. Default 7. */
	days?: number;
	/** Say what would be done, do nothing. Default false. */
	dryRun?: boolean;
	signal?: AbortSignal;
}

export type TendResult = ResidencyAction & {
	done: boolean;
	seconds: number | null;
	freed_bytes: number | null;
	error: { code: string; message: string } | null;
};

/** The server cannot load the model as it is: something else may be better than nothing. */
const CANNOT_LOAD: ReadonlySet<string> = new Set([
	'COMFYUI_PROMPT_REJECTED',
	'COMFYUI_EXECUTION_FAILED',
	'COMFYUI_OUT_OF_MEMORY',
	'NOT_SERVED',
	'WORKFLOW_INVALID',
]);

/** By server: models that it cannot load. */
type Unloadable = Map<string, Set<string>>;

/**
 * @returns what was done, or tried; a server that fails keeps no other from its turn, and one that cannot load a model
 *   gets the next best
 */
export async function tendServers(options: TendOptions): Promise<TendResult[]> {
	const unloadable: Unloadable = new Map();
	const results: TendResult[] = [];
	for (;;) {
		const tried = await tendOnce(options, unloadable);
		results.push(...tried);
		const failed = tried.filter(({ error }) => error !== null && CANNOT_LOAD.has(error.code));
		if (failed.length === 0) return results;
		for (const one of failed) {
			if (one.action !== 'prewarm') continue;
			const models = unloadable.get(one.server) ?? new Set();
			unloadable.set(one.server, models.add(one.modelName));
		}
	}
}

async function tendOnce(options: TendOptions, unloadable: Unloadable): Promise<TendResult[]> {
	const { catalog, clock, feedback, horizonSeconds = 1_800, days = 7, dryRun = false } = options;
	const [seen, histories, past] = await Promise.all([
		readReserved(options),
		readHistories(options),
		options.history?.pastDemand({ horizonSeconds, days }) ?? [],
	]);
	const { demand, wantedModels } = expectedDemand(past, catalog, horizonSeconds);
	const nowMs = clock.nowMs();
	const actions = planResidency({
		router: new ModelRouter(catalog),
		fleet: seen.fleet,
		idleSeconds: mapValues(histories, (entries) => secondsSinceEnd(entries, nowMs)),
		failedLoads: mapValues(
			histories,
			(entries, name) =>
				new Set([...failedLoads(entries, catalog, nowMs), ...(unloadable.get(name) ?? [])]),
		),
		wantedModels,
		options: { nowMs, demand, feedback },
		jobsWait: seen.jobsWait,
	});
	const results: TendResult[] = [];
	for (const action of actions) {
		// what is pinned is planned again
		if (action.action === 'prewarm' && unloadable.get(action.server)?.has(action.modelName))
			continue;
		const nothing = { done: false, seconds: null, freed_bytes: null, error: null };
		results.push(dryRun ? { ...action, ...nothing } : await act(action, options));
	}
	return results;
}

function mapValues<A, B>(
	map: ReadonlyMap<string, A>,
	of: (value: A, key: string) => B,
): Map<string, B> {
	return new Map([...map].map(([key, value]) => [key, of(value, key)]));
}

/** The fleet with what is reserved, and whether a job of ours waits for a turn. */
async function readReserved(
	options: TendOptions,
): Promise<{ fleet: FleetSnapshot; jobsWait: boolean }> {
	const { servers, catalog, clock, signal, reservations } = options;
	const began = clock.nowMs();
	const empty: ReservationBook = { reservations: [], waiting: [] };
	const [fleet, book] = await Promise.all([
		readFleet({ servers, catalog, clock, signal }),
		reservations?.read() ?? empty,
	]);
	const ages = { readingSeconds: (clock.nowMs() - began) / 1000, bookSeconds: 0 };
	const { fleet: reserved } = withReservations(fleet, book, () => ages);
	return { fleet: reserved, jobsWait: book.waiting.length > 0 };
}

/** By server, the oldest entry first; nothing where it does not say. */
async function readHistories({
	servers,
	signal,
}: TendOptions): Promise<Map<string, HistoryEntry[]>> {
	const entries = await Promise.all(
		servers.map(async (server): Promise<[string, HistoryEntry[]]> => {
			return [server.name, await server.recentHistory(HISTORY_ENTRIES, signal).catch(() => [])];
		}),
	);
	return new Map(entries);
}

/** Since its last job ended, by its own clock; null: not known. */
function secondsSinceEnd(history: readonly HistoryEntry[], nowMs: number): number | null {
	const endedMs = history.at(-1)?.endedMs ?? null;
	return endedMs === null ? null : Math.max(0, nowMs - endedMs) / 1000;
}

async function act(action: ResidencyAction, options: TendOptions): Promise<TendResult> {
	const { catalog, clock, random, signal } = options;
	const server = options.servers.find((one) => one.name === action.server) as ComfyUiPort;
	const nothing = { seconds: null, freed_bytes: null };
	try {
		if (action.action === 'unload') {
			const freed = await freeVram({ server, clock, signal });
			const { seconds, freed_bytes } = freed;
			return { ...action, done: true, seconds, freed_bytes, error: null };
		}
		const { modelName } = action;
		const warmed = await prewarm({ server, catalog, modelName, clock, random, signal });
		return { ...action, ...nothing, done: true, seconds: warmed.seconds, error: null };
	} catch (error) {
		signal?.throwIfAborted();
		if (!(error instanceof RouterError)) throw error;
		// somebody was faster, or it does not fit after all: the next round looks again
		const { code, message } = error;
		return { ...action, ...nothing, done: false, error: { code, message } };
	}
}
