/** Demand to come, from how it was: at this time on the days before, and just now. Pure. */
import type { ExpectedDemand } from './plan';

/** Jobs of one model that were logged. */
export interface PastDemand {
	model_name: string;
	/** In the same span of the clock that is looked ahead now, all days together. */
	jobs_at_this_time: number;
	/** Days that the log goes back, at most the days asked for. */
	days: number;
	/** In the last such span until now. */
	jobs_just_now: number;
}

/** The larger of the two: what comes every day is expected even after a pause, what has just begun is followed. */
export function expectedDemand(past: readonly PastDemand[]): ExpectedDemand[] {
	return past.map(
		({ model_name: modelName, jobs_at_this_time: then, days, jobs_just_now: now }) => ({
			modelName,
			jobs: Math.max(then / Math.max(1, days), now),
		}),
	);
}
