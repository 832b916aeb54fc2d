/** How far the peak of VRAM is above or below its prediction: an upper bound from observed peaks and failures. */
import type { RatioObservation } from './types';

/** Share of coming runs that stay below the factor, once enough were seen. */
const LEVEL = 0.95;
/** From here on the order statistic of that level is not merely the largest. */
const ENOUGH_RUNS = 20;
/** After running out of memory the peak was more than what was there: by at least this factor. */
const BEYOND = 1.02;
/** Where not even that is known, the prediction was this much too low. */
const RAISE = 1.1;
/** Runs it takes to believe half of a peak below the prediction; one above it is believed at once. */
const LOWER_RUNS = 2;
const LARGEST = 4;
const LEAST = 0.25;

/** Failures count until this many newer runs have shown their peak. */
const FAILURE_MEMORY_RUNS = 60;

/**
 * Raised at once, lowered with evidence: a prediction too low costs a failed run, one too high a choice.
 * @returns factor over the predicted peak; 1 without observations
 */
export function vramFactor(observations: readonly RatioObservation[]): number {
	const seen = observations.filter((one) => one.logPeak !== null && !one.outOfMemory);
	const peaks = seen.map(({ logPeak }) => logPeak as number).sort((a, b) => a - b);
	const failures = observations.filter(
		(one) =>
			one.outOfMemory &&
			seen.filter(({ ageSeconds }) => ageSeconds < one.ageSeconds).length < FAILURE_MEMORY_RUNS,
	);
	const failed = failures.map(({ logPeak }) =>
		logPeak === null ? RAISE : Math.exp(logPeak) * BEYOND,
	);
	const factor = Math.max(fromPeaks(peaks), ...failed);
	return Math.min(LARGEST, Math.max(LEAST, factor));
}

/** @param peaks sorted */
function fromPeaks(peaks: readonly number[]): number {
	const n = peaks.length;
	if (n === 0) return 1;
	const rank = n < ENOUGH_RUNS ? n : Math.min(n, Math.ceil((n + 1) * LEVEL));
	const upper = peaks[rank - 1] as number;
	return Math.exp(upper > 0 ? upper : (upper * n) / (n + LOWER_RUNS));
}
