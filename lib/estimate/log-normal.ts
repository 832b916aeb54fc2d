/**
 * Durations as log-normal distributions, given by mean and variance.
 *
 * Sums are matched by their first two moments (Fenton-Wilkinson), which is exact in mean and variance and close in
 * the upper half, where deadlines are decided.
 */
import { normalCdf, normalQuantile } from './normal';

/** 95 % point of the standard normal. */
const Z95 = 1.6448536269514722;

/** Below this coefficient of variation a duration counts as certain. */
const MIN_CV = 1e-4;

/** P(duration <= limit) for a log-normal of this mean and variance. All in one unit; limit may be <= 0. */
export function probabilityWithin(mean: number, variance: number, limit: number): number {
	if (limit <= 0) return 0;
	if (mean <= 0) return 1;
	const ratio = variance / (mean * mean);
	const s2 = Math.log1p(Math.max(ratio, MIN_CV * MIN_CV));
	return normalCdf((Math.log(limit / mean) + s2 / 2) / Math.sqrt(s2));
}

/** The duration not exceeded with probability `p` (0 < p < 1). */
export function quantile(mean: number, variance: number, p: number): number {
	if (mean <= 0) return 0;
	const s2 = Math.log1p(Math.max(variance / (mean * mean), MIN_CV * MIN_CV));
	return mean * Math.exp(normalQuantile(p) * Math.sqrt(s2) - s2 / 2);
}

/** The median, cheaper than `quantile(..., 0.5)`. */
export function median(mean: number, variance: number): number {
	return mean <= 0 ? 0 : mean / Math.sqrt(1 + variance / (mean * mean));
}

/** The 95 % quantile. */
export function percentile95(mean: number, variance: number): number {
	if (mean <= 0) return 0;
	const s2 = Math.log1p(variance / (mean * mean));
	return mean * Math.exp(Z95 * Math.sqrt(s2) - s2 / 2);
}

/**
 * Coefficient of variation of the log-normal whose 95 % quantile is `ratio` times its mean.
 * Solves exp(z*s - s^2/2) = ratio. A ratio at or below 1 gives the least spread; beyond what a log-normal can have
 * (exp(z^2/2), about 3.87) the widest.
 */
export function cvFromP95Ratio(ratio: number): number {
	if (!(ratio > 1)) return 0.01;
	const discriminant = Z95 * Z95 - 2 * Math.log(ratio);
	const sigma = discriminant <= 0 ? Z95 : Z95 - Math.sqrt(discriminant);
	return Math.sqrt(Math.expm1(sigma * sigma));
}

/** 95 % quantile over mean for a coefficient of variation; the inverse of `cvFromP95Ratio`. */
export function p95RatioFromCv(cv: number): number {
	const s2 = Math.log1p(cv * cv);
	return Math.exp(Z95 * Math.sqrt(s2) - s2 / 2);
}
