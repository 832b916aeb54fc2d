/** The router: pure decisions over a catalog. The same arguments always give the same answer. */
import { asCatalog } from '../catalog/parse';
import type { Catalog } from '../catalog/schema';
import type { FleetSnapshot } from '../fleet/types';
import type {
	DispatchResult,
	SelectedDecision,
	Selection,
	SelectOptions,
	WaitingRequest,
} from '../selection/types';
import { type PrewarmAdvice, prewarmAdvice } from '../residency/advise';
import { allSelections } from './all-selections';
import { dispatchWaiting } from './dispatch/dispatch';
import { type PreparedCatalog, prepareCatalog } from './prepared-catalog';
import { selectFor } from './select';

export class ModelRouter {
	readonly #prepared: PreparedCatalog;

	readonly catalog: Catalog;

	/**
	 * @param catalog from `parseCatalog`; anything else is parsed first. Must not be changed afterwards
	 * @throws RouterError CATALOG_INVALID for a catalog that was not parsed and has faults
	 */
	constructor(catalog: Catalog) {
		this.catalog = asCatalog(catalog);
		this.#prepared = prepareCatalog(this.catalog);
	}

	/**
	 * Chooses model, preset and server for one request.
	 * @throws RouterError REQUEST_INVALID, FLEET_INVALID or OPTIONS_INVALID; "nothing fits" is a rejected selection
	 */
	select(request: unknown, fleet: FleetSnapshot, options: SelectOptions): Selection {
		return selectFor(this.#prepared, request, fleet, options);
	}

	/**
	 * Decides for all jobs held back which to start now and which to keep waiting.
	 * @throws RouterError as `select`
	 */
	dispatch(
		waiting: WaitingRequest[],
		fleet: FleetSnapshot,
		options: SelectOptions,
	): DispatchResult {
		return dispatchWaiting(this.#prepared, waiting, fleet, options);
	}

	/**
	 * Every candidate that passes the filters, as a selection, unordered: what a ladder of lower ways is made of.
	 * @throws RouterError as `select`
	 */
	candidates(
		request: unknown,
		fleet: FleetSnapshot,
		options: SelectOptions,
		keep?: (model: string, preset: string, server: string) => boolean,
	): SelectedDecision[] {
		return allSelections(this.#prepared, request, fleet, options, keep);
	}

	/**
	 * Which model to load next on an idle server for the kinds of jobs in `options.demand.kinds`; to be asked only while
	 * no job waits.
	 * @returns null where nothing is worth its load
	 * @throws RouterError as `select`
	 */
	prewarm(
		fleet: FleetSnapshot,
		options: SelectOptions,
		mayLoad?: (server: string, modelName: string) => boolean,
	): PrewarmAdvice | null {
		return prewarmAdvice(this.#prepared, fleet, options, mayLoad);
	}
}
