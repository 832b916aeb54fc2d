/** The vocabulary of going lower: rungs and what is decided about them. Holds no behaviour. */
import type { SelectedDecision } from '../selection/types';

/** In the order in which equal losses are taken: the weights stay, then another model, then another server. */
export const RUNG_KINDS = [
	'selected',
	'fewer_steps',
	'distilled_preset',
	'fewer_megapixels',
	'lighter_warm',
	'lighter_cold',
	'other_server',
] as const;
export type RungKind = (typeof RUNG_KINDS)[number];

/** One way to run the request, ready to be submitted. */
export interface Rung {
	kind: RungKind;
	/** For a person: "fewer steps (13 of 20)". */
	name: string;
	selection: SelectedDecision;
	/** 0 to 1, size included. */
	quality: number;
	/** Mean of queue, load and run, seconds from the moment the ladder was made. */
	seconds: number;
	/** 95 % of such runs take no longer. */
	p95Seconds: number;
	onTimeProbability: number;
	/** Enlarge the image to this size afterwards; null: as it is. */
	upscaleTo: { width: number; height: number } | null;
}
