/** HunyuanVideo, HunyuanVideo 1.5 and HunyuanImage 2.1, which share their keys. Source: ComfyUI 0.8.0 `comfy/model_detection.py`. */
import type { KeyView } from '../keys';
import type { FamilyMatch } from '../types';

export function hunyuan(keys: KeyView): FamilyMatch | null {
	if (!keys.has('txt_in.individual_token_refiner.blocks.0.norm1.weight')) return null;
	const channels = keys.axis('img_in.proj.weight', 1);
	const evidence = [`individual_token_refiner, ${channels ?? 'unknown'} input channels`];
	if (keys.has('vision_in.proj.0.weight')) {
		const upscaler = channels === 98;
		return {
			family: 'hunyuan-video',
			comfyClass: upscaler ? 'HunyuanVideo15_SR_Distilled' : 'HunyuanVideo15',
			memoryFactor: 4.0,
			latentChannels: 32,
			downscale: 16,
			variant: ['1.5', 'video', ...(upscaler ? ['upscaler'] : [])],
			evidence,
		};
	}
	if (!keys.hasBelow('vector_in.')) return hunyuanImage(keys, evidence);
	const kind = channels === 33 ? 'i2v' : channels === 32 ? 'skyreels-i2v' : 't2v';
	const classes = {
		i2v: 'HunyuanVideoI2V',
		'skyreels-i2v': 'HunyuanVideoSkyreelsI2V',
		t2v: 'HunyuanVideo',
	};
	return {
		family: 'hunyuan-video',
		comfyClass: classes[kind],
		memoryFactor: 1.8,
		latentChannels: 16,
		downscale: 8,
		variant: ['video', kind],
		evidence,
	};
}

/** The refiner works on three-axis patches of size 1 instead of two-axis ones. */
function hunyuanImage(keys: KeyView, evidence: string[]): FamilyMatch {
	const refiner = keys.rank('img_in.proj.weight') === 5;
	return {
		family: 'hunyuan-image',
		comfyClass: refiner ? 'HunyuanImage21Refiner' : 'HunyuanImage21',
		memoryFactor: 8.7,
		latentChannels: 64,
		downscale: 32,
		variant: ['2.1', ...(refiner ? ['refiner'] : [])],
		evidence: [...evidence, 'no vector_in'],
	};
}
