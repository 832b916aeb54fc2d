/** Means and paired differences with their 95 % intervals. */

export interface Interval {
	mean: number;
	/** Half the width of the 95 % interval (Student's t). */
	half: number;
}

/** Two-sided 97.5 % quantiles of Student's t for 1 to 30 degrees of freedom. */
const T_QUANTILES = [
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
	2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
	2.045, 2.042,
];

export function mean(values: readonly number[]): number {
	return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}

export function interval(values: readonly number[]): Interval {
	const average = mean(values);
	const freedom = values.length - 1;
	if (freedom < 1) return { mean: average, half: Infinity };
	const square = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / freedom;
	const t = T_QUANTILES[freedom - 1] ?? 1.96 + 2.5 / freedom;
	return { mean: average, half: t * Math.sqrt(square / values.length) };
}

/** a - b, seed by seed. */
export function pairedDifference(a: readonly number[], b: readonly number[]): Interval {
	return interval(a.map((value, i) => value - (b[i] as number)));
}
