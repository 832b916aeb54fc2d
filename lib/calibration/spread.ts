/**
 * How far runs scatter around their middle: the spread of ordinary runs, and apart from it the share of extraordinary
 * ones (a busy disk, a neighbour on the GPU), which would blow up a standard deviation without being ordinary.
 */
import { weightedMedian } from './distributions';

/** Beyond this many sigma a run is extraordinary: ordinary ones are in one of 15,000 cases. */
const ORDINARY_SIGMAS = 4;
/** Runs that the catalog's spread is worth. */
const PRIOR_RUNS = 1;
/** Runs that the spread of all runs of a model is worth for one preset on one server. */
const POOL_RUNS = 8;
/** Share of extraordinary runs before any were seen, and the runs that this is worth. */
const PRIOR_TAIL = 0.005;
const PRIOR_TAIL_RUNS = 50;
const LEAST_SIGMA = 0.005;
const LARGEST_SIGMA = 1.5;
/** Median absolute deviation to standard deviation, of a normal. */
const MAD_TO_SIGMA = 1.4826;
/** The median absolute deviation of few runs is hardly known: the catalog's spread counts as this many. */
const CUT_PRIOR_RUNS = 3;

/** Runs of one preset on one server. */
export interface Residuals {
	/** Every complete run: value less the middle of the ordinary ones. */
	all: number[];
	/** Ordinary complete runs: value less their middle, and weight. */
	ordinary: [residual: number, weight: number][];
	/** Extraordinarily slow ones, and all. */
	tails: number;
	count: number;
}

export interface Spread {
	/** Standard deviation of the logarithm of an ordinary run. */
	sigma: number;
	/** Runs that `sigma` rests on, less one for each middle. */
	degrees: number;
	/** Share of extraordinarily slow runs. */
	tailShare: number;
}

/** @param complete value and weight of complete runs @param priorSigma spread that the catalog implies */
export function residualsOf(
	complete: readonly (readonly [value: number, weight: number])[],
	priorSigma: number,
): Residuals {
	const centre = weightedMedian(complete);
	const n = complete.length;
	const mad = weightedMedian(complete.map(([value, weight]) => [Math.abs(value - centre), weight]));
	const observed = (mad * MAD_TO_SIGMA) ** 2;
	const pooled = (CUT_PRIOR_RUNS * priorSigma ** 2 + n * observed) / (CUT_PRIOR_RUNS + n);
	const cut = ORDINARY_SIGMAS * Math.max(LEAST_SIGMA, Math.sqrt(pooled));
	const near = complete.filter(([value]) => Math.abs(value - centre) <= cut);
	const weight = near.reduce((sum, pair) => sum + pair[1], 0);
	const middle =
		weight > 0 ? near.reduce((sum, [value, w]) => sum + value * w, 0) / weight : centre;
	return {
		all: complete.map(([value]) => value - middle),
		ordinary: near.map(([value, w]) => [value - middle, w]),
		tails: complete.filter(([value]) => value - centre > cut).length,
		count: n,
	};
}

/** The spread of all runs of a model, around the middle of each preset and server. */
export function pooledSpread(groups: readonly Residuals[], priorSigma: number): Spread {
	const count = groups.reduce((sum, group) => sum + group.count, 0);
	const tails = groups.reduce((sum, group) => sum + group.tails, 0);
	return {
		...combined(groups, priorSigma, PRIOR_RUNS),
		tailShare: (tails + PRIOR_TAIL * PRIOR_TAIL_RUNS) / (count + PRIOR_TAIL_RUNS),
	};
}

/** The spread of one group, leaning on that of all groups. */
export function spreadOf(group: Residuals, pool: Spread): Spread {
	const { sigma, degrees } = combined([group], pool.sigma, POOL_RUNS);
	const borrowed = Math.min(POOL_RUNS, Math.max(0, pool.degrees - degrees));
	return { sigma, degrees: degrees + borrowed, tailShare: pool.tailShare };
}

/** Means of logarithms of variances: a wrong prior is left behind within a few runs. */
function combined(
	groups: readonly Residuals[],
	priorSigma: number,
	priorRuns: number,
): { sigma: number; degrees: number } {
	let squares = 0;
	let weights = 0;
	let degrees = 0;
	for (const { ordinary } of groups) {
		if (ordinary.length < 2) continue;
		const sum = ordinary.reduce((total, [, weight]) => total + weight, 0);
		const sumSquares = ordinary.reduce((total, [, weight]) => total + weight * weight, 0);
		const effective = (sum * sum) / sumSquares;
		const own = ordinary.reduce((total, [value, weight]) => total + weight * value * value, 0);
		squares += (own / sum) * effective;
		weights += effective - 1;
		degrees += effective - 1;
	}
	const prior = Math.log(Math.max(LEAST_SIGMA, priorSigma) ** 2);
	const variance = weights > 0 ? squares / weights : 0;
	const observed = Math.log(Math.max(LEAST_SIGMA ** 2, variance));
	const log = (priorRuns * prior + degrees * observed) / (priorRuns + degrees);
	const sigma = Math.min(LARGEST_SIGMA, Math.max(LEAST_SIGMA, Math.exp(log / 2)));
	return { sigma, degrees };
}
