/** Ageing: a job that has waited long goes first, so that nothing starves behind a stream of better matches. */
import type { DispatchTuning } from './tuning';

export function isAged(
	waitingSeconds: number,
	spanSeconds: number,
	{ agedSpans }: DispatchTuning,
): boolean {
	return waitingSeconds > agedSpans * spanSeconds;
}
