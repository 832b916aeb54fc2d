/**
 * Trying something else now and then, so that opinions come in about more than the usual choice. For `cheapest` requests
 * only, which care least; off unless asked for. Owns who may be tried and with what probability; randomness is given.
 */
import type { Exploration } from '../selection/types';
import type { CandidateTable } from './candidate';
import type { Choice } from './policy';
import type { UnderstoodRequest } from './understood-request';

/** What trying may cost, over the choice. */
const MOST_COST_FACTOR = 2;

export interface Tried {
	row: number;
	explored: boolean;
	/** With which this row was taken. */
	probability: number;
}

/**
 * @param exploration share of requests that try something else, and a random number for this one
 * @returns null where nothing else may be tried, so that nothing is left to chance
 */
export function explore(
	table: CandidateTable,
	choice: Choice,
	asked: UnderstoodRequest,
	exploration: Exploration | null | undefined,
): Tried | null {
	if (exploration == null || !(exploration.share > 0)) return null;
	if (choice.rule !== 'cheapest' || asked.request.model_name != null) return null;
	const others = otherPlans(table, choice);
	if (others.length === 0) return null;
	const share = Math.min(0.5, exploration.share);
	if (!(exploration.random < share)) {
		return { row: choice.row, explored: false, probability: 1 - share };
	}
	const position = Math.min(
		others.length - 1,
		Math.floor((exploration.random / share) * others.length),
	);
	return { row: others[position] as number, explored: true, probability: share / others.length };
}

/** The best row of each other preset that is on time as the policy wants and not much dearer, best first. */
function otherPlans(table: CandidateTable, choice: Choice): number[] {
	const { onTime, comparableCost } = table.asIs;
	const most = MOST_COST_FACTOR * (comparableCost[choice.row] as number);
	const best = new Map<unknown, number>();
	for (let row = 0; row < table.count; row++) {
		const plan = table.plans[row]?.prepared;
		if (plan === table.plans[choice.row]?.prepared) continue;
		if ((onTime[row] as number) < choice.threshold || (comparableCost[row] as number) > most)
			continue;
		const known = best.get(plan);
		if (known === undefined || choice.compare(row, known) < 0) best.set(plan, row);
	}
	return [...best.values()].sort(choice.compare);
}
