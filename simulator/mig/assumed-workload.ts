/** An assumed workload as a trace: kinds of jobs at given rates, arriving at random. The same seed gives the same trace. */
import type { TraceJob } from '../replay';
import { mixSeed, seededRandom } from '../replay/random';
import { SECONDS_PER_HOUR } from '../../lib/units';

export interface AssumedJobs {
	perHour: number;
	purpose: string;
	urgency: string;
	width: number | null;
	height: number | null;
}

/** Each kind arrives independently of the others and of its own past (Poisson). */
export function assumedTrace(
	kinds: readonly AssumedJobs[],
	hours: number,
	seed: number,
): TraceJob[] {
	const endSeconds = hours * SECONDS_PER_HOUR;
	const jobs = kinds.flatMap((kind, index) => {
		const random = seededRandom(mixSeed(seed, 0x6d6967, index));
		const arrivals: TraceJob[] = [];
		for (let at = gap(kind, random); at < endSeconds; at += gap(kind, random)) {
			arrivals.push({
				arrivalSeconds: at,
				purpose: kind.purpose,
				urgency: kind.urgency,
				deadlineSeconds: null,
				minQuality: 0,
				width: kind.width,
				height: kind.height,
				batchSize: 1,
				userId: null,
			});
		}
		return arrivals;
	});
	return jobs.sort((a, b) => a.arrivalSeconds - b.arrivalSeconds);
}

function gap({ perHour }: AssumedJobs, random: () => number): number {
	return (-Math.log(1 - random()) * SECONDS_PER_HOUR) / perHour;
}
