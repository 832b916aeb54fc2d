/**
 * Learns one model: its middle, spread and drift, for the model as a whole, for each preset, and for each preset on each
 * server. What is special leans on what is general, and that on the catalog's figure: few runs move it little.
 *
 * Everything is done on ln(run / catalog's median), so that 0 is the catalog's own word.
 */
import { findDrift } from './drift';
import { fitLocation, type Normal, type Sample } from './location';
import { p95Offset } from './quantile';
import { recencyWeights } from './recency';
import { pooledSpread, residualsOf, type Residuals, type Spread, spreadOf } from './spread';
import type { PresetPrior } from './types';

/** Spread between presets of a model, and between servers, against what the catalog expects of them. */
const BETWEEN_SIGMA = 0.15;

/** null is no name: no name holds a control character. */
export function cellKey(preset: string | null, server: string | null): string {
	return `${preset ?? '\u0000'}\n${server ?? '\u0000'}`;
}

export interface TimedRun {
	preset: string | null;
	server: string | null;
	ageSeconds: number;
	/** ln(run / catalog's mean). */
	logRun: number;
	censored: boolean;
}

/** What was learned of one cell: a preset on a server, a preset, or the model (null: all). */
export interface FittedCell {
	preset: string | null;
	server: string | null;
	/** ln of the middle over the catalog's median. */
	location: Normal;
	/** Spread of an ordinary run. */
	sigma: number;
	/** ln of the 95 % quantile over the middle. */
	p95Offset: number;
	degrees: number;
	prior: PresetPrior;
	complete: number;
	censored: number;
	drift: boolean;
}

interface Leaf {
	preset: string | null;
	server: string | null;
	prior: PresetPrior;
	samples: Sample[];
	residuals: Residuals;
	/** Runs that the weights of the complete ones are worth. */
	effective: number;
	complete: number;
	drift: boolean;
}

/**
 * @param runs of one model, at least one
 * @param priorOf of each preset; null: of the model as a whole
 * @returns a cell for the model, each preset, and each preset on each server
 */
export function fitModel(
	runs: readonly TimedRun[],
	priorOf: (preset: string | null) => PresetPrior,
): FittedCell[] {
	const leaves = leavesOf(runs, priorOf);
	const prior = commonPrior(leaves);
	const pool = pooledSpread(
		leaves.map((leaf) => leaf.residuals),
		prior.sigma,
	);
	const model = fitGroup(leaves, pool, { mean: 0, variance: prior.uncertainty ** 2 });
	const cells = [cellOf(null, null, leaves, model, prior)];
	for (const preset of new Set(leaves.map((leaf) => leaf.preset))) {
		const own = leaves.filter((leaf) => leaf.preset === preset);
		const group = leaves.length === own.length ? model : fitGroup(own, pool, childPrior(model));
		if (preset !== null) cells.push(cellOf(preset, null, own, group, own[0]!.prior));
		for (const leaf of own) {
			if (leaf.server === null) continue;
			const fit = own.length === 1 ? group : fitGroup([leaf], pool, childPrior(group));
			cells.push(cellOf(preset, leaf.server, [leaf], fit, leaf.prior));
		}
	}
	return cells;
}

function leavesOf(
	runs: readonly TimedRun[],
	priorOf: (preset: string | null) => PresetPrior,
): Leaf[] {
	const groups = new Map<string, TimedRun[]>();
	for (const run of [...runs].sort(inOrder)) {
		const key = cellKey(run.preset, run.server);
		const group = groups.get(key);
		if (group) group.push(run);
		else groups.set(key, [run]);
	}
	const parts = [...groups.values()];
	const common = commonDrift(parts);
	return parts.map((group) => leafOf(group, priorOf(group[0]!.preset), common));
}

/** The same set of runs in the same order, however it was given. */
function inOrder(a: TimedRun, b: TimedRun): number {
	if (a.ageSeconds !== b.ageSeconds) return a.ageSeconds - b.ageSeconds;
	if (a.logRun !== b.logRun) return a.logRun - b.logRun;
	return textOf(a) < textOf(b) ? -1 : 1;
}

function textOf({ preset, server, censored }: TimedRun): string {
	return `${cellKey(preset, server)}\n${censored}`;
}

/** A change that all presets of a model show together (a new driver, another ComfyUI) shows sooner in all of them. */
function commonDrift(groups: readonly TimedRun[][]): number | null {
	if (groups.length < 2) return null;
	const centred = groups.flatMap((group) => {
		const complete = completeOf(group);
		const mean = complete.reduce((sum, run) => sum + run.logRun, 0) / complete.length;
		return complete.map(({ logRun, ageSeconds }) => ({ value: logRun - mean, ageSeconds }));
	});
	return findDrift(centred);
}

function completeOf(runs: readonly TimedRun[]): TimedRun[] {
	return runs.filter((run) => !run.censored);
}

function leafOf(all: readonly TimedRun[], prior: PresetPrior, commonCut: number | null): Leaf {
	const since = (runs: readonly TimedRun[], cut: number | null): TimedRun[] =>
		runs.filter((run) => cut === null || run.ageSeconds <= cut);
	const recent = since(all, commonCut);
	const cut = findDrift(
		completeOf(recent).map(({ logRun, ageSeconds }) => ({ value: logRun, ageSeconds })),
	);
	const runs = since(recent, cut);
	const weights = recencyWeights(
		runs.map(({ ageSeconds, censored }) => ({ ageSeconds, counted: !censored })),
	);
	const shift = (prior.sigma * prior.sigma) / 2;
	const samples = runs.map(({ logRun, censored }, i) => ({
		value: logRun + shift,
		weight: weights[i] as number,
		censored,
	}));
	const complete = samples.filter((sample) => !sample.censored);
	const sum = complete.reduce((total, { weight }) => total + weight, 0);
	const squares = complete.reduce((total, { weight }) => total + weight * weight, 0);
	const scale = squares > 0 ? sum / squares : 1;
	return {
		preset: all[0]!.preset,
		server: all[0]!.server,
		prior,
		samples: samples.map((sample) => ({ ...sample, weight: sample.weight * scale })),
		residuals: residualsOf(
			complete.map(({ value, weight }) => [value, weight]),
			prior.sigma,
		),
		effective: sum * scale,
		complete: complete.length,
		drift: cut !== null || completeOf(recent).length < completeOf(all).length,
	};
}

interface GroupFit {
	location: Normal;
	spread: Spread;
	/** Around each leaf's own middle. */
	groups: Residuals[];
	/** Variance between the leaves. */
	between: number;
}

/** All leaves as one: none of them outweighs the others by its number of runs alone where they differ. */
function fitGroup(leaves: readonly Leaf[], pool: Spread, prior: Normal): GroupFit {
	const [only] = leaves;
	const spread = leaves.length === 1 ? spreadOf(only!.residuals, pool) : pool;
	const between = betweenVariance(leaves, spread.sigma);
	const ratio = between / spread.sigma ** 2;
	const samples = leaves.flatMap((leaf) => {
		const share = 1 / (1 + Math.max(1, leaf.effective) * ratio);
		return leaf.samples.map((sample) => ({ ...sample, weight: sample.weight * share }));
	});
	return {
		location: fitLocation(samples, prior, spread.sigma),
		spread,
		groups: leaves.map((leaf) => leaf.residuals),
		between,
	};
}

/** By the method of moments: what the leaves' middles differ by beyond chance. */
function betweenVariance(leaves: readonly Leaf[], sigma: number): number {
	const seen = leaves.filter((leaf) => leaf.complete > 0);
	if (seen.length < 2) return 0;
	const middles = seen.map((leaf) => fitLocation(completeSamples(leaf), FLAT, sigma).mean);
	const mean = middles.reduce((sum, value) => sum + value, 0) / seen.length;
	const squares = middles.reduce((sum, value) => sum + (value - mean) ** 2, 0);
	const chance = seen.reduce((sum, leaf) => sum + sigma ** 2 / leaf.effective, 0) / seen.length;
	return Math.max(0, squares / (seen.length - 1) - chance);
}

/** Says nothing. */
const FLAT: Normal = { mean: 0, variance: 1e6 };

function completeSamples(leaf: Leaf): Sample[] {
	return leaf.samples.filter((sample) => !sample.censored);
}

function childPrior({ location }: GroupFit): Normal {
	return { mean: location.mean, variance: location.variance + BETWEEN_SIGMA ** 2 };
}

function cellOf(
	preset: string | null,
	server: string | null,
	leaves: readonly Leaf[],
	{ location, spread, groups, between }: GroupFit,
	prior: PresetPrior,
): FittedCell {
	const complete = leaves.reduce((sum, leaf) => sum + leaf.complete, 0);
	const all = leaves.reduce((sum, leaf) => sum + leaf.samples.length, 0);
	return {
		preset,
		server,
		location,
		sigma: spread.sigma,
		p95Offset: p95Offset(spread, location.variance + between, groups),
		degrees: spread.degrees,
		prior,
		complete,
		censored: all - complete,
		drift: leaves.some((leaf) => leaf.drift),
	};
}

/** For a model as a whole: the mean of its presets' figures, by how often they ran. */
function commonPrior(leaves: readonly Leaf[]): PresetPrior {
	const seen = leaves.some((leaf) => leaf.complete > 0);
	const weights = leaves.map((leaf) => (seen ? leaf.complete : 1));
	const total = weights.reduce((sum, weight) => sum + weight, 0);
	const mean = (figure: (prior: PresetPrior) => number): number =>
		leaves.reduce((sum, leaf, i) => sum + figure(leaf.prior) * (weights[i] as number), 0) / total;
	return {
		sigma: mean((prior) => prior.sigma),
		logP95: mean((prior) => prior.logP95),
		uncertainty: mean((prior) => prior.uncertainty),
	};
}
