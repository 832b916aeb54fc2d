/**
 * Where the logarithms of run times lie: a robust mean (Huber) with a normal prior, in which runs that were ended
 * early count as "at least this long" (the score of a Tobit model, bounded like Huber's).
 *
 * A run ended early can only raise the result: its expected value is never below the mean, and it changes neither the
 * spread nor the weights that the complete runs have.
 */
import { meanAbove } from './distributions';

/** Huber's constant for 95 % efficiency on normal data. */
const HUBER = 1.345;
/** Variance of that estimator over that of the mean. */
const HUBER_VARIANCE = 1 / 0.95;
const MAX_ROUNDS = 100;
const ENOUGH = 1e-10;
/** Logarithm of a factor beyond any: runs ended early without one that finished cannot say how long one takes. */
const LARGEST = 20;

export interface Sample {
	value: number;
	/** Worth of the sample: 1 is a whole run. */
	weight: number;
	/** `value` is a lower bound. */
	censored: boolean;
}

export interface Normal {
	mean: number;
	variance: number;
}

/**
 * @param sigma spread of a single run; must not depend on the censored samples
 * @returns mean, and the variance that its own uncertainty has
 */
export function fitLocation(samples: readonly Sample[], prior: Normal, sigma: number): Normal {
	const priorWeight = (sigma * sigma) / prior.variance;
	const weight = samples.reduce((sum, one) => sum + (one.censored ? 0 : one.weight), 0);
	/** How far all samples and the prior together pull upwards; falls as `mean` rises. */
	const pull = (mean: number): number => {
		let sum = priorWeight * (prior.mean - mean);
		for (const sample of samples) sum += sample.weight * pullOf(sample, mean, sigma);
		return sum;
	};
	const values = samples.map((sample) => sample.value);
	const reach = HUBER * sigma;
	return {
		mean: root(pull, Math.min(prior.mean, ...values), Math.max(prior.mean, ...values) + reach),
		variance: (sigma * sigma) / (priorWeight + weight / HUBER_VARIANCE),
	};
}

function pullOf({ value, censored }: Sample, mean: number, sigma: number): number {
	const distance = censored ? sigma * meanAbove((value - mean) / sigma) : value - mean;
	const reach = HUBER * sigma;
	return Math.min(reach, Math.max(-reach, distance));
}

/** Where a falling function crosses 0: bisection, because censored samples make it flat in places. */
function root(f: (x: number) => number, from: number, to: number): number {
	let low = from;
	let high = to;
	while (f(high) > 0) {
		high += high - low + 1;
		if (high > LARGEST) return LARGEST;
	}
	for (let round = 0; round < MAX_ROUNDS && high - low > ENOUGH; round++) {
		const middle = (low + high) / 2;
		if (f(middle) > 0) low = middle;
		else high = middle;
	}
	return (low + high) / 2;
}
