/** The fleet as the next decision sees it: what was just decided stands in its server's queue. Decides nothing. */
import type { SelectedDecision, Selection } from '../selection/types';
import type { FleetServer, FleetSnapshot, QueuedJob } from './types';

const MS_PER_SECOND = 1000;

function nextNumber(queue: readonly QueuedJob[]): number {
	return queue.reduce((most, job) => Math.max(most, job.queue_number), -1) + 1;
}

function queuedJob(selection: SelectedDecision, server: FleetServer): QueuedJob {
	const { load_seconds: loadSeconds, run_seconds: runSeconds } = selection.estimate;
	const selectedMs = Date.parse(selection.selected_at);
	return {
		job_id: selection.job_id ?? '',
		model_name: selection.model_name,
		remaining_seconds: loadSeconds + runSeconds,
		deadline_seconds: (Date.parse(selection.deadline_at) - selectedMs) / MS_PER_SECOND,
		queue_number: selection.queue_number ?? nextNumber(server.queue),
		running: false,
		vram_peak_bytes: selection.estimate.vram_peak_bytes,
	};
}

/**
 * @param fleet left as it is; everything but the chosen server's queue is shared with the result
 * @param selection a rejection changes nothing
 * @returns the snapshot for the next decision of the same moment
 */
export function afterSelection(fleet: FleetSnapshot, selection: Selection): FleetSnapshot {
	if (selection.decision !== 'selected') return fleet;
	return {
		...fleet,
		servers: fleet.servers.map((server) =>
			server.name === selection.server
				? { ...server, queue: [...server.queue, queuedJob(selection, server)] }
				: server,
		),
	};
}
