/** Decides several requests of one moment in their order, each seeing the ones before it. Pure. */
import { afterSelection } from '../lib/fleet/after-selection';
import type { FleetSnapshot } from '../lib/fleet/types';
import type { ModelRouter } from '../lib/router/model-router';
import type { Selection, SelectOptions } from '../lib/selection/types';

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
