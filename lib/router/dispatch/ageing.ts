/**
 * Ageing: a job that has waited long goes first, and one that has waited longer still is passed by none that came
 * later, so that nothing starves behind a stream of better matches.
 */
import type { DispatchTuning } from './tuning';

export interface Age {
	/** It has waited long enough to go first. */
	aged: boolean;
	/** Nothing that came later is to be started before it where it can run. */
	starving: boolean;
}

export const YOUNG: Age = { aged: false, starving: false };

export function ageOf(
	waitingSeconds: number,
	spanSeconds: number,
	{ agedSpans, starvingSpans }: DispatchTuning,
): Age {
	return {
		aged: waitingSeconds > agedSpans * spanSeconds,
		starving: waitingSeconds > starvingSpans * spanSeconds,
	};
}
