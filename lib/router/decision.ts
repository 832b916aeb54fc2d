/** What a decision is made from, and the candidates it may choose from. Shared by deciding now and deciding late. */
import type { FleetSnapshot } from '../fleet/types';
import type { QuotaState, SelectOptions } from '../selection/types';
import { calibrationLookup } from './calibration-lookup';
import type { CandidateTable } from './candidate';
import { enumerateCandidates } from './enumerate';
import type { Exclusions } from './exclusions';
import type { PreparedCatalog } from './prepared-catalog';
import type { ServerState } from './server-state';
import type { UnderstoodRequest } from './understood-request';

/** Everything a decision is made from, read once. */
export interface DecisionInput {
	prepared: PreparedCatalog;
	asked: UnderstoodRequest;
	fleet: FleetSnapshot;
	states: ServerState[];
	options: SelectOptions;
}

/** The candidates a decision may choose from, and why the others may not be. */
export function candidatesOf(input: DecisionInput, exclusions: Exclusions | null): CandidateTable {
	const { prepared, asked, states, options } = input;
	return enumerateCandidates({
		prepared,
		asked,
		states,
		calibration: calibrationLookup(options.calibration),
		quota: quotaOf(asked, options.quotas),
		exclusions,
	});
}

/** What is left of the asking user's quota, or null: unlimited. */
export function quotaOf(
	asked: UnderstoodRequest,
	quotas: QuotaState[] | undefined,
): QuotaState | null {
	return quotas?.find((quota) => quota.user_id === asked.request.user_id) ?? null;
}
