/** The router: pure decisions over a catalog. The same arguments always give the same answer. */
import type { Catalog } from '../catalog/schema';
import type { FleetSnapshot } from '../fleet/types';
import type {
	DispatchResult,
	SelectedDecision,
	Selection,
	SelectOptions,
	WaitingRequest,
} from '../selection/types';
import { allSelections } from './all-selections';
import { dispatchWaiting } from './dispatch/dispatch';
import { type PreparedCatalog, prepareCatalog } from './prepared-catalog';
import { selectFor } from './select';

export class ModelRouter {
	readonly #prepared: PreparedCatalog;

	/** @param catalog from `parseCatalog`; must not be changed afterwards */
	constructor(readonly catalog: Catalog) {
		this.#prepared = prepareCatalog(catalog);
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
}
