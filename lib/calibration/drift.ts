/**
 * Finds the moment since which runs take a different time than before: the change point at which the cumulated
 * deviations (CUSUM) are largest, accepted only if chance hardly makes one as large.
 */

/** Sides of a change need this many runs each. */
const LEAST_RUNS = 5;
/**
 * In standard errors. The largest of a window of 50 to 200 looks exceeds 3.5 by chance in about one of a hundred
 * windows without a change (Brownian bridge); a false alarm only costs some memory.
 */
const THRESHOLD = 3.5;
/** Below this (in logarithms: 4 %) a change is not worth forgetting what was before. */
const LEAST_CHANGE = 0.04;
/** No clock and no GPU is steadier than this. */
const LEAST_SIGMA = 0.01;
/** Median of |difference of two normals| over their sigma: 0.6745 x sqrt(2). */
const DIFFERENCE_MEDIAN = 0.9539;
/** Outliers count as this many sigma beyond the bulk, so that one of them is no change. */
const CLIP_SIGMAS = 3;

export interface TimedValue {
	value: number;
	ageSeconds: number;
}

/**
 * @param values complete runs, logarithms
 * @returns the largest age that is still after the last change; null: no change found
 */
export function findDrift(values: readonly TimedValue[]): number | null {
	let current = [...values].sort((a, b) => b.ageSeconds - a.ageSeconds || a.value - b.value);
	let cut: number | null = null;
	for (;;) {
		const start = lastChange(current);
		if (start === null) return cut;
		current = current.slice(start);
		cut = (current[0] as TimedValue).ageSeconds;
	}
}

/** @param ordered oldest first @returns index of the first value after the change */
function lastChange(ordered: readonly TimedValue[]): number | null {
	const n = ordered.length;
	if (n < 2 * LEAST_RUNS) return null;
	const sigma = stepSigma(ordered);
	const values = clipped(ordered, sigma);
	const total = values.reduce((sum, value) => sum + value, 0);
	let best = { score: THRESHOLD, index: -1 };
	let sum = 0;
	for (let k = 1; k <= n - LEAST_RUNS; k++) {
		sum += values[k - 1] as number;
		// runs of one moment belong together
		if (k < LEAST_RUNS || ordered[k]?.ageSeconds === ordered[k - 1]?.ageSeconds) continue;
		const change = Math.abs((total - sum) / (n - k) - sum / k);
		const score = (change * Math.sqrt((k * (n - k)) / n)) / sigma;
		if (score > best.score && change > LEAST_CHANGE) best = { score, index: k };
	}
	return best.index < 0 ? null : best.index;
}

/** Spread from run to run, which a change in between does not widen. */
function stepSigma(ordered: readonly TimedValue[]): number {
	const steps = ordered
		.slice(1)
		.map(({ value }, i) => Math.abs(value - (ordered[i] as TimedValue).value))
		.sort((a, b) => a - b);
	return Math.max(LEAST_SIGMA, (steps[steps.length >> 1] as number) / DIFFERENCE_MEDIAN);
}

function clipped(ordered: readonly TimedValue[], sigma: number): number[] {
	const sorted = ordered.map(({ value }) => value).sort((a, b) => a - b);
	const margin = Math.floor(sorted.length / 10);
	const low = (sorted[margin] as number) - CLIP_SIGMAS * sigma;
	const high = (sorted[sorted.length - 1 - margin] as number) + CLIP_SIGMAS * sigma;
	return ordered.map(({ value }) => Math.min(high, Math.max(low, value)));
}
