/** The published formulae that turn evidence into the shipped catalog's figures. Pure; owns no figures of a model. */
import type {
	Deduction,
	MemoryEvidence,
	ModelEvidence,
	QualityEvidence,
	TimeEvidence,
} from './catalog-evidence/types';

const BYTES_PER_GB = 1e9;
const BYTES_PER_MIB = 1024 ** 2;
const BYTES_PER_GIB = 1024 ** 3;

/** Absolute losses per purpose, guessed from what few-step and quantised relatives lose in published comparisons. */
const DEDUCTIONS: Record<Deduction | 'fp8', Record<string, number>> = {
	none: {},
	lightning8: {
		photo: 0.02,
		portrait: 0.04,
		illustration: 0.01,
		product: 0.02,
		text_rendering: 0.03,
		poster_design: 0.03,
		edit: 0.02,
	},
	lightning4: {
		photo: 0.04,
		portrait: 0.06,
		illustration: 0.02,
		product: 0.03,
		text_rendering: 0.05,
		poster_design: 0.05,
		edit: 0.05,
	},
	fewerSteps: {
		photo: 0.02,
		portrait: 0.02,
		illustration: 0.01,
		product: 0.01,
		text_rendering: 0.02,
		poster_design: 0.02,
		edit: 0.02,
	},
	fp8: {
		photo: 0.01,
		portrait: 0.01,
		illustration: 0.01,
		product: 0.01,
		text_rendering: 0.01,
		poster_design: 0.01,
		edit: 0.01,
	},
};

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const clamp = (value: number) => Math.min(1, Math.max(0, value));
export const round = (value: number, digits: number) =>
	Number((Math.round(Number((value * 10 ** digits).toFixed(6))) / 10 ** digits).toFixed(digits));

function editing(evidence: QualityEvidence): number | undefined {
	if (evidence.editGuess !== undefined) return evidence.editGuess;
	const parts: number[] = [];
	if (evidence.gedit !== undefined) parts.push((evidence.gedit - 4) / 4);
	if (evidence.imgEdit !== undefined) parts.push((evidence.imgEdit - 2.5) / 2.1);
	return parts.length === 0 ? undefined : mean(parts);
}

/** Quality per purpose of a model's 16-bit, full-step preset, before rounding. */
export function mappedPurposes(evidence: QualityEvidence): Record<string, number> {
	const purposes: Record<string, number> = {};
	if (evidence.elo !== undefined) {
		const preference = clamp((evidence.elo - 600) / 600);
		const alignment = evidence.alignment ? mean(evidence.alignment) : 0.7;
		const text = mean(evidence.text ?? [0]);
		const style = evidence.style === undefined ? alignment : evidence.style / 0.5;
		purposes.photo = 0.7 * preference + 0.3 * alignment;
		purposes.portrait = purposes.photo + (evidence.portraitShift ?? 0);
		purposes.product = 0.5 * preference + 0.5 * alignment;
		purposes.illustration = 0.6 * preference + 0.2 * alignment + 0.2 * style;
		purposes.poster_design = 0.5 * text + 0.3 * preference + 0.2 * alignment;
		purposes.text_rendering = text;
	}
	const edit = editing(evidence);
	if (edit !== undefined) purposes.edit = edit;
	return purposes;
}

/** A deduction per purpose; for drafts only what shows in a photo counts, and less. */
function deduct(
	purposes: Record<string, number>,
	loss: Record<string, number>,
): Record<string, number> {
	return Object.fromEntries(
		Object.entries(purposes).map(([purpose, quality]) => [
			purpose,
			quality - (purpose === 'draft' ? 0.6 * (loss.photo ?? 0) : (loss[purpose] ?? 0)),
		]),
	);
}

/** The figures of `purposes`, rounded to two decimals. */
export function expectedPurposes(model: ModelEvidence): Record<string, number> {
	const mapped = mappedPurposes(model.quality);
	const all = mapped.photo === undefined ? mapped : { ...mapped, draft: 0.4 + 0.6 * mapped.photo };
	const stored = model.fp8 ? deduct(all, DEDUCTIONS.fp8) : all;
	const built = model.fused ? deduct(stored, DEDUCTIONS[model.fused]) : stored;
	return Object.fromEntries(
		Object.entries(built).map(([purpose, quality]) => [purpose, round(clamp(quality), 2)]),
	);
}

/** A preset's quality relative to the model's best: the mean over its purposes of what is left. */
export function expectedPresetQuality(
	purposes: Record<string, number>,
	deduction: Deduction,
): number {
	const left = deduct(purposes, DEDUCTIONS[deduction]);
	const ratios = Object.keys(purposes).map((purpose) => clamp(left[purpose]! / purposes[purpose]!));
	return round(mean(ratios), 2);
}

/** Warm seconds at the reference: fixed part plus passes; one decimal below 20 s, whole seconds above. */
export function expectedSeconds(time: TimeEvidence, steps: number): number {
	if (time.publishedSeconds !== undefined) return time.publishedSeconds;
	const seconds = time.fixedSeconds + time.passSeconds * time.passesPerStep * steps;
	return round(seconds, seconds < 20 ? 1 : 0);
}

/**
 * The larger of two phases, each with ComfyUI's reserve of 400 MiB: sampling = diffusion model + max(0.8 GiB, activation
 * estimate in 16 bit); encoding = text encoder + 0.8 GiB.
 */
export function expectedPeakGb(memory: MemoryEvidence, width: number, height: number): number {
	if (memory.publishedPeakGb !== undefined) return memory.publishedPeakGb;
	const latent = (width / memory.latentDivisor) * (height / memory.latentDivisor);
	const area = latent * (1 + (memory.referenceImages ?? 0));
	const activation = area * 2 * 0.01 * memory.activationFactor * BYTES_PER_MIB;
	const least = 0.8 * BYTES_PER_GIB;
	const sampling = memory.samplingGb + Math.max(least, activation) / BYTES_PER_GB;
	const encoding = (memory.largerEncoderGb ?? 0) + least / BYTES_PER_GB;
	return round(Math.max(sampling, encoding) + (400 * BYTES_PER_MIB) / BYTES_PER_GB, 1);
}

/** All parts at 1.5 GB/s plus 3 s: fits Qwen-Image's published 23 s for 30 GB. */
export function expectedLoadSeconds(memory: MemoryEvidence): number {
	return memory.publishedLoadSeconds ?? round(memory.allPartsGb / 1.5 + 3, 1);
}
