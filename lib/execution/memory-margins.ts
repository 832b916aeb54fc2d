/**
 * What memory failures have taught about a model since the process started: factors over its predicted peak. Owns how
 * far a failure raises them, and how they join the calibration of the next decision. Immutable.
 */
import type { CalibrationEntry } from '../selection/types';

/** Factor over the predicted peak by model name. Absent: 1. */
export type MemoryMargins = ReadonlyMap<string, number>;

export const NO_MARGINS: MemoryMargins = new Map();

/** One failure: the prediction was a tenth too low at least. */
const RAISE = 1.1;
/** Above this it is not the prediction that is wrong. */
const LARGEST = 4;
/** So that exactly the memory that was not enough is not enough next time. */
const BEYOND = 1.02;

export interface MemoryFailure {
	modelName: string;
	/** Predicted with the factors of that moment, bytes. */
	peakBytes: number;
	/** What the run could get, bytes; null: unknown. */
	availableBytes: number | null;
	/** That much memory is not enough for this model: it failed on an emptied device, or its weights were paged. */
	isTooLittle: boolean;
}

/**
 * A failure where less was free than predicted to be needed is not the model's fault (somebody took the memory after
 * the decision) and teaches nothing.
 */
export function afterMemoryFailure(margins: MemoryMargins, failure: MemoryFailure): MemoryMargins {
	const { modelName, peakBytes, availableBytes, isTooLittle } = failure;
	if (availableBytes !== null && availableBytes < peakBytes) return margins;
	const before = margins.get(modelName) ?? 1;
	const enough =
		isTooLittle && availableBytes !== null && peakBytes > 0
			? (before * availableBytes * BEYOND) / peakBytes
			: 0;
	const raised = Math.min(LARGEST, Math.max(before * RAISE, enough));
	return new Map(margins).set(modelName, Math.max(before, raised));
}

/**
 * @param calibration learned elsewhere; its own factors are kept and multiplied
 * @returns the entries for the next decision: every entry of a model with a margin raised, and one for all the rest of it
 */
export function withMargins(
	calibration: readonly CalibrationEntry[] | undefined,
	margins: MemoryMargins,
): CalibrationEntry[] | undefined {
	if (margins.size === 0) return calibration === undefined ? undefined : [...calibration];
	const entries = (calibration ?? []).map((entry) => ({
		...entry,
		vram_factor: entry.vram_factor * (margins.get(entry.model_name) ?? 1),
	}));
	for (const [modelName, factor] of margins) {
		const general = entries.some(
			(entry) => entry.model_name === modelName && entry.preset === null && entry.server === null,
		);
		if (!general) entries.push(marginEntry(modelName, factor));
	}
	return entries;
}

/** The margins alone, to be handed on or looked at. */
export function marginEntries(margins: MemoryMargins): CalibrationEntry[] {
	return [...margins].map(([modelName, factor]) => marginEntry(modelName, factor));
}

function marginEntry(modelName: string, factor: number): CalibrationEntry {
	return {
		model_name: modelName,
		preset: null,
		server: null,
		samples: 1,
		time_factor: 1,
		p95_factor: 1,
		load_factor: 1,
		vram_factor: factor,
	};
}
