/** Quality of a candidate, 0 to 1. Owns the negative-prompt rule and the curve for fewer steps. */

/** What a non-empty negative prompt costs a candidate that ignores it. */
export const IGNORED_NEGATIVE_PROMPT_FACTOR = 0.9;

/**
 * Share of a preset's quality that is left with fewer steps: (1 - e^(-s/tau)) / (1 - e^(-S/tau)) for s of S steps,
 * tau = min(5.4, S/4). More steps than the preset's add nothing.
 *
 * The shape is a saturating one, because denoising steps have falling returns; tau = 5.4 is set so that 20 of 50 steps
 * keep 97.5 %, the loss that vendors' own comparisons of 20- and 50-step runs (Qwen-Image, FLUX.2-dev) suggest. Distilled
 * presets are made for their few steps: S/4 makes half of them cost 12 %.
 */
export function stepsQualityFactor(steps: number, presetSteps: number): number {
	if (steps >= presetSteps) return 1;
	const tau = Math.min(5.4, presetSteps / 4);
	return Math.expm1(-steps / tau) / Math.expm1(-presetSteps / tau);
}

/** True where a negative prompt changes the image: classifier-free guidance is on and the model takes one. */
export function negativePromptWorks(
	cfg: number,
	supportsNegativePrompt: boolean | undefined,
): boolean {
	return cfg > 1 && supportsNegativePrompt !== false;
}
