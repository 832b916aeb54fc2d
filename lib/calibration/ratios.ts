/** Holds logged runs against the catalog's own figures. Owns which runs measured nothing, and what is known of the rest. */
import type { Catalog } from '../catalog/schema';
import { meanRunSeconds } from '../estimate/run-time';
import { deviceDefaults } from '../mig';
import {
	prepareCatalog,
	type PreparedCatalog,
	type PreparedModel,
	type PreparedPreset,
} from '../router/prepared-catalog';
import type { LeftOut, RatioObservation, RunObservation } from './types';

/** No image is made faster; only a cached one is answered so. */
const LEAST_RUN_SECONDS = 0.05;
/** A run in less than this share of the prediction was not run whole. */
const LEAST_RUN_SHARE = 0.02;
/** A run in less than this share of what most of its kind took was partly cached. */
const CACHED_SHARE = 0.25;
/** "Most": the quantile, of this many newest runs. */
const USUAL_QUANTILE = 0.75;
const USUAL_RUNS = 40;
/** A factor of 10,000 either way: milliseconds for seconds, or a clock that was set. */
const LARGEST_LOG_RATIO = Math.log(1e4);
/** 100 years. */
const MAX_AGE_SECONDS = 3.2e9;

export interface ModelRatios {
	prepared: PreparedModel;
	observations: RatioObservation[];
}

/** @returns by model, in the catalog's order; models without observations are left out */
export function ratiosOf(
	catalog: Catalog,
	runs: readonly RunObservation[],
	deviceNames: ReadonlyMap<string, string>,
): { models: ModelRatios[]; leftOut: LeftOut } {
	const prepared = prepareCatalog(catalog);
	const speedOf = speedsOf(prepared, deviceNames);
	const leftOut: LeftOut = { cached: 0, unknown_model: 0, nothing_measured: 0 };
	const byModel = new Map<PreparedModel, RatioObservation[]>();
	for (const run of runs) {
		const model = prepared.modelsByName.get(run.model_name);
		if (model === undefined) leftOut.unknown_model += 1;
		else {
			const ratio = ratioOf(model, run, speedOf(run.server));
			if (typeof ratio === 'string') leftOut[ratio] += 1;
			else put(byModel, model, ratio);
		}
	}
	const models = prepared.models.flatMap((model) => {
		const all = byModel.get(model);
		if (all === undefined) return [];
		const observations = withoutPartlyCached(all);
		leftOut.cached += all.length - observations.length;
		return observations.length === 0 ? [] : [{ prepared: model, observations }];
	});
	return { models, leftOut };
}

function ratioOf(
	model: PreparedModel,
	run: RunObservation,
	speedFactor: number,
): RatioObservation | 'cached' | 'nothing_measured' {
	const preset = model.presets.find((one) => one.preset.name === run.preset);
	// of a preset that is no more, nothing can be predicted
	if (preset === undefined && run.preset !== null) return 'nothing_measured';
	const figures = predicted(model, preset ?? model.presets[0]!, run, speedFactor);
	const time = timeOf(run, figures);
	if (time === 'cached') return 'cached';
	const outOfMemory = run.status === 'oom';
	const logPeak = logRatio(run.vram_peak_bytes, figures.peakBytes);
	const nothing = time.logRun === null && time.logLoad === null && time.coldTotal === null;
	if (nothing && logPeak === null && !outOfMemory) return 'nothing_measured';
	return {
		preset: run.preset,
		server: run.server,
		ageSeconds: Math.min(MAX_AGE_SECONDS, Math.max(0, finite(run.age_seconds) ?? MAX_AGE_SECONDS)),
		...time,
		logPeak,
		outOfMemory,
	};
}

interface Figures {
	runSeconds: number;
	loadSeconds: number;
	peakBytes: number;
}

function predicted(
	model: PreparedModel,
	{ preset, runTime, vram, givenPeakCfg }: PreparedPreset,
	run: RunObservation,
	speedFactor: number,
): Figures {
	const { reference } = preset;
	const width = positive(run.width) ?? reference.width;
	const height = positive(run.height) ?? reference.height;
	const batchSize = positive(run.batch_size) ?? reference.batch_size;
	const cfg = finite(run.cfg) ?? preset.cfg;
	const steps = positive(run.steps) ?? reference.steps ?? preset.steps;
	const images = run.images ?? runTime.referenceImages;
	const runSeconds = meanRunSeconds(runTime, { steps, cfg, width, height, batchSize, images });
	return {
		runSeconds: runSeconds / speedFactor,
		loadSeconds: model.loadSeconds,
		peakBytes: vram({ width, height, batchSize, cfg: givenPeakCfg ?? cfg }).peakBytes,
	};
}

/** As a decision sees it, or what is learned of a server would count its speed a second time. */
function speedsOf(
	prepared: PreparedCatalog,
	deviceNames: ReadonlyMap<string, string>,
): (server: string | null) => number {
	const gpus = prepared.catalog.gpus ?? [];
	const ofDevices = new Map(
		[...deviceNames].map(([server, device]) => [server, deviceDefaults(device, gpus).speedFactor]),
	);
	return (server) => {
		if (server === null) return 1;
		return prepared.serversByName.get(server)?.speed_factor ?? ofDevices.get(server) ?? 1;
	};
}

type Time = Pick<RatioObservation, 'logRun' | 'censored' | 'logLoad' | 'coldTotal'>;
const NO_TIME: Time = { logRun: null, censored: false, logLoad: null, coldTotal: null };

function timeOf(run: RunObservation, figures: Figures): Time | 'cached' {
	const complete = run.status === 'success';
	const censored = run.status === 'cancelled' || run.status === 'timeout';
	const seconds = finite(run.run_seconds);
	if (run.cached === true && complete) return 'cached';
	if (seconds === null || !(complete || censored)) return NO_TIME;
	const load = positive(run.load_seconds);
	if (complete && isCached(seconds, figures.runSeconds)) return 'cached';
	if (seconds <= 0) return NO_TIME;
	const logLoad = complete ? logRatio(load, figures.loadSeconds) : null;
	if (run.cold === true && load === null) {
		const { runSeconds, loadSeconds } = figures;
		const odd = censored || logRatio(seconds, runSeconds + loadSeconds) === null;
		return odd ? NO_TIME : { ...NO_TIME, coldTotal: { seconds, runSeconds, loadSeconds } };
	}
	return { ...NO_TIME, logRun: logRatio(seconds, figures.runSeconds), censored, logLoad };
}

function isCached(seconds: number, predictedSeconds: number): boolean {
	return seconds < LEAST_RUN_SECONDS || seconds < LEAST_RUN_SHARE * predictedSeconds;
}

/** Runs of which the server had a part at hand: far below what nearly all runs of that preset on that server took. */
function withoutPartlyCached(observations: readonly RatioObservation[]): RatioObservation[] {
	const groups = new Map<string, RatioObservation[]>();
	for (const one of observations) {
		if (one.logRun === null || one.censored) continue;
		const key = JSON.stringify([one.preset, one.server]);
		put(groups, key, one);
	}
	const dropped = new Set<RatioObservation>();
	for (const group of groups.values()) {
		const least = usual(group) + Math.log(CACHED_SHARE);
		for (const one of group) if ((one.logRun as number) < least) dropped.add(one);
	}
	return observations.filter((one) => !dropped.has(one));
}

function usual(group: readonly RatioObservation[]): number {
	const newest = [...group]
		.sort((a, b) => a.ageSeconds - b.ageSeconds || (b.logRun as number) - (a.logRun as number))
		.slice(0, USUAL_RUNS)
		.map((one) => one.logRun as number)
		.sort((a, b) => a - b);
	return newest[Math.floor((newest.length - 1) * USUAL_QUANTILE)] as number;
}

function put<Key, Value>(groups: Map<Key, Value[]>, key: Key, value: Value): void {
	const group = groups.get(key);
	if (group) group.push(value);
	else groups.set(key, [value]);
}

/** ln(observed / predicted); null where either is not a positive number, or they are not of one unit. */
function logRatio(observed: number | null, expected: number): number | null {
	const ratio = Math.log((observed ?? 0) / expected);
	return Math.abs(ratio) <= LARGEST_LOG_RATIO ? ratio : null;
}

function finite(value: number | null | undefined): number | null {
	return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function positive(value: number | null | undefined): number | null {
	const number = finite(value);
	return number !== null && number > 0 ? number : null;
}
