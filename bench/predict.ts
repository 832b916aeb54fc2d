/**
 * How well are run times predicted from a log? Simulated logs with a known truth; every way of predicting reads the same
 * log, and is held against the true medians and against fresh runs. Options: --seeds N, --tuning (other seeds).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { parseCatalog } from '../lib/catalog/parse';
import { type Contestant, CONTESTANTS } from './predict/contestants';
import { type Conditions, makeWorld, USUAL } from './predict/world';
import { atLeast, atMost, finish, printTable } from './report';

const FIRST_SEED = 9001;
const FIRST_TUNING_SEED = 1;
const SEEDS = 20;
const FRESH_RUNS = 400;

interface Score {
	errors: number[];
	covered: number;
	fresh: number;
}

const { values } = parseArgs({
	options: { seeds: { type: 'string' }, tuning: { type: 'boolean', default: false } },
});
const count = Number(values.seeds ?? SEEDS);
const first = values.tuning ? FIRST_TUNING_SEED : FIRST_SEED;
const seeds = Array.from({ length: count }, (_, i) => first + i);
const catalog = parseCatalog(
	JSON.parse(readFileSync(join(__dirname, '..', 'models_config.json'), 'utf8')),
);
/** Where the goals do not apply: how it fares when one thing is harder, or easier. */
const VARIANTS: readonly [name: string, Partial<Conditions>][] = [
	['10 runs per preset', { runsPerPreset: 10 }],
	['200 runs per preset', { runsPerPreset: 200 }],
	['no change half-way', { drift: [1, 1] }],
	['a small change, 3 to 12 %', { drift: [1.03, 1.12] }],
	['spread 15 to 30 %', { noiseCv: [0.15, 0.3] }],
	['spread 0.5 to 2 %', { noiseCv: [0.005, 0.02] }],
	['4 % very slow runs', { tailShare: 0.04 }],
	['no very slow runs', { tailShare: 0 }],
	['30 % cancelled', { cancelledShare: 0.3 }],
	['60 % cold', { coldShare: 0.6 }],
	['growth with size off by 0.3', { exponentError: 0.3 }],
];

const variants = VARIANTS.map(([name, change]) => {
	const scores = measureAll({ ...USUAL, ...change }, CONTESTANTS.slice(0, 1), seeds.slice(0, 5));
	return [name, figuresOf(scores.get(CONTESTANTS[0]!.name)!)] as const;
});
report(measureAll(USUAL, CONTESTANTS, seeds));

function measureAll(
	conditions: Conditions,
	contestants: readonly Contestant[],
	worldSeeds: readonly number[],
): Map<string, Score> {
	const scores = new Map<string, Score>(
		contestants.map(({ name }) => [name, { errors: [], covered: 0, fresh: 0 }]),
	);
	for (const seed of worldSeeds) measure(seed, conditions, contestants, scores);
	return scores;
}

function measure(
	seed: number,
	conditions: Conditions,
	contestants: readonly Contestant[],
	scores: ReadonlyMap<string, Score>,
): void {
	const { presets, log } = makeWorld(catalog, seed, 'gpu-a', conditions);
	const fresh = presets.map((preset) => Array.from({ length: FRESH_RUNS }, preset.draw));
	for (const { name, learn } of contestants) {
		const predict = learn(catalog, log);
		const score = scores.get(name) as Score;
		presets.forEach((preset, i) => {
			const { median, p95 } = predict(preset);
			score.errors.push(Math.abs(median / preset.medianRatio - 1));
			const runs = fresh[i] as number[];
			score.covered += runs.filter((ratio) => ratio <= p95).length;
			score.fresh += runs.length;
		});
	}
}

function report(scores: ReadonlyMap<string, Score>): void {
	const presets = catalog.models.reduce((sum, model) => sum + model.presets.length, 0);
	process.stdout.write(
		`${presets} presets x ${seeds.length} seeds (${seeds[0]} to ${seeds.at(-1)}), ${USUAL.runsPerPreset} logged runs each: ` +
			`catalog up to ${percent(USUAL.seedBias)} off, ${percent(USUAL.cancelledShare)} cancelled, ${percent(USUAL.cachedShare)} cached, ` +
			`10 % cold, 1 % three times as slow, a change of 15 to 40 % half-way, spread 3 to 12 %.\n`,
	);
	const figures = Object.fromEntries([...scores].map(([name, score]) => [name, figuresOf(score)]));
	printTable(
		['Prediction', 'Error of the median', 'worst tenth above', 'Runs below the 95 % quantile'],
		Object.entries(figures).map(([name, f]) => [
			name,
			percent(f.mean_error),
			percent(f.p90_error),
			percent(f.coverage),
		]),
	);
	process.stdout.write('\ncomfyui-router when one thing is different (5 seeds, no goals):\n');
	printTable(
		['Difference', 'Error of the median', 'worst tenth above', 'Runs below the 95 % quantile'],
		variants.map(([name, f]) => [
			name,
			percent(f.mean_error),
			percent(f.p90_error),
			percent(f.coverage),
		]),
	);
	const ours = figures[CONTESTANTS[0]!.name]!;
	const naive = CONTESTANTS.slice(1, 4).map(({ name }) => figures[name]!.mean_error);
	finish({
		bench: 'predict',
		figures: {
			seeds,
			runs_per_preset: USUAL.runsPerPreset,
			presets,
			predictions: figures,
			variants: Object.fromEntries(variants),
		},
		goals: [
			atMost('mean error of predicted medians', ours.mean_error, 0.05),
			atLeast('coverage of the 95 % quantile', ours.coverage, 0.93),
			atMost('coverage of the 95 % quantile ', ours.coverage, 0.97),
			atLeast('best naive error over ours', Math.min(...naive) / ours.mean_error, 1),
		],
	});
}

function figuresOf(score: Score): { mean_error: number; p90_error: number; coverage: number } {
	const sorted = [...score.errors].sort((a, b) => a - b);
	return {
		mean_error: sorted.reduce((sum, error) => sum + error, 0) / sorted.length,
		p90_error: sorted[Math.floor(sorted.length * 0.9)] as number,
		coverage: score.covered / score.fresh,
	};
}

function percent(ratio: number): string {
	return `${Number((ratio * 100).toFixed(1))} %`;
}
