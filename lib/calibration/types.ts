/** What calibration reads and what it makes of it. Owns the shapes only. */
import type { CalibrationEntry } from '../selection/types';
import type { TimingSource, UsageStatus } from '../usage/types';

/** One run as a log tells it. Seconds, bytes, pixels; null: not known. Names as in `model_usage_log`. */
export interface RunObservation {
	model_name: string;
	preset: string | null;
	server: string | null;
	/** Default: the preset's. */
	steps: number | null;
	cfg: number | null;
	/** Default: the preset's reference. */
	width: number | null;
	height: number | null;
	batch_size: number | null;
	/** Input images, where known. Default: what the preset's figure includes. */
	images?: number;
	/** Of the execution. Where the run was cold and `load_seconds` is null, the load is part of it. */
	run_seconds: number | null;
	load_seconds: number | null;
	/** null counts as warm: most runs are, and the estimate bears some that are not. */
	cold: boolean | null;
	status: UsageStatus;
	timing_source: TimingSource | null;
	vram_peak_bytes: number | null;
	/** Since the run, at the moment of calibrating. */
	age_seconds: number;
	/** True where the server said that the sampler was served from its cache: it measured nothing. */
	cached?: boolean;
	prompt_id?: string | null;
}

/** The same run against the catalog's own figures for it: natural logarithms, so that mixed parameters pool. */
export interface RatioObservation {
	preset: string | null;
	server: string | null;
	ageSeconds: number;
	/** ln(warm run / catalog's mean for these parameters); null: not observed. */
	logRun: number | null;
	/** The run was ended early: it would have taken at least this long. */
	censored: boolean;
	/** ln(load / catalog's load); null: not observed. */
	logLoad: number | null;
	/** Of a cold run whose load was not told apart, seconds: what it took, and what the catalog says of its parts. */
	coldTotal: { seconds: number; runSeconds: number; loadSeconds: number } | null;
	/** ln(peak / predicted peak). */
	logPeak: number | null;
	/** The device ran out of memory: the peak was above `logPeak`, or above the prediction where that is null. */
	outOfMemory: boolean;
}

/** What the catalog says of a preset before anything was observed. */
export interface PresetPrior {
	/** Spread of a run, standard deviation of its logarithm. */
	sigma: number;
	/** ln(95 % quantile / mean) that the catalog gives or implies. */
	logP95: number;
	/** How far the figure may be off for this machine, standard deviation of the logarithm. */
	uncertainty: number;
}

/** A correction with where it comes from. */
export type LearnedEntry = Required<CalibrationEntry>;

/** How many observations were left out, by why. */
export interface LeftOut {
	/** Served from the server's cache: no time was measured. */
	cached: number;
	/** The model is not in the catalog. */
	unknown_model: number;
	/** No run time, no load and no peak in it, or a failure that says nothing about time. */
	nothing_measured: number;
}

export interface CalibrationResult {
	/** Sorted by model, preset and server; general ones after the special ones. */
	entries: LearnedEntry[];
	leftOut: LeftOut;
}
