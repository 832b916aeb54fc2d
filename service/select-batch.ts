/** Decides several requests of one moment in their order, each seeing the ones before it. */
import { afterSelection } from '../lib/fleet/after-selection';
import type { FleetSnapshot } from '../lib/fleet/types';
import type { ModelRouter } from '../lib/router/model-router';
import type { Selection, SelectOptions } from '../lib/selection/types';
import { type QuotaDesk, selectWithinQuota } from './quota-desk';

/**
 * @param fleet left as it is
 * @returns one selection per request, in order
 * @throws RouterError as `ModelRouter.select`
 */
export function selectInOrder(
	router: ModelRouter,
	requests: readonly unknown[],
	fleet: FleetSnapshot,
	options: SelectOptions,
): Selection[] {
	let current = fleet;
	return requests.map((request) => {
		const selection = router.select(request, current, options);
		current = afterSelection(current, selection);
		return selection;
	});
}

/**
 * The same within quotas: a request with a job_id reserves what it will take, one without is only held against what is
 * left.
 */
export async function selectInOrderWithinQuota(
	desk: QuotaDesk,
	router: ModelRouter,
	requests: readonly unknown[],
	fleet: FleetSnapshot,
	options: SelectOptions,
): Promise<Selection[]> {
	let current = fleet;
	const selections: Selection[] = [];
	for (const request of requests) {
		const { job_id: jobId, user_id: userId } = (request ?? {}) as Record<string, unknown>;
		const selection = await selectWithinQuota(desk, {
			userId: typeof userId === 'string' ? userId : null,
			jobId: typeof jobId === 'string' ? jobId : null,
			decide: (quotas) => router.select(request, current, { ...options, quotas }),
		});
		selections.push(selection);
		current = afterSelection(current, selection);
	}
	return selections;
}
