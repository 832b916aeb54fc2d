/**
 * How fast a server is against what was expected of it, learned from its own runs. Pure. A few runs are believed a
 * little, one that is far off cannot turn everything, and a server that changes is followed.
 */

export interface LearnedSpeed {
	/** Natural logarithm of the factor on the server's speed: 0 = as expected, negative = slower. */
	logFactor: number;
	runs: number;
}

export const AS_EXPECTED: LearnedSpeed = { logFactor: 0, runs: 0 };

/** Runs that the expectation itself is worth. */
const PRIOR_RUNS = 3;
/** Share that a new run always has, so that a change is noticed however long it was otherwise. */
const LEAST_GAIN = 0.1;
/** One run counts as at most so far off, and all together as so far. */
const MOST_PER_RUN = Math.log(2);
const MOST_IN_ALL = Math.log(8);
/** Shorter runs are mostly overhead. */
const LEAST_SECONDS = 0.2;

/**
 * @param expectedSeconds of the run alone, made with the factor as it was then
 * @param actualSeconds of the run alone, warm and not from the cache
 */
export function afterRun(
	speed: LearnedSpeed,
	expectedSeconds: number,
	actualSeconds: number,
): LearnedSpeed {
	if (!(expectedSeconds >= LEAST_SECONDS && actualSeconds > 0)) return speed;
	const off = clamp(Math.log(expectedSeconds / actualSeconds), MOST_PER_RUN);
	const gain = Math.max(LEAST_GAIN, 1 / (PRIOR_RUNS + speed.runs + 1));
	return {
		logFactor: clamp(speed.logFactor + gain * off, MOST_IN_ALL),
		runs: speed.runs + 1,
	};
}

/** Factor on the server's `speed_factor`. */
export function speedFactorOf({ logFactor }: LearnedSpeed): number {
	return Math.exp(logFactor);
}

function clamp(value: number, most: number): number {
	return Math.max(-most, Math.min(most, value));
}
