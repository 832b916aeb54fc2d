/**
 * What a job sets aside when it is selected, and what its attempt is charged when it is over.
 *
 * Nobody pays for what is our fault: a run that ended out of memory, failed, was refused, or was stopped because it would
 * have been late costs nothing. A run that its caller stopped costs the GPU time it took, and no image.
 */
import type { SelectedDecision } from '../selection/types';
import type { UsageRow } from '../usage/types';
import { NOBODY, type QuotaAmounts, type QuotaClaim, type QuotaSettlement } from './types';

/** A worker that is silent for this long is taken for dead, at least; seconds. */
const LEAST_TTL_SECONDS = 900;
/** How often the slow case (p95) of the whole may pass before that. */
const TTL_IN_P95 = 3;

/** Load and run as estimated; money only where the server has a price. */
export function amountsOf({ estimate, parameters }: SelectedDecision): QuotaAmounts {
	return {
		images: parameters.batch_size,
		gpuSeconds: estimate.load_seconds + estimate.run_seconds,
		cost: estimate.cost_unit === 'gpu_seconds' ? 0 : estimate.cost,
	};
}

/** @param attempt null: the ledger numbers it */
export function claimOf(
	selection: SelectedDecision,
	jobId: string,
	attempt: number | null,
): QuotaClaim {
	return {
		...amountsOf(selection),
		jobId,
		attempt,
		userId: selection.request.user_id ?? NOBODY,
		ttlSeconds: Math.max(LEAST_TTL_SECONDS, TTL_IN_P95 * selection.estimate.p95_seconds),
	};
}

/** @param attempt as the log numbered it */
export function settlementOf(row: UsageRow, attempt: number): QuotaSettlement {
	const common = {
		jobId: row.job_id,
		attempt,
		userId: row.user_id ?? NOBODY,
		outcome: row.status,
	};
	switch (row.status) {
		case 'success':
			return { ...common, images: row.batch_size ?? 1, ...timeAndMoney(row) };
		case 'cancelled':
			return { ...common, images: 0, ...withoutUnknown(timeAndMoney(row)) };
		case 'timeout':
			return { ...common, ...(goesOn(row) ? AS_RESERVED : NOTHING) };
		default:
			return { ...common, ...NOTHING };
	}
}

const NOTHING = { images: 0, gpuSeconds: 0, cost: 0 };
const AS_RESERVED = { images: null, gpuSeconds: null, cost: null };

/** It had not ended when it was logged, and nobody stopped it: its image will be made. */
function goesOn(row: UsageRow): boolean {
	return row.error_code === 'COMFYUI_TIMEOUT' && row.run_seconds === null;
}

/** A run that was stopped before it began has taken nothing. */
function withoutUnknown(taken: ReturnType<typeof timeAndMoney>): ReturnType<typeof timeAndMoney> {
	return { gpuSeconds: taken.gpuSeconds ?? 0, cost: taken.cost ?? 0 };
}

function timeAndMoney(row: UsageRow): Pick<QuotaSettlement, 'gpuSeconds' | 'cost'> {
	const gpuSeconds = gpuSecondsOf(row);
	const isMoney = row.cost_unit !== 'gpu_seconds';
	return { gpuSeconds, cost: isMoney ? (row.actual_cost ?? null) : 0 };
}

/** Load and run; null where the log knows the time with the queue in it only. */
function gpuSecondsOf(row: UsageRow): number | null {
	if (row.run_seconds !== null) return row.run_seconds + (row.load_seconds ?? 0);
	if (row.actual_seconds === null || row.queue_seconds === null) return null;
	return Math.max(0, row.actual_seconds - row.queue_seconds);
}
