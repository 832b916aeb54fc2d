/** Refuses options a decision cannot be made with. */
import { invalidInput, type Problem } from '../errors';
import type { SelectOptions } from '../selection/types';

/** Dates beyond this cannot be written (ECMA-262 time values), with room for the longest deadline. */
const MAX_NOW_MS = 8.64e15 - 1e12;

/** @throws RouterError OPTIONS_INVALID */
export function checkOptions(options: SelectOptions): void {
	const problems: Problem[] = [];
	const now: unknown = options?.nowMs;
	if (typeof now !== 'number' || !(Math.abs(now) <= MAX_NOW_MS)) {
		problems.push({
			path: 'nowMs',
			message: 'must be the current time in milliseconds since the epoch',
			hint: 'Pass { nowMs: Date.now() }.',
		});
	}
	const arrivals = options?.demand?.arrivals_per_second;
	if (arrivals !== undefined && !(arrivals >= 0 && arrivals < Infinity)) {
		problems.push({
			path: 'demand.arrivals_per_second',
			message: 'must be a number of at least 0',
			hint: 'Leave demand out where it is not known.',
		});
	}
	if (problems.length > 0) throw invalidInput('OPTIONS_INVALID', 'The options', problems);
}
