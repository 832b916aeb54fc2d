/** What a model's shipped figures rest on. Types only. */

export type EvidenceKey = 'elo' | 'alignment' | 'text' | 'edit' | 'portraitShift' | 'deductions';

export interface QualityEvidence {
	elo?: number;
	alignment?: number[];
	text?: number[];
	style?: number;
	portraitShift?: number;
	/** GEdit-EN overall (0 to 10) and ImgEdit (1 to 5). */
	gedit?: number;
	imgEdit?: number;
	/** Quality of editing where no benchmark exists. */
	editGuess?: number;
	guessed?: EvidenceKey[];
}

/** What a preset loses against the full one. */
export type Deduction = 'none' | 'lightning8' | 'lightning4' | 'fewerSteps';

export interface TimeEvidence {
	deduction: Deduction;
	/** Encoding, VAE and moving parts between RAM and VRAM. */
	fixedSeconds: number;
	/** One forward pass at the reference size. */
	passSeconds: number;
	/** Passes per step: 2 at cfg above 1, else 1. */
	passesPerStep: 1 | 2;
	/** Published for ComfyUI on the reference GPU: wins over the formula. */
	publishedSeconds?: number;
}

export interface MemoryEvidence {
	/** Sizes of all parts on disk, in GB. */
	allPartsGb: number;
	/** The diffusion model alone, in GB. */
	samplingGb: number;
	/** The text encoder, where it is larger than the diffusion model. */
	largerEncoderGb?: number;
	/** ComfyUI's memory_usage_factor and the latent's pixels per side. */
	activationFactor: number;
	latentDivisor: number;
	/** The same area again for every reference image. */
	referenceImages?: number;
	publishedPeakGb?: number;
	publishedLoadSeconds?: number;
}

export interface ModelEvidence {
	quality: QualityEvidence;
	/** The files are fp8 while the evidence is about 16-bit weights. */
	fp8: boolean;
	/** More than the fp8 loss that the model's files have built in. */
	fused?: Deduction;
	memory: MemoryEvidence;
	presets: Record<string, TimeEvidence>;
}
