/** What a benchmark measures and what comes of it. Owns the shapes only. */
import type { UsageStatus } from '../usage/types';

/** What to measure, and the bounds that a plan never exceeds. */
export interface BenchmarkWishes {
	/** Names of models; empty: all that are enabled. */
	models?: readonly string[];
	/** Names of presets; empty: all. */
	presets?: readonly string[];
	/** `missing`: only presets whose time is not `measured` yet. Default `missing`. */
	scope?: 'missing' | 'all';
	/** Sizes besides the preset's reference, in megapixels, in the reference's shape. Default none. */
	megapixels?: readonly number[];
	/** Warm runs of each preset and size, 1 to 10. Default 3. */
	repeats?: number;
	/** Measure one load of each model, from disk. Default true. */
	cold?: boolean;
	/** Most runs, 1 to 500. Default 40. */
	maxRuns?: number;
	/** Most time, seconds: by the estimate, and no run begins later than that. Default 900. */
	maxSeconds?: number;
}

/** One run to be made. */
export interface PlannedRun {
	model_name: string;
	preset: string;
	width: number;
	height: number;
	steps: number;
	cfg: number;
	/** `cold`: everything is unloaded before it, so that it shows the load. `first`: loads what is not there; not counted. */
	kind: 'cold' | 'first' | 'warm';
	/** The size is the preset's reference: its figures can be put into the catalog as they are. */
	at_reference: boolean;
	/** What it will probably take, load included. */
	estimated_seconds: number;
}

export interface SkippedTarget {
	model_name: string;
	/** null: the whole model. */
	preset: string | null;
	/** `1024x1024`; null: all sizes. */
	size: string | null;
	reason: string;
}

export interface BenchmarkPlan {
	server: string;
	/** In running order; runs of one model stand together. */
	runs: PlannedRun[];
	skipped: SkippedTarget[];
	estimated_seconds: number;
	/** No run begins later than this after the first, waiting for other clients left out. */
	max_seconds: number;
}

/** One run that was made. */
export interface MeasuredRun extends PlannedRun {
	prompt_id: string;
	status: UsageStatus;
	/** Of the execution by the server's own stamps, load included; null where it did not say. */
	run_seconds: number | null;
	/** By the server's record of what it had cached; null where it did not say. */
	was_cold: boolean | null;
	/** What torch held at most; null where this run did not raise it, so that it may be an earlier run's. */
	vram_peak_bytes: number | null;
	error_message: string | null;
}

/** A figure that the runs suggest for the catalog. */
export interface SuggestedFigure {
	model_name: string;
	/** null: of the model. */
	preset: string | null;
	figure: 'avg_time_seconds' | 'load_seconds' | 'vram_peak_gb';
	/** What the catalog says; null: nothing. */
	old: number | null;
	new: number;
	/** Runs it rests on. */
	samples: number;
	/** Least and largest single measurement. */
	range: [number, number];
	/** One sentence for the catalog's `source`. */
	source: string;
}
