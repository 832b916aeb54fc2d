/** Quantiles and moments that the estimates need. Pure numerics. */
import { normalCdf, normalQuantile } from '../estimate/normal';

/** Depth of the continued fraction; from 2 on it is exact to double precision. */
const FRACTION_DEPTH = 40;

/**
 * Mean of a standard normal given that it is above `a` (inverse Mills ratio), for any finite `a`.
 * Far out by Laplace's continued fraction, where the CDF's own error would show.
 */
export function meanAbove(a: number): number {
	if (a < 2) {
		const density = Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI);
		return density / (1 - normalCdf(a));
	}
	let fraction = a;
	for (let k = FRACTION_DEPTH; k >= 1; k--) fraction = a + k / fraction;
	return fraction;
}

/**
 * Quantile of Student's t, for 0 < p < 1 and degrees of freedom of at least 2 (fewer count as 2).
 * Hill, Algorithm 396 (1970); relative error below 1e-4 in the range used here.
 */
export function studentQuantile(p: number, degrees: number): number {
	if (p === 0.5) return 0;
	if (p < 0.5) return -studentQuantile(1 - p, degrees);
	const n = Math.max(2, degrees);
	const twoTailed = 2 * (1 - p);
	if (n === 2) return Math.sqrt(2 / (twoTailed * (2 - twoTailed)) - 2);
	const a = 1 / (n - 0.5);
	const b = 48 / (a * a);
	let c = ((20700 * a) / b - 98) * a - 16;
	c = c * a + 96.36;
	const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * n;
	let y = (d * twoTailed) ** (2 / n);
	if (y > 0.05 + a) {
		const x = -normalQuantile(1 - twoTailed / 2);
		y = x * x;
		if (n < 5) c += 0.3 * (n - 4.5) * (x + 0.6);
		c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b;
		y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
		y = Math.expm1(a * y * y);
	} else {
		y =
			((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) *
				((n + 1) / (n + 2)) +
			1 / y;
	}
	return Math.sqrt(n * y);
}

/** Value below which half of the weight lies; 0 of nothing. Pairs need not be sorted. */
export function weightedMedian(
	pairs: readonly (readonly [value: number, weight: number])[],
): number {
	const sorted = [...pairs].sort((a, b) => a[0] - b[0]);
	const half = sorted.reduce((sum, [, weight]) => sum + weight, 0) / 2;
	let below = 0;
	for (let i = 0; i < sorted.length; i++) {
		const [value, weight] = sorted[i] as readonly [number, number];
		below += weight;
		const next = sorted[i + 1];
		if (Math.abs(below - half) < 1e-12 && next) return (value + next[0]) / 2;
		if (below > half) return value;
	}
	return sorted.at(-1)?.[0] ?? 0;
}
