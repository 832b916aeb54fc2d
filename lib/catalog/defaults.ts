/** What a catalog means where it is silent. Figures of INTERFACES-level weight: documented in docs and in the JSON Schema. */
import type { Urgency } from './schema';

/** Urgencies every catalog knows; a catalog's own entries are added and win. Targets in seconds. */
export const DEFAULT_URGENCIES: Readonly<Record<string, Urgency>> = {
	urgent: { target_seconds: 15, on_time_probability: 0.95, policy: 'most_certain' },
	normal: { target_seconds: 90, on_time_probability: 0.9, policy: 'best_quality' },
	flexible: { target_seconds: 3600, on_time_probability: 0.9, policy: 'cheapest' },
};

/** Quality floors that the tiers of a request stand for. */
export const DEFAULT_QUALITY_TIERS: Readonly<Record<string, number>> = {
	draft: 0,
	standard: 0.5,
	high: 0.75,
	best: 0.9,
};

/** VRAM left alone on every server unless the catalog or the fleet says otherwise, in GB. */
export const DEFAULT_VRAM_RESERVE_GB = 0.5;

/** Family names with a meaning to the estimators. Any other string is allowed and treated as `unknown`. */
export const KNOWN_FAMILIES = [
	'sd15',
	'sd2',
	'sdxl',
	'sdxl-refiner',
	'sd3',
	'flux',
	'flux2',
	'chroma',
	'qwen-image',
	'z-image',
	'lumina2',
	'hidream',
	'auraflow',
	'pixart',
	'hunyuandit',
	'hunyuan-image',
	'hunyuan-video',
	'omnigen2',
	'kandinsky5',
	'cascade',
	'wan',
	'ltxv',
	'cosmos',
	'mochi',
	'unknown',
] as const;
