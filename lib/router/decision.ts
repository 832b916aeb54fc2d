/** What a decision is made from, and the candidates it may choose from. Shared by deciding now and deciding late. */
import type { FleetSnapshot } from '../fleet/types';
import type { SelectOptions } from '../selection/types';
import { calibrationLookup } from './calibration-lookup';
import type { CandidateTable } from './candidate';
import { enumerateCandidates, type EnumerationInput } from './enumerate';
import type { Exclusions } from './exclusions';
import { qualityLookup } from './learned-quality';
import { loadOn } from './load-price';
import type { PreparedCatalog } from './prepared-catalog';
import { cheapestRow, quotaBinding, quotasOf } from './quota-filter';
import type { QueuePlaces } from './queue-place';
import type { ServerState } from './server-state';
import type { UnderstoodRequest } from './understood-request';

/** Everything a decision is made from, read once. */
export interface DecisionInput {
	prepared: PreparedCatalog;
	asked: UnderstoodRequest;
	fleet: FleetSnapshot;
	states: ServerState[];
	/** Where the job may pass others of ours; null or absent: nowhere. */
	places?: QueuePlaces | null;
	options: SelectOptions;
}

/** The candidates a decision may choose from, and why the others may not be. */
export function candidatesOf(input: DecisionInput, exclusions: Exclusions | null): CandidateTable {
	const { prepared, asked, states, places = null, options } = input;
	const quotas = quotasOf(asked, options.quotas);
	const enumeration: EnumerationInput = {
		prepared,
		asked,
		states,
		places,
		calibration: calibrationLookup(options.calibration),
		quotas,
		learned: qualityLookup(options.feedback),
		exclusions,
	};
	if (!hasMode(input)) return enumerateCandidates(enumeration);
	return withinQuotas(enumeration, options);
}

/** True where quotas of the asking user say more than what fits: then what may be chosen depends on the deadline. */
export function hasMode({ asked, options }: DecisionInput): boolean {
	return quotasOf(asked, options.quotas)?.some((quota) => quota.mode != null) ?? false;
}

/** As the modes of the quotas in the way say: nothing at all, or no more than the cheapest that fits. */
function withinQuotas(enumeration: EnumerationInput, { demand }: SelectOptions): CandidateTable {
	const { asked, quotas, exclusions } = enumeration;
	const unlimited = enumerateCandidates({ ...enumeration, quotas: null, exclusions: null });
	const binding = quotaBinding(
		unlimited,
		quotas ?? [],
		asked,
		loadOn(unlimited, enumeration.prepared, demand),
	);
	if (binding === null) return enumerateCandidates(enumeration);
	const { miss, row } = binding;
	if (binding.mode === 'reject') {
		const plan = unlimited.plans[row];
		const server = unlimited.servers[row];
		const nothing = enumerateCandidates({ ...enumeration, quotas: null, keep: () => false });
		if (plan && server) {
			const { gpuSeconds } = miss.amounts;
			exclusions?.add('QUOTA', plan.model, plan.prepared, server, gpuSeconds, gpuSeconds, miss);
		}
		return nothing;
	}
	const fitting = enumerateCandidates({ ...enumeration, exclusions: null });
	const cheapest = fitting.plans[cheapestRow(fitting)]?.prepared;
	const table = enumerateCandidates({
		...enumeration,
		keep: (plan) => plan.prepared === cheapest,
	});
	table.quota = { miss, quality: unlimited.quality[row] as number };
	return table;
}
