/**
 * Servers that are off until somebody wants them (scaled to zero). Owns when one that does not answer counts as asleep,
 * and with what memory it will wake.
 */
import { BYTES_PER_GB } from '../units';
import type { FleetServer, FleetSnapshot } from './types';

/** What a catalog may say of a server for the time that it is off. */
interface Declared {
	cold_start_seconds?: number;
	vram_gb?: number;
	draining?: boolean;
}

/** A machine that is off refuses, does not answer, or has a gateway that says so. Others answer, and are not asleep. */
const OFF = new Set(['COMFYUI_UNREACHABLE', 'COMFYUI_TIMEOUT', 'COMFYUI_SERVER_ERROR']);

/**
 * @param known of the catalog; the server's own values win
 * @returns seconds until it takes prompts once it is wanted; null: it is up, or will not come by itself
 */
export function coldStartSeconds(server: FleetServer, known: Declared = {}): number | null {
	if (server.reachable || (server.draining ?? known.draining ?? false)) return null;
	if (server.error_code != null && !OFF.has(server.error_code)) return null;
	// without its memory nothing can be chosen for it
	if (sleepingBytes(server, known) === null) return null;
	// null: it was declared, and is not coming
	const own = server.cold_start_seconds;
	return own === undefined ? (known.cold_start_seconds ?? null) : own;
}

/** The same of the fleet's server of that name; null also where there is none. */
export function coldStartOn({ servers }: FleetSnapshot, name: string): number | null {
	const server = servers.find((one) => one.name === name);
	return server === undefined ? null : coldStartSeconds(server);
}

/** True where that server of the fleet is off and may be waited for. */
export function isAsleep(fleet: FleetSnapshot, name: string): boolean {
	return coldStartOn(fleet, name) !== null;
}

/** All memory of its GPU, as last seen or as declared; null: not known. */
export function sleepingBytes(server: FleetServer, known: Declared = {}): number | null {
	const totals = server.devices.map((device) => device.vram_total);
	if (totals.length > 0) return Math.max(...totals);
	const gb = server.vram_gb ?? known.vram_gb;
	return gb == null ? null : gb * BYTES_PER_GB;
}
