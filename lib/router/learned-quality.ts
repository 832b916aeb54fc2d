/** Finds the quality that people's opinions made of a preset for a purpose; null where nobody said anything. */
import type { FeedbackEntry } from '../selection/types';

export type QualityLookup = (model: string, preset: string, purpose: string) => number | null;

export function qualityLookup(
	entries: readonly FeedbackEntry[] | null | undefined,
): QualityLookup | null {
	if (entries == null || entries.length === 0) return null;
	const known = new Map<string, number>();
	for (const { model_name, preset, purpose, quality } of entries) {
		// a figure that is no ratio says nothing
		if (quality >= 0 && quality <= 1) known.set(keyOf(model_name, preset, purpose), quality);
	}
	return (model, preset, purpose) => known.get(keyOf(model, preset, purpose)) ?? null;
}

function keyOf(model: string, preset: string, purpose: string): string {
	return `${model}\n${preset}\n${purpose}`;
}
