/** The figures of an entry that its file tells. Rounded, because they are for people as well. */
import type { InstalledFile } from './types';

/** What the file itself tells; the router's formula does the rest. */
export function figuresOf(file: InstalledFile): Record<string, unknown> {
	const { detection } = file;
	if (!detection || detection.bytes.diffusion === 0) {
		return file.bytes === null ? {} : { x_file_gb: gigabytes(file.bytes) };
	}
	const { bytes, stored } = detection;
	// 32-bit weights are loaded as 16-bit ones
	const diffusion = bytes.diffusion / (stored.dtype === 'fp32' ? 2 : 1);
	const vramGb = gigabytes(diffusion);
	return {
		// the format has no weights of nothing, and a file this small is no model that runs
		...(vramGb > 0 ? { vram_gb: vramGb } : {}),
		x_parameters_billion: round(detection.parameters / 1e9),
		x_stored_dtype: stored.dtype,
		...(detection.variant.length > 0 ? { x_variant: detection.variant.join(' ') } : {}),
		...(detection.memoryFactor === null
			? {}
			: { x_memory_factor: round(detection.memoryFactor, 5) }),
		...(bytes.textEncoder > 0 ? { x_text_encoder_gb: gigabytes(bytes.textEncoder) } : {}),
		...(bytes.vae > 0 ? { x_vae_gb: gigabytes(bytes.vae) } : {}),
	};
}

function gigabytes(bytes: number): number {
	return round(bytes / 1e9);
}

export function round(value: number, digits = 3): number {
	return Number(value.toFixed(digits));
}
