/** Servers as they are not, for questions of the form "what if": idle, or with all their memory. Pure. */
import type { FleetServer, FleetSnapshot } from '../../lib/fleet/types';

/** What an unknown device might have. */
const AMPLE_BYTES = 1e12;
/** Of a job that says nothing: looked at again after this long. */
const UNKNOWN_JOB_SECONDS = 1.5;

/** The same servers with nothing queued. */
export function idleFleet(fleet: FleetSnapshot): FleetSnapshot {
	return { servers: fleet.servers.map((server) => ({ ...server, queue: [] })) };
}

/** Seconds of work on the server, running and pending. */
export function workSeconds(server: FleetServer): number {
	return server.queue.reduce((sum, job) => sum + (job.remaining_seconds ?? UNKNOWN_JOB_SECONDS), 0);
}

/** The server answering, empty, and with all its memory to itself. */
export function atItsBest(server: FleetServer): FleetServer {
	const devices = server.reachable
		? server.devices.map((device) => ({
				...device,
				vram_free: device.vram_total,
				torch_vram_total: 0,
				torch_vram_free: 0,
			}))
		: [
				{
					name: 'unknown',
					type: 'cuda',
					vram_total: AMPLE_BYTES,
					vram_free: AMPLE_BYTES,
					torch_vram_total: 0,
					torch_vram_free: 0,
				},
			];
	return { ...server, reachable: true, queue: [], devices };
}
