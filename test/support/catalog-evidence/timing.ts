/** The kinds of timing evidence that several models share. Seconds on RTX 4090 with 24 GB unless said otherwise. */
import type { Deduction, TimeEvidence } from './types';

export const resident = (
	passSeconds: number,
	passesPerStep: 1 | 2,
	deduction: Deduction = 'none',
	publishedSeconds?: number,
): TimeEvidence => ({ deduction, fixedSeconds: 0.6, passSeconds, passesPerStep, publishedSeconds });

/** 512 x 512 models: little to encode and decode. */
export const small = (
	passSeconds: number,
	passesPerStep: 1 | 2,
	deduction: Deduction = 'none',
): TimeEvidence => ({
	deduction,
	fixedSeconds: 0.2,
	passSeconds,
	passesPerStep,
});

/** Parts that do not fit in 24 GB together are moved on every run: 0.83 s per GB, from Qwen-Image's 25 s for 30 GB. */
export const swapping = (
	allPartsGb: number,
	passSeconds: number,
	passesPerStep: 1 | 2,
	deduction: Deduction = 'none',
): TimeEvidence => ({
	deduction,
	fixedSeconds: 0.83 * allPartsGb,
	passSeconds,
	passesPerStep,
});
