/**
 * Predicts ComfyUI's use of VRAM for a run, as the peak over its phases. Figures given in the catalog win; ComfyUI's own
 * formula fills gaps and scales them with size and batch. Refuses margins of its own: what is given is taken as it is.
 */
import type { CatalogModel, Preset, Reference } from '../../catalog/schema';
import { PIXELS_PER_MEGAPIXEL } from '../../units';
import {
	activationBytes,
	type AttentionKind,
	EXTRA_RESERVED_BYTES,
	MINIMUM_INFERENCE_BYTES,
	vaeDecodeBytes,
} from './activation';
import type { FamilyMemory } from './families';
import {
	givenPeakBytes,
	isExpandable,
	modelMemory,
	modelWeights,
	type ModelWeights,
	storedBytesPerParameter,
} from './weights';

export interface VramRun {
	/** Pixels. */
	width: number;
	height: number;
	batchSize: number;
	/** Without influence on memory; accepted so that a run's parameters can be passed as they are. */
	steps?: number;
	/** Above 1, conditional and unconditional are sampled together: twice the activation. */
	cfg: number;
	/**
	 * Sizes of an editing model's reference images, in megapixels. Default: one of the preset's reference size for a
	 * model whose inputs include an image, else none.
	 */
	referenceMegapixels?: readonly number[];
	/** Default flash. */
	attention?: AttentionKind;
	/** Default 1. */
	frames?: number;
}

export { expansionLimitBytes } from './device';

/** Bytes on the device while each phase runs; the phases follow each other. */
export interface VramPhases {
	textEncoderBytes: number;
	diffusionBytes: number;
	vaeDecodeBytes: number;
}

export interface VramPrediction {
	/** Largest phase. With this much available the run has full speed. */
	peakBytes: number;
	/** Weights of the diffusion model, or of everything the entry says is resident. */
	weightsBytes: number;
	/** Of the diffusion phase, beside the weights; conditional and unconditional together where cfg is above 1. */
	activationBytes: number;
	/** Below this ComfyUI runs out of memory even when it pages weights; between this and the peak it is slow. */
	offloadFloorBytes: number;
	/** `catalog`: a given peak, scaled; `formula`: computed from weights; `assumed`: the weights are a guess. */
	basis: 'catalog' | 'formula' | 'assumed';
	phases: VramPhases;
	/** On a server that expands weights stored in fp8 (see `expansionLimitBytes`); null where there are none, or figures are given. */
	expanded: { weightsBytes: number; peakBytes: number } | null;
}

/** A model and preset with everything but the run worked out. */
export type VramPredictor = (run: VramRun) => VramPrediction;

export type VramFit = 'full' | 'offload' | 'none';

/**
 * Works out what does not depend on the run; the returned function costs about a microsecond.
 * @param preset null: the model's first, for its figures and reference
 */
export function prepareVram(model: CatalogModel, preset: Preset | null): VramPredictor {
	const memory = modelMemory(model);
	const given = givenPeakBytes(model, preset);
	// a figure of the model stands for the first preset's reference, a preset's own figure for that preset's
	const basisPreset = preset?.vram_peak_gb !== undefined ? preset : model.presets[0];
	const usualReferences = usualReferenceMegapixels(model, basisPreset?.reference);
	const atReference =
		basisPreset && referenceRun(basisPreset.reference, basisPreset.cfg, usualReferences);
	const weights = withGivenPeak(modelWeights(model, memory), memory, given, atReference);
	const shifts =
		given === undefined || !atReference
			? NO_SHIFT
			: shiftsTo(given, phasesOf(memory, weights, atReference));
	const floor = offloadFloor(memory, weights, storedBytesPerParameter(''));
	const basis =
		given !== undefined ? 'catalog' : weights.source === 'assumed' ? 'assumed' : 'formula';
	const growth = given === undefined && isExpandable(model, weights) ? weights.diffusionBytes : 0;
	const leastBytes = given === undefined ? 0 : Math.min(given, weights.diffusionBytes);

	return (run) => {
		const once = activationBytes(memory, run, run.referenceMegapixels ?? usualReferences);
		const phases = phasesOf(memory, weights, run, once);
		phases.textEncoderBytes += shifts.textEncoderBytes;
		phases.diffusionBytes = Math.max(phases.diffusionBytes + shifts.diffusionBytes, leastBytes);
		phases.vaeDecodeBytes += shifts.vaeDecodeBytes;
		const peakBytes = Math.max(
			phases.textEncoderBytes,
			phases.diffusionBytes,
			phases.vaeDecodeBytes,
		);
		return {
			peakBytes,
			weightsBytes: weights.diffusionBytes,
			activationBytes: passes(run) * once,
			offloadFloorBytes: Math.min(peakBytes, once + floor),
			basis,
			phases,
			expanded: growth === 0 ? null : expandedOf(phases, weights, growth, peakBytes),
		};
	};
}

function expandedOf(
	phases: VramPhases,
	weights: ModelWeights,
	growth: number,
	peakBytes: number,
): NonNullable<VramPrediction['expanded']> {
	return {
		weightsBytes: weights.diffusionBytes + growth,
		peakBytes: Math.max(peakBytes, phases.diffusionBytes + growth),
	};
}

/** One prediction; for many runs of the same model and preset use `prepareVram`. */
export function predictVram(
	model: CatalogModel,
	preset: Preset | null,
	run: VramRun,
): VramPrediction {
	return prepareVram(model, preset)(run);
}

/** Three different answers: full speed, slow because weights are paged in and out, or out of memory. */
export function fitOf(
	prediction: Pick<VramPrediction, 'peakBytes' | 'offloadFloorBytes'>,
	availableBytes: number,
): VramFit {
	if (availableBytes >= prediction.peakBytes) return 'full';
	return availableBytes >= prediction.offloadFloorBytes ? 'offload' : 'none';
}

const NO_SHIFT: VramPhases = { textEncoderBytes: 0, diffusionBytes: 0, vaeDecodeBytes: 0 };

function passes(run: VramRun): number {
	return run.cfg > 1 ? 2 : 1;
}

/** Editing models are run, and were measured, with an image. */
function usualReferenceMegapixels(model: CatalogModel, reference: Reference | undefined): number[] {
	if (!reference || !model.inputs.includes('image')) return [];
	return [(reference.width * reference.height) / PIXELS_PER_MEGAPIXEL];
}

function referenceRun(reference: Reference, cfg: number, referenceMegapixels: number[]): VramRun {
	return {
		width: reference.width,
		height: reference.height,
		batchSize: reference.batch_size,
		cfg,
		referenceMegapixels,
	};
}

/** What the diffusion phase takes beside the weights. */
function diffusionExtra(run: VramRun, once: number): number {
	return Math.max(MINIMUM_INFERENCE_BYTES, passes(run) * once + EXTRA_RESERVED_BYTES);
}

function phasesOf(
	memory: FamilyMemory,
	weights: ModelWeights,
	run: VramRun,
	once = activationBytes(memory, run),
): VramPhases {
	return {
		textEncoderBytes:
			weights.textEncoderBytes === 0 ? 0 : weights.textEncoderBytes + MINIMUM_INFERENCE_BYTES,
		diffusionBytes: weights.diffusionBytes + diffusionExtra(run, once),
		vaeDecodeBytes: weights.vaeBytes + vaeDecodeBytes(memory, run),
	};
}

/** A given peak without given weights tells the weights better than a family's usual size. */
function withGivenPeak(
	weights: ModelWeights,
	memory: FamilyMemory,
	given: number | undefined,
	atReference: VramRun | undefined,
): ModelWeights {
	if (given === undefined || !atReference || weights.source === 'entry') return weights;
	const extra = diffusionExtra(atReference, activationBytes(memory, atReference));
	return { ...weights, diffusionBytes: Math.max(0, given - extra) };
}

/**
 * Moves the phases so that their peak at the reference is the given one: the largest phase meets it, and no other may
 * be above it, because a peak that was observed bounds every phase.
 */
function shiftsTo(given: number, reference: VramPhases): VramPhases {
	const largest = Math.max(...Object.values(reference));
	const shift = (bytes: number): number =>
		bytes === largest ? given - bytes : Math.min(0, given - bytes);
	return {
		textEncoderBytes: shift(reference.textEncoderBytes),
		diffusionBytes: shift(reference.diffusionBytes),
		vaeDecodeBytes: shift(reference.vaeDecodeBytes),
	};
}

/** Beside the activation: the reserve and the one layer that must be on the device while it computes. */
function offloadFloor(
	memory: FamilyMemory,
	weights: ModelWeights,
	bytesPerParameter: number,
): number {
	const largestLayer = Math.min(
		memory.largestLayerMillion * 1e6 * bytesPerParameter,
		weights.diffusionBytes,
	);
	return EXTRA_RESERVED_BYTES + largestLayer;
}
