/**
 * Quotas in a decision: which of them a candidate does not fit in, and what the modes of those make of the rest. Owns the
 * meaning of `reject` and `degrade`; what is left is an argument, and who reserves it is not asked here.
 */
import { fitsQuota } from '../quotas/left';
import type { QuotaAmounts } from '../quotas/types';
import type { QuotaState } from '../selection/types';
import { formatSeconds } from '../units';
import type { CandidateTable } from './candidate';
import { compareNames } from './candidate';
import type { Load } from './load-price';
import { choose } from './policy';
import type { UnderstoodRequest } from './understood-request';

/** A candidate and the quota that it does not fit in. */
export interface QuotaMiss {
	state: QuotaState;
	amounts: QuotaAmounts;
}

/** What is left of every quota of the asking user, or null: unlimited. */
export function quotasOf(
	asked: UnderstoodRequest,
	quotas: readonly QuotaState[] | null | undefined,
): QuotaState[] | null {
	if (quotas == null || quotas.length === 0) return null;
	const user = asked.request.user_id ?? '';
	const own = quotas.filter((quota) => quota.user_id === user);
	return own.length === 0 ? null : own;
}

/** The quota that does not cover the amounts; of several the one that resets last, for all of them must. */
export function quotaMiss(states: readonly QuotaState[], amounts: QuotaAmounts): QuotaMiss | null {
	let last: QuotaState | null = null;
	for (const state of states) {
		if (fitsQuota(state, amounts)) continue;
		if (last === null || (state.resets_at ?? '') > (last.resets_at ?? '')) last = state;
	}
	return last === null ? null : { state: last, amounts };
}

/** Load and run of a row; a server without a price costs no money. */
function amountsOfRow(table: CandidateTable, row: number, images: number): QuotaAmounts {
	const { gpuSeconds, cost, costUnit } = table.at(row);
	return { images, gpuSeconds, cost: costUnit === 'gpu_seconds' ? 0 : cost };
}

/** How a quota binds: the row that would be best without it, and the quota in its way. */
export interface QuotaBinding {
	row: number;
	miss: QuotaMiss;
	mode: QuotaState['mode'];
}

/**
 * Null where the choice without quotas fits in all of them, or none has a mode. One that rejects goes before one that
 * degrades.
 * @param unlimited all candidates, quotas not asked
 */
export function quotaBinding(
	unlimited: CandidateTable,
	states: readonly QuotaState[],
	asked: UnderstoodRequest,
	load: Load | null,
): QuotaBinding | null {
	const best = choose(unlimited, unlimited.asIs, asked.policy, asked.onTimeTarget, load);
	if (best === null) return null;
	const amounts = amountsOfRow(unlimited, best.row, asked.request.batch_size);
	for (const mode of ['reject', 'degrade'] as const) {
		const miss = quotaMiss(
			states.filter((state) => state.mode === mode),
			amounts,
		);
		if (miss !== null) return { row: best.row, miss, mode };
	}
	return null;
}

/** The cheapest row that is left; then the better one, then by name. -1 where none is. */
export function cheapestRow(table: CandidateTable): number {
	const { count, asIs, quality } = table;
	let best = -1;
	for (let row = 0; row < count; row++) {
		if (best === -1 || order(row, best) < 0) best = row;
	}
	return best;

	function order(a: number, b: number): number {
		const cost = (asIs.comparableCost[a] as number) - (asIs.comparableCost[b] as number);
		const better = (quality[b] as number) - (quality[a] as number);
		return cost || better || compareNames(table, a, b);
	}
}

/** "14 s of GPU time, and 10 s are left". */
export function missSentence({ state, amounts }: QuotaMiss): string {
	const { images_left: images, gpu_seconds_left: gpu, cost_left: cost } = state;
	if (images != null && amounts.images > images) {
		return `${amounts.images} image${amounts.images === 1 ? '' : 's'}, and ${images} ${images === 1 ? 'is' : 'are'} left`;
	}
	if (gpu != null && amounts.gpuSeconds > gpu) {
		return `${formatSeconds(amounts.gpuSeconds)} of GPU time, and ${formatSeconds(gpu)} are left`;
	}
	const rounded = (money: number): number => Number(money.toPrecision(3));
	return `${rounded(amounts.cost)} of money, and ${rounded(cost ?? 0)} is left`;
}

/** "daily quota of group "studio"". */
export function quotaName(state: QuotaState): string {
	return state.limit ?? `quota of user "${state.user_id}"`;
}
