/**
 * The evidence behind the shipped catalog, in numbers that anybody can check. Owns inputs only; the formulae are in
 * catalog-formulae.ts. Elo: Artificial Analysis text-to-image arena, December 2025. Alignment: GenEval, (DPG - 50) / 40
 * and OneIG-EN alignment where published. Text: LongText-Bench EN, CVTG-2K word accuracy, OneIG-EN text. Style: OneIG-EN.
 * Names in `guessed` are inputs that nobody published for that model; they follow its closest relatives.
 */
import { OTHERS } from './catalog-evidence/others';
import { QWEN } from './catalog-evidence/qwen';
import { STABLE_DIFFUSION_AND_FLUX1 } from './catalog-evidence/stable-diffusion-and-flux1';
import type { ModelEvidence } from './catalog-evidence/types';

export const CATALOG_EVIDENCE: Record<string, ModelEvidence> = {
	...STABLE_DIFFUSION_AND_FLUX1,
	...QWEN,
	...OTHERS,
};
