/**
 * Learns from finished jobs what the catalog's figures should have been, the way the library learns from logs. Owns the
 * newest observations of each model; knows no truth, only what was observed.
 */
import { modelEntries, priorFrom, type RatioObservation } from '../../lib/calibration';
import type { CalibrationEntry } from '../../lib/selection/types';

/** What one run showed, against the catalog's own figures for it. */
export interface Observation {
	modelName: string;
	/** Actual over believed warm run time; null: not observed (it ran out of memory). */
	runRatio: number | null;
	/** Actual over believed load time; null: it was warm. */
	loadRatio: number | null;
	/** Actual over believed peak; after running out of memory, the least it can have been. */
	peakRatio: number;
	/** Spread of a run that the catalog gives or implies (coefficient of variation). Default 0.14. */
	believedCv?: number;
}

interface ModelHistory {
	/** Oldest first. */
	seen: Observation[];
	/** null: something new was observed since. */
	entries: CalibrationEntry[] | null;
}

/** Newest observations kept per model. */
const KEPT = 60;
const DEFAULT_CV = 0.14;

export class Learner {
	readonly #models = new Map<string, ModelHistory>();
	#entries: CalibrationEntry[] | null = null;

	observe(seen: Observation): void {
		let history = this.#models.get(seen.modelName);
		if (!history) {
			history = { seen: [], entries: null };
			this.#models.set(seen.modelName, history);
		}
		history.seen.push(seen);
		if (history.seen.length > KEPT) history.seen.shift();
		history.entries = null;
		this.#entries = null;
	}

	/** Sorted by model name. The same array until something new is observed. */
	entries(): readonly CalibrationEntry[] {
		this.#entries ??= [...this.#models.entries()]
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.flatMap(([name, history]) => (history.entries ??= entriesOf(name, history.seen)));
		return this.#entries;
	}
}

/** One entry: what the replay's truth does to a model, it does to all its presets and on every server. */
function entriesOf(modelName: string, seen: readonly Observation[]): CalibrationEntry[] {
	const cv = seen.reduce((sum, one) => sum + (one.believedCv ?? DEFAULT_CV), 0) / seen.length;
	const prior = priorFrom(cv, 'estimated');
	const ratios = seen.map((one, index) => ratioOf(one, seen.length - index));
	return modelEntries(modelName, ratios, () => prior);
}

/** @param age in runs: the replay's traces are far shorter than what makes a run old by days */
function ratioOf(one: Observation, age: number): RatioObservation {
	return {
		preset: null,
		server: null,
		ageSeconds: age,
		logRun: logOf(one.runRatio),
		censored: false,
		logLoad: logOf(one.loadRatio),
		coldTotal: null,
		logPeak: logOf(one.peakRatio),
		outOfMemory: one.runRatio === null,
	};
}

function logOf(ratio: number | null): number | null {
	return ratio !== null && ratio > 0 ? Math.log(ratio) : null;
}
