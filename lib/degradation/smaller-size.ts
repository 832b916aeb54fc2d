/** Fewer megapixels: which sizes are tried and what they cost in quality. */

/** Shares of the pixels asked for. */
export const PIXEL_SHARES = [0.75, 0.56, 0.42] as const;

/** Diffusion models take sides in multiples of their latent patch; 16 fits all of them. */
const SIDE_GRAIN = 16;
/** Below this a model of today draws something else than what was asked for. */
const LEAST_SIDE = 256;

/**
 * Share of the quality that is left at a share `s` of the pixels: s^0.25, 0.93 at three quarters, 0.86 at 0.56. A
 * judgement, not a measurement: between "hardly visible at web size" and the loss of fine text and faces. Enlarging
 * brings back the size, not the detail, so it does not count.
 */
export function sizeQualityFactor(share: number): number {
	return Math.min(1, share) ** 0.25;
}

export interface Size {
	width: number;
	height: number;
}

/** @returns the size with about that share of the pixels and the same shape, or null where it would be too small */
export function smallerSize({ width, height }: Size, share: number): Size | null {
	const scale = Math.sqrt(share);
	const side = (length: number) => Math.round((length * scale) / SIDE_GRAIN) * SIDE_GRAIN;
	const smaller = { width: side(width), height: side(height) };
	if (smaller.width < LEAST_SIDE || smaller.height < LEAST_SIDE) return null;
	const isSmaller = smaller.width * smaller.height < width * height;
	return isSmaller && smaller.width <= width && smaller.height <= height ? smaller : null;
}
