/**
 * The duration that 95 % of coming runs stay below, as an offset from the middle in logarithms. Wide enough for what is
 * not known about middle and spread, so that it holds also after a few runs.
 */
import { studentQuantile } from './distributions';
import type { Residuals, Spread } from './spread';

const LEVEL = 0.95;
/** However frequent extraordinary runs are, the ordinary ones keep this share of the misses. */
const LEAST_ORDINARY_MISS = 0.008;
/** Degrees of freedom that the catalog's own spread is worth: after one run the quantile is wide, not absurd. */
const LEAST_DEGREES = 4;
/** Runs beyond those an order statistic needs, after which it counts as much as the normal shape. */
const EMPIRICAL_HALF = 60;
/** Above this share of extraordinary runs the quantile lies among them, and only they tell where. */
const TAIL_DOMINATES = 0.04;

/**
 * @param spread of single runs
 * @param variance uncertainty of the middle
 * @param groups complete runs around their own middles
 */
export function p95Offset(spread: Spread, variance: number, groups: readonly Residuals[]): number {
	const { sigma, degrees, tailShare } = spread;
	const miss = Math.max(LEAST_ORDINARY_MISS, (1 - LEVEL - tailShare) / (1 - tailShare));
	const shape =
		studentQuantile(1 - miss, Math.max(LEAST_DEGREES, degrees)) *
		Math.sqrt(sigma * sigma + variance);
	const all = groups.flatMap((group) => group.all);
	if (tailShare > TAIL_DOMINATES && isEnough(all.length, 1 - LEVEL)) {
		return orderStatistic(all, 1 - LEVEL);
	}
	const ordinary = groups.flatMap((group) => group.ordinary.map(([residual]) => residual));
	if (!isEnough(ordinary.length, miss)) return shape;
	const beyond = ordinary.length + 1 - 1 / miss;
	const weight = beyond / (beyond + EMPIRICAL_HALF);
	return (1 - weight) * shape + weight * orderStatistic(ordinary, miss);
}

/** The largest of 19 is exceeded by the next one in 1 of 20 cases; of fewer, none is that rarely exceeded. */
function isEnough(n: number, miss: number): boolean {
	return (n + 1) * miss >= 1;
}

/** Split-conformal: the (n + 1) x level-th of n, between two neighbours in proportion. */
function orderStatistic(residuals: readonly number[], miss: number): number {
	const sorted = [...residuals].sort((a, b) => a - b);
	const n = sorted.length;
	const position = Math.min(n, (n + 1) * (1 - miss)) - 1;
	const index = Math.floor(position);
	const low = sorted[index] as number;
	const high = sorted[Math.min(n - 1, index + 1)] as number;
	// the middle was fitted to these very runs, so that they lie closer to it than coming ones will
	return (low + (high - low) * (position - index)) * (1 + 1 / n);
}
