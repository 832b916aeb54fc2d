/** How much an observation still weighs: recent ones more, by days and by how many runs came after it. */

/** A run this old weighs half: drivers, ComfyUI versions and neighbours change within weeks. */
export const HALF_LIFE_SECONDS = 30 * 86_400;
/** A run with this many newer ones of its kind weighs half. */
export const HALF_LIFE_RUNS = 60;

/** @returns 0 to 1 */
export function recencyWeight(ageSeconds: number, newerRuns: number): number {
	return 2 ** -(ageSeconds / HALF_LIFE_SECONDS + newerRuns / HALF_LIFE_RUNS);
}

/**
 * Weights of observations by their ages, in the order given. Runs of equal age count as equally new. Only
 * `counted` observations (complete ones) make others older: a cancelled run takes no weight from a finished one.
 */
export function recencyWeights(
	observations: readonly { ageSeconds: number; counted: boolean }[],
): number[] {
	const ages = observations
		.filter(({ counted }) => counted)
		.map(({ ageSeconds }) => ageSeconds)
		.sort((a, b) => a - b);
	return observations.map(({ ageSeconds }) =>
		recencyWeight(ageSeconds, countBelow(ages, ageSeconds)),
	);
}

function countBelow(sorted: readonly number[], value: number): number {
	let low = 0;
	let high = sorted.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((sorted[middle] as number) < value) low = middle + 1;
		else high = middle;
	}
	return low;
}
