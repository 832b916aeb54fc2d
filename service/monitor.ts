/**
 * Reads VRAM and queue of every server at the same time. Owns that a server that hangs delays no other's reading,
 * that a server that does not answer is a reading too, and that rounds never overlap.
 */
import type { Catalog } from '../lib/catalog/schema';
import type { FleetServer } from '../lib/fleet/types';
import type { Clock, ComfyUiPort } from '../lib/ports';
import { parseCatalog } from '../lib/catalog/parse';
import type { VramReading } from '../lib/vram-watch/types';
import { eachLimited } from './each-limited';
import { readFleet } from './fleet';

export interface CollectOptions {
	/** Longest wait for one server, ms. Default 5000. */
	timeoutMs?: number;
	/** Servers read at the same time. Default 512: fewer would let hung ones keep others waiting. */
	concurrency?: number;
	signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 5000;
const DEFAULT_CONCURRENCY = 512;

/**
 * @param catalog null: `loaded_model` stays null
 * @returns one reading per device, one for a server without devices or without an answer; in the servers' order
 * @throws the signal's reason when cancelled; nothing else
 */
export async function collectVram(
	servers: readonly ComfyUiPort[],
	catalog: Catalog | null,
	clock: Clock,
	options: CollectOptions = {},
): Promise<VramReading[]> {
	const { timeoutMs = DEFAULT_TIMEOUT_MS, concurrency = DEFAULT_CONCURRENCY, signal } = options;
	const known = catalog ?? parseCatalog({ version: 1, models: [] });
	const perServer = await eachLimited(servers, concurrency, async (server) => {
		// each alone, so that its reading has the time of its own answer
		const fleet = await readFleet({
			servers: [server],
			catalog: known,
			clock,
			timeoutMs,
			withInstalledFiles: false,
			signal,
		});
		const observedAt = new Date(clock.nowMs()).toISOString();
		return fleet.servers.flatMap((one) => readingsOf(one, observedAt));
	});
	return perServer.flat();
}

/** @param observedAt ISO 8601, UTC */
export function readingsOf(server: FleetServer, observedAt: string): VramReading[] {
	const reached = server.reachable;
	const shared: VramReading = {
		observed_at: observedAt,
		server: server.name,
		reachable: reached,
		error: reached ? null : (server.error ?? 'The server did not answer.'),
		device_index: null,
		device_name: null,
		vram_total: null,
		vram_free: null,
		torch_vram_total: null,
		torch_vram_free: null,
		queue_running: reached ? server.queue.filter((job) => job.running).length : null,
		queue_pending: reached ? server.queue.filter((job) => !job.running).length : null,
		loaded_model: server.loaded_model,
	};
	if (server.devices.length === 0) return [shared];
	return server.devices.map((device, index) => ({
		...shared,
		device_index: index,
		device_name: device.name ?? null,
		vram_total: device.vram_total,
		vram_free: device.vram_free,
		torch_vram_total: device.torch_vram_total,
		torch_vram_free: device.torch_vram_free,
	}));
}

/** Rounds that never overlap: asking while one is under way gives that one's result. */
export function singleFlight<T>(round: () => Promise<T>): () => Promise<T> {
	let running: Promise<T> | null = null;
	return () => {
		running ??= round().finally(() => {
			running = null;
		});
		return running;
	};
}

/** Rounds keep their beat: one that took longer than the interval skips beats instead of shifting or overlapping. */
export async function onEachBeat(
	clock: Clock,
	intervalMs: number,
	round: () => Promise<void>,
	signal: AbortSignal,
): Promise<void> {
	const startMs = clock.nowMs();
	while (!signal.aborted) {
		await round();
		const beats = Math.floor((clock.nowMs() - startMs) / intervalMs) + 1;
		await clock.sleep(startMs + beats * intervalMs - clock.nowMs(), signal).catch(() => undefined);
	}
}
