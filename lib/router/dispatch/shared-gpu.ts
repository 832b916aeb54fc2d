/**
 * Servers that share a GPU: of the jobs that could begin on them at the same moment only those begin that fit beside each
 * other. Each was planned with the memory that is free now.
 */
import { candidatesOf } from '../decision';
import { isTightBeside } from '../estimate-candidate';
import { type ServerState, unseenBytes } from '../server-state';
import { byDeadline, type Plan, type PlannedJob } from './plan';

interface Start {
	/** Of the server. */
	lane: number;
	planned: PlannedJob;
}

/**
 * @param states by the servers' position in the snapshot, as the plan's lanes
 * @returns per lane whose first job has to wait for memory: the lane whose job takes it
 */
export function crowdedOut(plan: Plan, states: readonly ServerState[]): Map<number, number> {
	const waits = new Map<number, number>();
	for (const starts of startsByGpu(plan, states)) {
		let beside: Start | null = null;
		let taken = 0;
		for (const start of starts) {
			const state = states[start.lane] as ServerState;
			const { job, option } = start.planned;
			const { peakBytes } = candidatesOf(job.input, null).at(option.row);
			if (beside !== null && isTightBeside(peakBytes, state, taken)) {
				waits.set(start.lane, beside.lane);
				continue;
			}
			beside = start;
			taken += unseenBytes(state, peakBytes);
		}
	}
	return waits;
}

/** Only of GPUs on which more than one job would begin; the most urgent first. */
function startsByGpu({ lanes }: Plan, states: readonly ServerState[]): Start[][] {
	const groups = new Map<string, Start[]>();
	for (const [lane, { jobs, startsNow }] of lanes.entries()) {
		const group = states[lane]?.gpuGroup ?? null;
		const [planned] = jobs;
		if (group === null || planned === undefined || !startsNow) continue;
		groups.set(group, [...(groups.get(group) ?? []), { lane, planned }]);
	}
	return [...groups.values()]
		.filter((starts) => starts.length > 1)
		.map((starts) => starts.sort((a, b) => byDeadline(a.planned.job, b.planned.job)));
}
