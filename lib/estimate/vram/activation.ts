/**
 * ComfyUI's own estimate of what a sampling step and a VAE decode need beside the weights. Owns the formula;
 * knows no catalog.
 *
 * Source: ComfyUI 0.8.0 `comfy/model_base.py` (memory_required), `comfy/sampler_helpers.py` (estimate_memory) and
 * `comfy/model_management.py` (extra_reserved_memory, minimum_inference_memory).
 */
import { BYTES_PER_GIB, BYTES_PER_MIB, PIXELS_PER_MEGAPIXEL } from '../../units';
import type { FamilyMemory } from './families';

/** R: kept free for everything else on the device; 400 MiB on Linux (600 MiB on Windows). */
export const EXTRA_RESERVED_BYTES = 400 * BYTES_PER_MIB;
/** MINF: the least that ComfyUI keeps free for inference, 0.8 GiB + R. */
export const MINIMUM_INFERENCE_BYTES = 0.8 * BYTES_PER_GIB + EXTRA_RESERVED_BYTES;
/** Attention that never holds the whole score matrix (flash, SDPA, xformers): every NVIDIA default. */
const FLASH_MIB_PER_CELL_BYTE = 0.01;
/** Other attention: per cell, whatever the dtype. */
const PLAIN_MIB_PER_CELL = 0.15;

export type AttentionKind = 'flash' | 'plain';

export interface ActivationInput {
	/** Pixels. */
	width: number;
	height: number;
	/** Images sampled together; at least 1. */
	batchSize: number;
	/** Video frames; default 1. */
	frames?: number;
	/** Sizes of the reference images of an editing model, in megapixels. */
	referenceMegapixels?: readonly number[];
	/** Bytes of the compute dtype: 2 for fp16 and bf16 (default), 4 for fp32. */
	dtypeBytes?: number;
	/** Default flash. */
	attention?: AttentionKind;
}

/** Latent cells of one image or clip: T x H x W. Partial cells at the border do not exist in ComfyUI's latents. */
export function latentCells(memory: FamilyMemory, input: ActivationInput): number {
	const d = memory.downscale;
	const cellsOfOneFrame = Math.floor(input.width / d) * Math.floor(input.height / d);
	return cellsOfOneFrame * latentFrames(memory, input.frames ?? 1);
}

/** `(F - 1) / k + 1` latent frames; 1 for families without a time axis. */
function latentFrames(memory: FamilyMemory, frames: number): number {
	if (memory.framesPerLatent === 0) return 1;
	return Math.floor((Math.max(1, frames) - 1) / memory.framesPerLatent) + 1;
}

/** Latent cells of the reference images; they are not multiplied by the batch. */
function referenceCells(memory: FamilyMemory, megapixels: readonly number[] | undefined): number {
	if (!memory.countsReferences || megapixels === undefined) return 0;
	let cells = 0;
	for (const size of megapixels)
		cells += (size * PIXELS_PER_MEGAPIXEL) / (memory.downscale * memory.downscale);
	return cells;
}

/**
 * A1: bytes of one pass of the diffusion model over the batch. With conditional and unconditional together (cfg above 1)
 * ComfyUI asks for twice as much (A2).
 */
export function activationBytes(
	memory: FamilyMemory,
	input: ActivationInput,
	referenceMegapixels = input.referenceMegapixels,
): number {
	const cells =
		input.batchSize * latentCells(memory, input) + referenceCells(memory, referenceMegapixels);
	const mibPerCell =
		input.attention === 'plain'
			? PLAIN_MIB_PER_CELL
			: (input.dtypeBytes ?? 2) * FLASH_MIB_PER_CELL_BYTE;
	return cells * mibPerCell * memory.factor * BYTES_PER_MIB;
}

/**
 * Bytes of decoding one image; a batch is split to what is free. Zero for clips of more than one frame: they are
 * decoded in tiles when they do not fit, so their decode is never what a run needs.
 */
export function vaeDecodeBytes(
	memory: FamilyMemory,
	input: Pick<ActivationInput, 'width' | 'height' | 'frames' | 'dtypeBytes'>,
): number {
	if ((input.frames ?? 1) > 1) return 0;
	return memory.decodeBytesPerPixel * input.width * input.height * (input.dtypeBytes ?? 2);
}
