/** From a model's observations to calibration entries. Owns how time, load and memory join in one entry. */
import { LOAD_CV } from '../estimate/load-time';
import { studentQuantile } from './distributions';
import { vramFactor } from './memory';
import { cellKey, type FittedCell, fitModel, type TimedRun } from './model-fit';
import type { LearnedEntry, PresetPrior, RatioObservation } from './types';

/** 95 % point of the standard normal. */
const Z95 = 1.6448536269514722;
/** Factors outside mean a unit mistake or a stopped clock, not a slow machine. */
const LARGEST_FACTOR = 1e4;
/** Newest observations of a preset on a server that are looked at. */
const KEPT_RUNS = 400;
/** A load against the catalog's figure: page cache or disk, another bus. */
const LOAD_UNCERTAINTY = 0.5;
const LOAD_SIGMA = Math.sqrt(Math.log1p(LOAD_CV * LOAD_CV));
const LOAD_PRIOR: PresetPrior = { sigma: LOAD_SIGMA, logP95: 0, uncertainty: LOAD_UNCERTAINTY };
/** The rest of a cold run is its load only where it is this much of what the load should be, and above the run's noise. */
const LEAST_LOAD_SHARE = 0.05;
/** Sorts behind every name. */
const LAST = '\uffff';

/**
 * @param observations of one model
 * @param priorOf what the catalog says of a preset; null: of the model as a whole
 * @returns for each preset and server seen, each preset seen and the model; none without observations
 */
export function modelEntries(
	modelName: string,
	observations: readonly RatioObservation[],
	priorOf: (preset: string | null) => PresetPrior,
): LearnedEntry[] {
	if (observations.length === 0) return [];
	const kept = newest(observations);
	const runs = warmRuns(kept);
	const cells = runs.length === 0 ? [] : fitModel(runs, priorOf);
	const loads = loadRuns(kept, cells);
	const loadCells = loads.length === 0 ? [] : fitModel(loads, () => LOAD_PRIOR);
	return keysOf(kept).map(({ preset, server }) => {
		const own = kept.filter(
			(one) =>
				(preset === null || one.preset === preset) && (server === null || one.server === server),
		);
		return entryOf(
			{ modelName, preset, server },
			nearest(cells, preset, server),
			nearest(loadCells, null, server),
			memoryOf(kept, own, preset),
		);
	});
}

interface Key {
	preset: string | null;
	server: string | null;
}

/** Special ones first, each group by name. */
function keysOf(observations: readonly RatioObservation[]): Key[] {
	const keys = new Map<string, Key>();
	for (const { preset, server } of observations) {
		if (preset === null) continue;
		keys.set(cellKey(preset, server), { preset, server });
		keys.set(cellKey(preset, null), { preset, server: null });
	}
	return [...keys.values(), { preset: null, server: null }].sort((a, b) =>
		orderOf(a) < orderOf(b) ? -1 : 1,
	);
}

function orderOf({ preset, server }: Key): string {
	return `${preset ?? LAST}\n${server ?? LAST}`;
}

function newest(observations: readonly RatioObservation[]): readonly RatioObservation[] {
	if (observations.length <= KEPT_RUNS) return observations;
	const counts = new Map<string, number>();
	return [...observations]
		.sort((a, b) => a.ageSeconds - b.ageSeconds)
		.filter(({ preset, server }) => {
			const key = cellKey(preset, server);
			const count = (counts.get(key) ?? 0) + 1;
			counts.set(key, count);
			return count <= KEPT_RUNS;
		});
}

/**
 * Warm runs; of a model that never ran warm (two models that push each other out), whole cold runs against run and
 * load together.
 */
function warmRuns(observations: readonly RatioObservation[]): TimedRun[] {
	const warm = observations.flatMap((one) => (one.logRun === null ? [] : runOf(one, one.logRun)));
	if (warm.some((run) => !run.censored)) return warm;
	const cold = observations.flatMap((one) => {
		if (one.coldTotal === null) return [];
		const { seconds, runSeconds, loadSeconds } = one.coldTotal;
		return runOf(one, Math.log(seconds / (runSeconds + loadSeconds)));
	});
	return [...warm, ...cold];
}

function runOf(one: RatioObservation, logRun: number): TimedRun {
	const { preset, server, ageSeconds, censored } = one;
	return { preset, server, ageSeconds, logRun, censored };
}

/** Loads as given, and what a cold run took longer than a warm one would have. */
function loadRuns(
	observations: readonly RatioObservation[],
	cells: readonly FittedCell[],
): TimedRun[] {
	return observations.flatMap((one) => {
		const logLoad = one.logLoad ?? restOfCold(one, cells);
		if (logLoad === null || one.censored) return [];
		const { server, ageSeconds } = one;
		return [{ preset: null, server, ageSeconds, logRun: logLoad, censored: false }];
	});
}

function restOfCold(one: RatioObservation, cells: readonly FittedCell[]): number | null {
	const cell = nearest(cells, one.preset, one.server);
	if (one.coldTotal === null || one.censored || cell === null || cell.complete === 0) return null;
	const { seconds, runSeconds, loadSeconds } = one.coldTotal;
	if (loadSeconds <= 0) return null;
	const run = runSeconds * meanFactor(cell);
	// a load within the run's own noise would be read from that noise
	if (cell.sigma * run > loadSeconds) return null;
	return Math.log(Math.max(seconds - run, LEAST_LOAD_SHARE * loadSeconds) / loadSeconds);
}

function nearest(
	cells: readonly FittedCell[],
	preset: string | null,
	server: string | null,
): FittedCell | null {
	const at = (p: string | null, s: string | null): FittedCell | undefined =>
		cells.find((cell) => cell.preset === p && cell.server === s);
	return at(preset, server) ?? at(preset, null) ?? at(null, null) ?? null;
}

/**
 * Mean of the log-normal that has this middle and this 95 % quantile: whoever reads the two factors as a log-normal
 * gets back the middle, and rare slow runs have their part in the mean.
 */
function meanFactor({ location, p95Offset, prior }: FittedCell): number {
	const sigma = Math.max(0, p95Offset) / Z95;
	return factor(location.mean + (sigma * sigma - prior.sigma * prior.sigma) / 2);
}

function p95Factor({ location, p95Offset, prior }: FittedCell): number {
	const p95 = location.mean - (prior.sigma * prior.sigma) / 2 + p95Offset;
	return factor(p95 - prior.logP95);
}

function factor(log: number): number {
	const value = Math.exp(log);
	return Math.min(LARGEST_FACTOR, Math.max(1 / LARGEST_FACTOR, value));
}

function intervalOf(cell: FittedCell): [number, number] {
	const half = studentQuantile(0.95, cell.degrees) * Math.sqrt(cell.location.variance);
	const middle = Math.log(meanFactor(cell));
	return [factor(middle - half), factor(middle + half)];
}

function isMemory(one: RatioObservation): boolean {
	return one.logPeak !== null || one.outOfMemory;
}

/** Of the preset on any server, else of the model: memory does not depend on how fast a server is. */
function memoryOf(
	all: readonly RatioObservation[],
	own: readonly RatioObservation[],
	preset: string | null,
): { factor: number; samples: number } {
	const ofPreset = all.filter((one) => isMemory(one) && (preset === null || one.preset === preset));
	const used = ofPreset.length > 0 ? ofPreset : all.filter(isMemory);
	return { factor: vramFactor(used), samples: own.filter(isMemory).length };
}

function entryOf(
	{ modelName, preset, server }: Key & { modelName: string },
	time: FittedCell | null,
	load: FittedCell | null,
	memory: { factor: number; samples: number },
): LearnedEntry {
	const own = time !== null && time.preset === preset && time.server === server;
	return {
		model_name: modelName,
		preset,
		server,
		samples: own ? time.complete : 0,
		time_factor: time === null ? 1 : meanFactor(time),
		p95_factor: time === null ? 1 : p95Factor(time),
		load_factor: load === null ? 1 : meanFactor(load),
		vram_factor: memory.factor,
		time_interval: time === null ? [1, 1] : intervalOf(time),
		load_samples: load?.complete ?? 0,
		vram_samples: memory.samples,
		censored_samples: own ? time.censored : 0,
		drift: own && time.drift,
		source: sourceOf(own ? time : null),
	};
}

function sourceOf(cell: FittedCell | null): string {
	if (cell === null) return 'no runs of its own; leans on the model as a whole';
	const runs = `${cell.complete} run${cell.complete === 1 ? '' : 's'}`;
	const early = cell.censored > 0 ? `, ${cell.censored} ended early` : '';
	const drift = cell.drift ? '; times changed, older runs are not used' : '';
	return `${runs}${early}${drift}`;
}
