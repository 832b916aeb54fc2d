/** The standard normal distribution. Pure numerics. */

/**
 * Standard normal cumulative distribution function.
 * Abramowitz & Stegun 7.1.26 on erfc, absolute error below 1.5e-7: far below what any estimate here knows.
 */
export function normalCdf(z: number): number {
	if (z > 8) return 1;
	if (z < -8) return 0;
	const x = Math.abs(z) * Math.SQRT1_2;
	const t = 1 / (1 + 0.3275911 * x);
	const poly =
		t *
		(0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
	const tail = 0.5 * poly * Math.exp(-x * x);
	return z >= 0 ? 1 - tail : tail;
}

/**
 * Inverse of the standard normal CDF, for 0 < p < 1 (clamped to 1e-9 from either end).
 * Acklam's rational approximation, relative error below 1.2e-9.
 */
export function normalQuantile(p: number): number {
	const clamped = Math.min(1 - 1e-9, Math.max(1e-9, p));
	if (clamped < 0.02425) return tailQuantile(Math.sqrt(-2 * Math.log(clamped)));
	if (clamped > 1 - 0.02425) return -tailQuantile(Math.sqrt(-2 * Math.log(1 - clamped)));
	const q = clamped - 0.5;
	const r = q * q;
	const numerator =
		((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r +
			138.357751867269) *
			r -
			30.66479806614716) *
			r +
		2.506628277459239;
	const denominator =
		((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r +
			66.80131188771972) *
			r -
			13.28068155288572) *
			r +
		1;
	return (numerator * q) / denominator;
}

function tailQuantile(q: number): number {
	const numerator =
		((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q -
			2.549732539343734) *
			q +
			4.374664141464968) *
			q +
		2.938163982698783;
	const denominator =
		(((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q +
			3.754408661907416) *
			q +
		1;
	return numerator / denominator;
}
