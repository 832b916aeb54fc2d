/** A usage store that settles quotas with every row it writes: whoever logs a run, it is charged once. */
import type { QuotaPort, UsageStore } from '../lib/ports';
import { settlementOf } from '../lib/quotas/charge';
import type { UsageReceipt, UsageRow } from '../lib/usage/types';

/**
 * Rows first, so that nothing is charged that is not in the log; a row that was there already is settled again, which
 * changes nothing, because the process that wrote it may have died in between.
 */
export function settlingStore<Store extends Pick<UsageStore, 'recordUsage'>>(
	store: Store,
	quota: QuotaPort,
): Pick<UsageStore, 'recordUsage'> {
	return {
		async recordUsage(rows: UsageRow[]): Promise<UsageReceipt[]> {
			const receipts = await store.recordUsage(rows);
			const settlements = rows.flatMap((row, index) => {
				const receipt = receipts[index];
				return receipt ? [settlementOf({ ...row, job_id: receipt.job_id }, receipt.attempt)] : [];
			});
			await quota.settle(settlements);
			return receipts;
		},
	};
}
