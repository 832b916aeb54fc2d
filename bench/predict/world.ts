/**
 * Simulated logs whose truth is known. Every preset of the shipped catalog truly takes up to 30 % more or less than the
 * catalog says, changes once half-way, scatters, and is logged with all that spoils logs: cancelled runs, cached ones,
 * cold ones that hold their load, and rare very slow ones.
 */
import type { RunObservation } from '../../lib/calibration';
import type { Catalog } from '../../lib/catalog/schema';
import { meanRunSeconds } from '../../lib/estimate/run-time';
import {
	prepareCatalog,
	type PreparedModel,
	type PreparedPreset,
} from '../../lib/router/prepared-catalog';
import { noiseFactor, type Random, seededRandom } from '../../simulator/gpu/random';

export interface Conditions {
	runsPerPreset: number;
	/** The truth is off the catalog by at most this, either way. */
	seedBias: number;
	cancelledShare: number;
	cachedShare: number;
	coldShare: number;
	tailShare: number;
	tailFactor: number;
	/** Range of the half-way change, as a factor or its inverse. */
	drift: readonly [number, number];
	/** Range of the spread from run to run (coefficient of variation). */
	noiseCv: readonly [number, number];
	/** Run times grow with the image's size to a power that is off by at most this, either way. */
	exponentError: number;
}

export const USUAL: Conditions = {
	runsPerPreset: 50,
	seedBias: 0.3,
	cancelledShare: 0.05,
	cachedShare: 0.1,
	coldShare: 0.1,
	tailShare: 0.01,
	tailFactor: 3,
	drift: [1.15, 1.4],
	noiseCv: [0.03, 0.12],
	exponentError: 0,
};

const SECONDS_BETWEEN_RUNS = 1800;
const SIZES = [1, 1, 1, 0.75, 1.25] as const;

/** One preset and what it truly does since the change. */
export interface TruePreset {
	model: PreparedModel;
	prepared: PreparedPreset;
	/** Over the catalog's mean. */
	medianRatio: number;
	/** A coming run over the catalog's mean. */
	draw(): number;
}

export interface World {
	presets: TruePreset[];
	log: RunObservation[];
}

/** @param server name that the log gives; one server, so that 50 runs of a preset are 50 runs of one thing */
export function makeWorld(
	catalog: Catalog,
	seed: number,
	server: string,
	conditions: Conditions = USUAL,
): World {
	const random = seededRandom(seed);
	const presets: TruePreset[] = [];
	const log: RunObservation[] = [];
	for (const model of prepareCatalog(catalog).models) {
		for (const prepared of model.presets) {
			const made = makePreset(model, prepared, server, conditions, random);
			presets.push(made.truth);
			log.push(...made.log);
		}
	}
	return { presets, log };
}

function makePreset(
	model: PreparedModel,
	prepared: PreparedPreset,
	server: string,
	conditions: Conditions,
	random: Random,
): { truth: TruePreset; log: RunObservation[] } {
	const before = 1 + between(random, -conditions.seedBias, conditions.seedBias);
	const change = between(random, ...conditions.drift);
	const after = before * (random() < 0.5 ? change : 1 / change);
	const cv = between(random, ...conditions.noiseCv);
	const noise = { cv, tailProbability: conditions.tailShare, tailFactor: conditions.tailFactor };
	const loadFactor = between(random, 0.7, 1.3);
	const exponent = between(random, -1, 1) * conditions.exponentError;
	const log = Array.from({ length: conditions.runsPerPreset }, (_, index) => {
		const ratio =
			(index < conditions.runsPerPreset / 2 ? before : after) * noiseFactor(noise, random);
		const loadSeconds =
			model.loadSeconds * loadFactor * noiseFactor({ ...noise, cv: 0.15 }, random);
		const ageSeconds = (conditions.runsPerPreset - index) * SECONDS_BETWEEN_RUNS;
		return logged(
			model,
			prepared,
			server,
			{ ratio, loadSeconds, ageSeconds, exponent, conditions },
			random,
		);
	});
	// the noise has mean 1: its median is below it
	const medianRatio = after / Math.sqrt(1 + cv * cv);
	return {
		truth: { model, prepared, medianRatio, draw: () => after * noiseFactor(noise, random) },
		log,
	};
}

interface TrueRun {
	ratio: number;
	loadSeconds: number;
	ageSeconds: number;
	exponent: number;
	conditions: Conditions;
}

function logged(
	model: PreparedModel,
	{ preset, runTime }: PreparedPreset,
	server: string,
	truth: TrueRun,
	random: Random,
): RunObservation {
	const { reference } = preset;
	const scale = SIZES[Math.floor(random() * SIZES.length)] as number;
	const width = Math.round((reference.width * scale) / 64) * 64;
	const batchSize = random() < 0.2 ? 2 : 1;
	const size = { width, height: reference.height, batchSize };
	const { steps, cfg } = preset;
	const images = runTime.referenceImages;
	const unforeseen = (width / reference.width) ** truth.exponent;
	const runSeconds =
		unforeseen * meanRunSeconds(runTime, { ...size, steps, cfg, images }) * truth.ratio;
	const row: RunObservation = {
		model_name: model.name,
		preset: preset.name,
		server,
		steps,
		cfg,
		width,
		height: reference.height,
		batch_size: batchSize,
		run_seconds: runSeconds,
		load_seconds: 0,
		cold: false,
		status: 'success',
		timing_source: 'comfyui',
		vram_peak_bytes: null,
		age_seconds: truth.ageSeconds,
	};
	const { cachedShare, cancelledShare, coldShare } = truth.conditions;
	const lot = random();
	// as the logs have them: a cached run is a success like any other, of no or hardly any time
	if (lot < cachedShare) return { ...row, run_seconds: random() < 0.5 ? 0.002 : runSeconds * 0.03 };
	const cancelled = random() < cancelledShare / (1 - cachedShare);
	if (cancelled)
		return { ...row, status: 'cancelled', run_seconds: runSeconds * between(random, 0.2, 1) };
	if (random() < coldShare) {
		return { ...row, run_seconds: runSeconds + truth.loadSeconds, load_seconds: null, cold: true };
	}
	return row;
}

function between(random: Random, low: number, high: number): number {
	return low + (high - low) * random();
}
