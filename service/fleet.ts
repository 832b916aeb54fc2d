/** Reads many ComfyUI servers at once into one fleet snapshot. A server that does not answer is reported, never fatal. */
import type { Catalog } from '../lib/catalog/schema';
import { RouterError } from '../lib/errors';
import { assembleFleet, type ServerReading } from '../lib/fleet/assemble';
import type { FleetSnapshot } from '../lib/fleet/types';
import type { Clock, ComfyUiPort } from '../lib/ports';
import { eachLimited } from './each-limited';
import type { InstalledFilesCache } from './installed-files-cache';

export interface ReadFleetOptions {
	servers: readonly ComfyUiPort[];
	catalog: Catalog;
	clock: Clock;
	/** For one server as a whole, in milliseconds. Default 20000. */
	timeoutMs?: number;
	/** Servers read at the same time. Default 32. */
	concurrency?: number;
	/** Keeps lists of installed files for a short time between readings. Default: none. */
	installedFilesCache?: InstalledFilesCache;
	/** Default true; false leaves `installed_files` unknown (null), for a reading that needs memory and queue only. */
	withInstalledFiles?: boolean;
	signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 20_000;
const DEFAULT_CONCURRENCY = 32;

/** @throws the signal's reason when cancelled; nothing else */
export async function readFleet(options: ReadFleetOptions): Promise<FleetSnapshot> {
	const { servers, catalog, clock, concurrency = DEFAULT_CONCURRENCY } = options;
	const readings = await eachLimited(servers, concurrency, (server) => readServer(server, options));
	options.signal?.throwIfAborted();
	return assembleFleet(readings, catalog, clock.nowMs());
}

async function readServer(server: ComfyUiPort, options: ReadFleetOptions): Promise<ServerReading> {
	const { clock, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
	const { name, url } = server;
	const controller = new AbortController();
	const cancel = () => controller.abort(signal?.reason);
	signal?.addEventListener('abort', cancel, { once: true });
	if (signal?.aborted) cancel();
	const late = clock.sleep(timeoutMs, controller.signal).then(() => {
		throw timeoutOf(server, timeoutMs);
	});
	try {
		return await Promise.race([readAll(server, options, controller.signal), late]);
	} catch (error) {
		return {
			name,
			url,
			state: null,
			history: null,
			installedFiles: null,
			error: publicError(error),
		};
	} finally {
		signal?.removeEventListener('abort', cancel);
		// ends the sleep, and whatever call a timed out reading has left
		controller.abort(new Error('the reading is over'));
		late.catch(() => undefined);
	}
}

async function readAll(
	server: ComfyUiPort,
	options: ReadFleetOptions,
	signal: AbortSignal,
): Promise<ServerReading> {
	const [stats, queue, history, installedFiles] = await Promise.all([
		server.systemStats(signal),
		server.queue(signal),
		// the last prompt alone says what is resident
		server.recentHistory(1, signal).catch(() => null),
		readInstalledFiles(server, options, signal).catch(() => null),
	]);
	const { name, url } = server;
	return { name, url, state: { stats, queue }, history, installedFiles, error: null };
}

async function readInstalledFiles(
	server: ComfyUiPort,
	options: ReadFleetOptions,
	signal: AbortSignal,
): Promise<string[] | null> {
	const { installedFilesCache: cache, clock, withInstalledFiles = true } = options;
	if (!withInstalledFiles) return null;
	const kept = cache?.get(server, clock.nowMs());
	if (kept) return kept;
	const files = await server.installedFiles(signal);
	cache?.set(server, files, clock.nowMs());
	return files;
}

function timeoutOf(server: ComfyUiPort, timeoutMs: number): RouterError {
	return new RouterError({
		code: 'COMFYUI_TIMEOUT',
		message: `ComfyUI server "${server.name}" (${server.url}) could not be read within ${timeoutMs} ms.`,
		hint: 'It may be loading a model or be overloaded; it is left out of this decision.',
	});
}

/** What is shown of a failure; an error that is not ours is not quoted. */
function publicError(error: unknown): ServerReading['error'] {
	if (error instanceof RouterError) {
		return { code: error.code, message: error.message, hint: error.hint };
	}
	return { code: 'INTERNAL', message: 'Reading the server failed.', hint: 'Try again.' };
}
