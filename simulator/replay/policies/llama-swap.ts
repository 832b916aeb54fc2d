/**
 * llama-swap: first come, first served, but a request for a model that is running is served at once
 * (A B C A B C becomes A A B B C C), and a busy process is never evicted. The user chose the model: the best one.
 */
import type { DispatchDecision, FleetView, PendingJob, PolicyDefinition } from '../types';
import { bestCandidate, canServe } from './options';

export const llamaSwap: PolicyDefinition = {
	name: 'llama-swap',
	summary: 'llama-swap: requests for the running model first, then in order of arrival.',
	knows: 'beliefs',
	learns: false,
	create: () => ({ kind: 'late', dispatch }),
};

function dispatch(waiting: readonly PendingJob[], view: FleetView): DispatchDecision {
	const start: DispatchDecision['start'] = [];
	const wishes = waiting.map((job) => ({ job, candidate: bestCandidate(job, view) }));
	const taken = new Set<PendingJob>();
	for (const server of view.servers) {
		if (!server.reachable || server.jobs.length > 0) continue;
		const usable = wishes.filter(
			({ job, candidate }) =>
				candidate !== null && !taken.has(job) && canServe(server, candidate, job, view),
		);
		const chosen =
			usable.find(({ candidate }) => candidate?.weightsKey === server.weightsAfterQueue) ??
			usable[0];
		if (!chosen?.candidate) continue;
		taken.add(chosen.job);
		start.push({
			job: chosen.job,
			placement: { candidate: chosen.candidate, serverIndex: server.index },
		});
	}
	return { start, refuse: wishes.filter((wish) => !wish.candidate).map((wish) => wish.job) };
}
