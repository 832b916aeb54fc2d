/**
 * Keeps servers ready: pinned models loaded, models of the coming demand loaded ahead, models that nobody uses unloaded
 * for other programs on the same GPU. One round; to be called every few minutes. Owns that a server in use is left alone.
 */
import type { Catalog, CatalogServer } from '../lib/catalog/schema';
import { RouterError } from '../lib/errors';
import type { FleetServer } from '../lib/fleet/types';
import type { Clock, ComfyUiPort, PastDemandPort, RandomPort, ReservationPort } from '../lib/ports';
import { type ReservationBook, withReservations } from '../lib/reservations';
import { expectedDemand } from '../lib/residency/demand';
import { planResidency, type ResidencyAction, type ResidencyServer } from '../lib/residency/plan';
import { ModelRouter } from '../lib/router/model-router';
import { readFleet } from './fleet';
import { freeVram } from './free-vram';
import { prewarm } from './prewarm';

export interface TendOptions {
	servers: readonly ComfyUiPort[];
	catalog: Catalog;
	clock: Clock;
	random: RandomPort;
	/** Past demand, where there is a log. */
	history?: PastDemandPort | null;
	/** A server that somebody has reserved is in use. */
	reservations?: ReservationPort | null;
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

/** @returns what was done, or tried; a server that fails keeps no other from its turn */
export async function tendServers(options: TendOptions): Promise<TendResult[]> {
	const { horizonSeconds = 1_800, days = 7, dryRun = false } = options;
	const [states, past] = await Promise.all([
		readStates(options),
		options.history?.pastDemand({ horizonSeconds, days }) ?? [],
	]);
	const results: TendResult[] = [];
	for (const action of planResidency(states, expectedDemand(past))) {
		const nothing = { done: false, seconds: null, freed_bytes: null, error: null };
		results.push(dryRun ? { ...action, ...nothing } : await act(action, options));
	}
	return results;
}

async function readStates(options: TendOptions): Promise<ResidencyServer[]> {
	const { servers, catalog, clock, signal, reservations } = options;
	const began = clock.nowMs();
	const empty: ReservationBook = { reservations: [], waiting: [] };
	const [fleet, book, ended] = await Promise.all([
		readFleet({ servers, catalog, clock, signal }),
		reservations?.read() ?? empty,
		Promise.all(servers.map((server) => lastEnd(server, signal))),
	]);
	const ages = { readingSeconds: (clock.nowMs() - began) / 1000, bookSeconds: 0 };
	const seen = withReservations(fleet, book, () => ages).fleet;
	const router = new ModelRouter(catalog);
	return seen.servers.map((server, index) =>
		stateOf(server, ended[index] ?? null, router, clock.nowMs()),
	);
}

/** By the server's clock, ms since the epoch. */
async function lastEnd(server: ComfyUiPort, signal?: AbortSignal): Promise<number | null> {
	const history = await server.recentHistory(1, signal).catch(() => []);
	return history.at(-1)?.endedMs ?? null;
}

function stateOf(
	server: FleetServer,
	endedMs: number | null,
	router: ModelRouter,
	nowMs: number,
): ResidencyServer {
	const known: Partial<CatalogServer> =
		router.catalog.servers.find((one) => one.name === server.name) ?? {};
	return {
		name: server.name,
		idle: server.reachable && server.draining !== true && server.queue.length === 0,
		loadedModel: server.loaded_model,
		idleSeconds: endedMs === null ? null : Math.max(0, (nowMs - endedMs) / 1000),
		suitable: suitableModels(server, router, nowMs),
		pinnedModel: known.pinned_model,
		idleUnloadSeconds: known.idle_unload_seconds,
		minResidencySeconds: known.min_residency_seconds,
	};
}

/** Installed and fitting, for whatever it is good at. */
function suitableModels(server: FleetServer, router: ModelRouter, nowMs: number): string[] {
	const fleet = { servers: [{ ...server, queue: [] }] };
	const purposes = new Set(router.catalog.models.flatMap((one) => Object.keys(one.purposes)));
	const found = [...purposes].flatMap((purpose) =>
		router.candidates({ purpose }, fleet, { nowMs }).map((one) => one.model_name),
	);
	return [...new Set(found)];
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
