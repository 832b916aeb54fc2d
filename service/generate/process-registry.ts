/**
 * What all executions of one process share: a waiting room for each fleet, a socket for each server. Owns that both live
 * as long as somebody uses them, or is likely to again, and no longer.
 */
import { ModelRouter } from '../../lib/router/model-router';
import { InstalledFilesCache } from '../installed-files-cache';
import { FleetView } from './fleet-view';
import { ServerWatch } from './server-watch';
import type { GeneratorDeps, Patience } from './types';
import { WaitingRoom } from './waiting-room';

export const DEFAULT_PATIENCE: Patience = {
	silentServerMs: 15_000,
	noServerMs: 60_000,
	neverReachedMs: 5_000,
	watchMs: 5_000,
	pollMs: [250, 2_000],
	flushMs: 90_000,
};

interface SharedFleet {
	room: WaitingRoom;
	watches: Map<string, ServerWatch>;
	users: number;
	/** Nobody uses it; it closes when this has passed. */
	closing: AbortController | null;
}

/** What a room has learned about memory outlives it: by fleet. */
const learnedMargins = new Map<string, WaitingRoom['margins']>();
/** Lists of files are asked for once in a while, not by every execution. */
const installedFiles = new InstalledFilesCache();
const fleets = new Map<string, SharedFleet>();

export interface FleetUse {
	room: WaitingRoom;
	watch(server: string): ServerWatch;
	release(): void;
}

export function keyOf({ servers, catalog }: Pick<GeneratorDeps, 'servers' | 'catalog'>): string {
	const names = servers.map((server) => `${server.name} ${server.url}`).sort();
	return JSON.stringify([names, catalog]);
}

/** What was learned about a fleet's memory since the process started. */
export function marginsOf(key: string): WaitingRoom['margins'] {
	return fleets.get(key)?.room.margins ?? learnedMargins.get(key) ?? new Map();
}

export function useFleet(deps: GeneratorDeps, key: string): FleetUse {
	const shared = fleets.get(key) ?? openFleet(deps, key);
	fleets.set(key, shared);
	shared.users += 1;
	shared.closing?.abort(new Error('used again'));
	shared.closing = null;
	shared.room.view.useServers(deps.servers);
	shared.room.options = roomOptions(deps);
	let released = false;
	return {
		room: shared.room,
		watch: (server) => watchOf(shared, deps, server),
		release: () => {
			if (released) return;
			released = true;
			shared.users -= 1;
			if (shared.users === 0) void closeLater(shared, deps, key);
		},
	};
}

async function closeLater(shared: SharedFleet, deps: GeneratorDeps, key: string): Promise<void> {
	const { keepOpenMs = 0, clock } = deps;
	if (keepOpenMs > 0) {
		const closing = new AbortController();
		shared.closing = closing;
		await clock.sleep(keepOpenMs, closing.signal).catch(() => undefined);
		if (closing.signal.aborted) return;
	}
	fleets.delete(key);
	if (shared.room.margins.size > 0) learnedMargins.set(key, shared.room.margins);
	for (const watch of shared.watches.values()) watch.close();
}

function openFleet(deps: GeneratorDeps, key: string): SharedFleet {
	const router = deps.router ?? new ModelRouter(deps.catalog);
	const view = new FleetView(deps.servers, deps.catalog, deps.clock, installedFiles);
	const room = new WaitingRoom(router, view, deps.clock, roomOptions(deps));
	room.margins = learnedMargins.get(key) ?? room.margins;
	return { room, watches: new Map(), users: 0, closing: null };
}

function roomOptions(deps: GeneratorDeps): WaitingRoom['options'] {
	const { calibration, demand, quotas, feedback } = deps;
	return { calibration, demand, quotas, feedback, patience: patienceOf(deps) };
}

export function patienceOf({ patience }: Pick<GeneratorDeps, 'patience'>): Patience {
	return { ...DEFAULT_PATIENCE, ...patience };
}

function watchOf(shared: SharedFleet, deps: GeneratorDeps, name: string): ServerWatch {
	const known = shared.watches.get(name);
	if (known) return known;
	const server = shared.room.view.port(name);
	const changed = () => shared.room.wake();
	const watch = new ServerWatch(server, deps.clock, deps.random.uuid(), patienceOf(deps), changed);
	shared.watches.set(name, watch);
	watch.open();
	return watch;
}
