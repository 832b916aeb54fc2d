/** The order of the jobs of one server: by deadline, unless running another first brings more (a warm model, mostly). */
import { type Lane, laneValue, type PlannedJob } from './plan';
import type { DispatchTuning } from './tuning';
import type { WaitingJobState } from './waiting-job';

/** Gain that pulling a job forward must bring, so that equal orders stay by deadline. */
const LEAST_GAIN = 1e-6;

/**
 * Pulls the job to the front that makes the lane worth most, then does the same for the rest.
 * @param mayPass says whether a job may be pulled before the first
 */
export function improveOrder(
	lane: Lane,
	price: number,
	{ lookAhead }: DispatchTuning,
	mayPass: (job: WaitingJobState, first: WaitingJobState) => boolean = () => true,
): void {
	const depth = Math.min(lane.jobs.length - 1, lookAhead);
	let best = lane.jobs;
	let bestValue = laneValue(lane, best, price) + LEAST_GAIN;
	const first = lane.jobs[0]?.job;
	if (first === undefined || first.aged) return;
	for (let i = 1; i <= depth; i++) {
		if (!mayPass((lane.jobs[i] as PlannedJob).job, first)) continue;
		const moved = toFront(lane.jobs, i);
		const value = laneValue(lane, moved, price);
		if (value > bestValue) {
			best = moved;
			bestValue = value + LEAST_GAIN;
		}
	}
	lane.jobs = best;
}

function toFront(jobs: readonly PlannedJob[], i: number): PlannedJob[] {
	const job = jobs[i] as PlannedJob;
	return [job, ...jobs.slice(0, i), ...jobs.slice(i + 1)];
}
