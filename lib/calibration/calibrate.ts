/** Learns corrections to a catalog's figures from logged runs. Pure: ages come with the runs. */
import type { Catalog } from '../catalog/schema';
import { p95RatioFromCv } from '../estimate/log-normal';
import type { PreparedModel } from '../router/prepared-catalog';
import { modelEntries } from './model-entries';
import { ratiosOf } from './ratios';
import type { CalibrationResult, PresetPrior, RunObservation } from './types';

/** How far a figure may be off for another machine, standard deviation of the logarithm, by what the catalog says of it. */
const UNCERTAINTY = { measured: 0.1, published: 0.25, estimated: 0.35 } as const;

/**
 * @param catalog from `parseCatalog`
 * @param runs in any order; of models that the catalog does not have they are counted and left out
 * @param deviceNames by server, as ComfyUI reports them: a server without a `speed_factor` has the one of its device
 * @returns entries for `select`; an empty list without usable runs: the catalog's figures hold
 */
export function calibrate(
	catalog: Catalog,
	runs: readonly RunObservation[],
	deviceNames: ReadonlyMap<string, string> = new Map(),
): CalibrationResult {
	const { models, leftOut } = ratiosOf(catalog, runs, deviceNames);
	const entries = models.flatMap(({ prepared, observations }) =>
		modelEntries(prepared.name, observations, (preset) => priorOf(prepared, preset)),
	);
	return { entries, leftOut };
}

function priorOf(model: PreparedModel, preset: string | null): PresetPrior {
	const found = model.presets.find((one) => one.preset.name === preset) ?? model.presets[0]!;
	return priorFrom(found.runTime.cv, found.preset.confidence);
}

/** @param cv spread of a run that the catalog gives or implies */
export function priorFrom(cv: number, confidence: keyof typeof UNCERTAINTY): PresetPrior {
	return {
		sigma: Math.sqrt(Math.log1p(cv * cv)),
		logP95: Math.log(p95RatioFromCv(cv)),
		uncertainty: UNCERTAINTY[confidence],
	};
}
