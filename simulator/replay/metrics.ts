/** The figures of a replay, as INTERFACES names them. Owns their definitions. */
import { SECONDS_PER_HOUR } from '../../lib/units';
import type { JobOutcome, ReplayResult } from './types';

/** Ratios 0 to 1, seconds, and money (GPU seconds where no server has a price). */
export interface Metrics {
	policy: string;
	jobs: number;
	/** Jobs finished by their deadline, of all jobs: refused and failed ones are not on time. */
	on_time_ratio: number;
	/** null when none was on time. */
	mean_quality_on_time: number | null;
	/** Sum of quality x [on time] over all jobs. */
	effective_quality: number;
	cost_total: number;
	cost_per_on_time_image: number | null;
	/** Cold loads of the fleet per hour of the replay. */
	swaps_per_hour: number;
	oom_count: number;
	rejected: number;
	/** From asking to the start of the run that finished, over finished jobs. */
	wait_seconds: { p50: number; p95: number; p99: number; max: number };
	/** Device time used, of the devices' time until the last job ended. */
	gpu_busy_ratio: number;
}

/** Nearest rank: the smallest value that at least this share does not exceed. 0 for no values. */
export function percentile(sorted: readonly number[], share: number): number {
	if (sorted.length === 0) return 0;
	return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}

export function metricsOf(result: ReplayResult): Metrics {
	const { outcomes, spanSeconds } = result;
	const jobs = outcomes.length;
	const onTime = outcomes.filter((outcome) => outcome.onTime);
	const quality = onTime.reduce((sum, outcome) => sum + outcome.quality, 0);
	const waits = outcomes.flatMap(waitOf).sort((a, b) => a - b);
	const busy = result.busySeconds.reduce((a, b) => a + b, 0);
	return {
		policy: result.policy,
		jobs,
		on_time_ratio: jobs === 0 ? 0 : onTime.length / jobs,
		mean_quality_on_time: onTime.length === 0 ? null : quality / onTime.length,
		effective_quality: jobs === 0 ? 0 : quality / jobs,
		cost_total: result.costTotal,
		cost_per_on_time_image: onTime.length === 0 ? null : result.costTotal / onTime.length,
		swaps_per_hour: spanSeconds === 0 ? 0 : (result.swaps * SECONDS_PER_HOUR) / spanSeconds,
		oom_count: result.ooms.length,
		rejected: outcomes.filter((outcome) => outcome.status === 'rejected').length,
		wait_seconds: {
			p50: percentile(waits, 0.5),
			p95: percentile(waits, 0.95),
			p99: percentile(waits, 0.99),
			max: waits[waits.length - 1] ?? 0,
		},
		gpu_busy_ratio: spanSeconds === 0 ? 0 : busy / (spanSeconds * result.busySeconds.length),
	};
}

function waitOf(outcome: JobOutcome): number[] {
	return outcome.startedAtSeconds === null
		? []
		: [outcome.startedAtSeconds - outcome.arrivedAtSeconds];
}

/** Waiting longer than this many deadline spans while others pass counts as starving. */
const STARVING_SPANS = 3;

/**
 * Jobs that waited more than three times their deadline span and, after that, were still passed on their own
 * server by a job that had arrived later, while it had the memory to run them: where a co-tenant has taken that, nobody
 * is served earlier by leaving the server idle.
 */
export function starvedCount(result: ReplayResult): number {
	const started = result.outcomes.filter((outcome) => outcome.startedAtSeconds !== null);
	return started.filter((outcome) => {
		const span = outcome.deadlineAtSeconds - outcome.arrivedAtSeconds;
		const starvingFrom = outcome.arrivedAtSeconds + STARVING_SPANS * span;
		const startedAt = outcome.startedAtSeconds as number;
		if (startedAt <= starvingFrom) return false;
		return started.some(
			(other) =>
				other.serverIndex === outcome.serverIndex &&
				other.roomBytes >= outcome.leastBytes &&
				other.arrivedAtSeconds > outcome.arrivedAtSeconds &&
				(other.startedAtSeconds as number) > starvingFrom &&
				(other.startedAtSeconds as number) < startedAt,
		);
	}).length;
}
