/** Time to make a model resident that is not. */
import type { CatalogModel } from '../catalog/schema';

/** Reading weights from an SSD into VRAM, bytes per second, and the constant part: the middle of what users report. */
const LOAD_BYTES_PER_SECOND = 2e9;
const LOAD_FIXED_SECONDS = 3;
/** Where not even the weights are known: a model of 10 GB. */
const UNKNOWN_WEIGHTS_BYTES = 10e9;

/** Spread of loads (coefficient of variation): page cache or disk makes a factor of a few. */
export const LOAD_CV = 0.25;

/** Mean cold load in seconds: the catalog's figure, else by bytes. */
export function meanLoadSeconds(model: CatalogModel): number {
	if (model.load_seconds !== undefined) return model.load_seconds;
	const bytes = model.vram_gb === undefined ? UNKNOWN_WEIGHTS_BYTES : model.vram_gb * 1e9;
	return LOAD_FIXED_SECONDS + bytes / LOAD_BYTES_PER_SECOND;
}
