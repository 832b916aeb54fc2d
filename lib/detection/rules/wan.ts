/** Wan 2.1 and 2.2 and their many special editions. Source: ComfyUI 0.8.0 `comfy/model_detection.py`. */
import type { KeyView } from '../keys';
import type { FamilyMatch } from '../types';

/** Special editions by a key that only they have; first match wins. */
const EDITIONS: ReadonlyArray<readonly [key: string, variant: string, comfyClass: string]> = [
	['vace_patch_embedding.weight', 'vace', 'WAN21_Vace'],
	['control_adapter.conv.weight', 'camera', 'WAN21_Camera'],
	['casual_audio_encoder.encoder.final_linear.weight', 's2v', 'WAN22_S2V'],
	['audio_proj.audio_proj_glob_1_layer.bias', 'humo', 'WAN21_HuMo'],
	['face_adapter.fuser_blocks.0.k_norm.weight', 'animate', 'WAN22_Animate'],
];

const SIZES: Readonly<Record<number, string>> = { 1536: '1.3b', 3072: '5b', 5120: '14b' };

export function wan(keys: KeyView): FamilyMatch | null {
	const dim = keys.axis('head.modulation', -1);
	if (dim === null) return null;
	const outputRows = keys.axis('head.head.weight', 0);
	const outputChannels = outputRows === null ? 16 : Math.floor(outputRows / 4);
	const inputChannels = keys.axis('patch_embedding.weight', 1);
	const edition = editionOf(keys, inputChannels, outputChannels);
	const size = SIZES[dim];
	return {
		family: 'wan',
		comfyClass: edition.comfyClass,
		memoryFactor: (edition.variant === 'vace' ? 1.2 : 1) * (dim / 2222),
		latentChannels: outputChannels,
		downscale: outputChannels === 48 ? 16 : 8,
		variant: ['video', edition.variant, ...(size ? [size] : [])],
		evidence: [`head.modulation of ${dim}, ${inputChannels ?? 'unknown'} input channels`],
	};
}

function editionOf(keys: KeyView, inputChannels: number | null, outputChannels: number) {
	const special = EDITIONS.find(([key]) => keys.has(key));
	if (special) {
		const [, variant, comfyClass] = special;
		const newer = variant === 'camera' && !keys.has('img_emb.proj.0.bias');
		return { variant, comfyClass: newer ? 'WAN22_Camera' : comfyClass };
	}
	if (keys.has('img_emb.proj.0.bias')) {
		const control = inputChannels === 48;
		return { variant: 'i2v', comfyClass: control ? 'WAN21_FunControl2V' : 'WAN21_I2V' };
	}
	if (outputChannels === 48) return { variant: 'ti2v', comfyClass: 'WAN22_T2V' };
	// Wan 2.2 image-to-video takes the image through extra channels alone
	return { variant: inputChannels === 36 ? 'i2v' : 't2v', comfyClass: 'WAN21_T2V' };
}
