/** The reservation that a selection needs. Pure: id, owner and spans are arguments. */
import type { FleetSnapshot } from '../fleet/types';
import type { SelectedDecision } from '../selection/types';
import type { NewReservation } from './types';

export interface ReservationFacts {
	id: string;
	owner: string;
	/** Where the selection has no job_id. */
	jobId: string;
	expiresInSeconds: number;
	grantedKey?: string | null;
	/** For the GPU that servers share. */
	fleet: FleetSnapshot;
	nowMs: number;
}

export function reservationOf(
	selection: SelectedDecision,
	facts: ReservationFacts,
): NewReservation {
	const { estimate } = selection;
	const server = facts.fleet.servers.find((one) => one.name === selection.server);
	return {
		id: facts.id,
		job_id: selection.job_id ?? facts.jobId,
		owner: facts.owner,
		server: selection.server,
		server_url: selection.server_url ?? server?.url ?? null,
		gpu_group: server?.gpu_group ?? null,
		model_name: selection.model_name,
		preset: selection.preset,
		vram_peak_bytes: estimate.vram_peak_bytes,
		remaining_seconds: estimate.load_seconds + estimate.run_seconds,
		deadline_seconds: (Date.parse(selection.deadline_at) - facts.nowMs) / 1000,
		running: false,
		prompt_id: null,
		submitted: false,
		expires_in_seconds: facts.expiresInSeconds,
		granted_key: facts.grantedKey ?? null,
	};
}
