/** Finds the learned factors for a candidate: the most specific entry wins. */
import type { CalibrationEntry } from '../selection/types';
import type { PresetPlan } from './candidate';
import type { ServerState } from './server-state';

export interface CalibrationFactors {
	time: number;
	p95: number;
	load: number;
	vram: number;
	/** Runs whose peak was seen; 0: nothing is known of the memory but the catalog's figure. */
	vramSamples: number;
}

export const UNCALIBRATED: CalibrationFactors = {
	time: 1,
	p95: 1,
	load: 1,
	vram: 1,
	vramSamples: 0,
};

export type CalibrationLookup = (
	model: string,
	preset: string,
	server: string,
) => CalibrationFactors;

/**
 * Entries are asked from the most to the least specific: model, preset and server; model and preset; model and server;
 * model. Factors multiply the catalog's figures.
 */
export function calibrationLookup(
	entries: CalibrationEntry[] | null | undefined,
): CalibrationLookup | null {
	if (entries == null || entries.length === 0) return null;
	const byModel = new Map<string, Map<string, CalibrationFactors>>();
	for (const entry of entries) {
		const ofModel = byModel.get(entry.model_name) ?? new Map<string, CalibrationFactors>();
		ofModel.set(key(entry.preset, entry.server), learnedFactors(entry));
		byModel.set(entry.model_name, ofModel);
	}
	return (model, preset, server) => {
		const ofModel = byModel.get(model);
		if (ofModel === undefined) return UNCALIBRATED;
		const general = ofModel.get(GENERAL);
		// asked for every candidate of every job: most models have but the one entry
		if (general !== undefined && ofModel.size === 1) return general;
		return (
			ofModel.get(key(preset, server)) ??
			ofModel.get(key(preset, null)) ??
			ofModel.get(key(null, server)) ??
			general ??
			UNCALIBRATED
		);
	};
}

/** The factors of a plan on a server; those of the catalog where nothing was learned. */
export function factorsOf(
	calibration: CalibrationLookup | null,
	plan: PresetPlan,
	server: ServerState,
): CalibrationFactors {
	if (calibration === null) return UNCALIBRATED;
	return calibration(plan.model.name, plan.prepared.preset.name, server.name);
}

function key(preset: string | null, server: string | null): string {
	return `${preset ?? ''}\n${server ?? ''}`;
}

const GENERAL = key(null, null);

function learnedFactors(entry: CalibrationEntry): CalibrationFactors {
	return {
		time: positive(entry.time_factor),
		p95: positive(entry.p95_factor),
		load: positive(entry.load_factor),
		vram: positive(entry.vram_factor),
		vramSamples: Math.max(0, entry.vram_samples ?? entry.samples),
	};
}

/** A factor that is not a positive number says nothing. */
function positive(factor: number | null | undefined): number {
	return typeof factor === 'number' && factor > 0 && Number.isFinite(factor) ? factor : 1;
}
