/** What the same fleet with empty queues and nobody else asking would have given: whether load took quality away. */
import type { CandidateTable } from './candidate';
import { candidatesOf, type DecisionInput } from './decision';
import { choose } from './policy';
import { quotasOf } from './quota-filter';
import { serverStates } from './server-state';

/** Qualities this close are the same. */
export const QUALITY_TIE = 1e-9;

/**
 * @param table the candidates on the fleet as it is
 * @param quality what was chosen among them, 0 to 1
 * @returns whether the request's policy would have chosen more on the idle fleet
 */
export function isBelowIdle(input: DecisionInput, table: CandidateTable, quality: number): boolean {
	const idle = isFilteredByLoad(input) ? candidatesOf(emptied(input), null) : table;
	const better: number[] = [];
	for (let row = 0; row < idle.count; row++) {
		if ((idle.quality[row] as number) > quality + QUALITY_TIE) better.push(row);
	}
	if (better.length === 0) return false;
	const { policy, onTimeTarget } = input.asked;
	// this policy takes the best quality that reaches the target, so one such row answers it
	if (policy === 'best_quality' && better.some((row) => idle.idleOnTime(row) >= onTimeTarget)) {
		return true;
	}
	const choice = choose(idle, idle.idle, policy, onTimeTarget, null);
	return choice !== null && (idle.quality[choice.row] as number) > quality + QUALITY_TIE;
}

/** True where queues keep candidates out altogether: full, short of memory, cold and so too dear. */
function isFilteredByLoad({ asked, states, options }: DecisionInput): boolean {
	return (
		asked.request.max_cost != null ||
		quotasOf(asked, options.quotas) !== null ||
		states.some((state) => state.queueFull || state.claimedBytes > 0)
	);
}

function emptied(input: DecisionInput): DecisionInput {
	const fleet = { servers: input.fleet.servers.map((server) => ({ ...server, queue: [] })) };
	return { ...input, fleet, states: serverStates(fleet, input.prepared), places: null };
}
