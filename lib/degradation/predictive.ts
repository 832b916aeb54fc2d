/** At a job's turn: the best rung that still makes the deadline. Pure. */
import type { Rung } from './types';

/**
 * @param ladder from `ladderFor`, best first; not empty
 * @param target P(on time) that the rung must have, 0 to 1
 * @returns the first rung that has it; where none does, the one that finishes first. More time never gives a lower one
 */
export function predictiveRung(ladder: readonly Rung[], target: number): Rung {
	const enough = ladder.find((rung) => rung.onTimeProbability >= target);
	return enough ?? (ladder[ladder.length - 1] as Rung);
}

/** A rung as the selection to be run: says what was given up and why. */
export function selectionOfRung(
	rung: Rung,
	why: string,
	from: Rung['selection'],
): Rung['selection'] {
	const { selection } = rung;
	return {
		...selection,
		job_id: from.job_id,
		request: from.request,
		selected_at: from.selected_at,
		deadline_at: from.deadline_at,
		alternatives: from.alternatives,
		degraded: from.degraded || rung.quality < from.estimate.quality - 1e-9,
		selection_reason: `${selection.selection_reason} Instead of ${from.model_name} / ${from.preset} on ${from.server}: ${rung.name}, because ${why}.`,
	};
}
