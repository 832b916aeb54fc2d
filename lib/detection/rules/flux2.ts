/** FLUX.2 in both ways of naming keys. Source: ComfyUI 0.8.0 `comfy/supported_models.py` (class Flux2). */
import type { FamilyMatch } from '../types';

/** dev has hidden size 6144, klein-9B 4096, klein-4B 3072. Base and distilled klein have the same keys. */
const SIZES: Readonly<Record<number, string[]>> = {
	6144: ['dev'],
	4096: ['klein', '9b'],
	3072: ['klein', '4b'],
};

/** @param width hidden size; null where the table does not tell */
export function flux2(width: number | null, evidence: string): FamilyMatch {
	return {
		family: 'flux2',
		comfyClass: 'Flux2',
		memoryFactor: 3.1 * 4 * 2.36,
		latentChannels: 128,
		downscale: 16,
		variant: SIZES[width ?? 0] ?? [],
		evidence: [`${evidence}, hidden size ${width ?? 'unknown'}`],
	};
}
