/** Graphs in the shapes that people build, for tests of bindings. */
import type { ApiGraph, GraphNode } from '../../lib/workflow/graph';

export function node(
	classType: string,
	inputs: Record<string, unknown>,
	title?: string,
): GraphNode {
	const made: GraphNode = { class_type: classType, inputs };
	return title === undefined ? made : { ...made, _meta: { title } };
}

/** Flux as the official example has it: SamplerCustomAdvanced, BasicGuider, a schedule of its own. */
export function fluxCustom(): ApiGraph {
	return {
		unet: node('UNETLoader', { unet_name: 'flux1-dev.safetensors', weight_dtype: 'default' }),
		clip: node('DualCLIPLoader', {
			clip_name1: 't5xxl_fp16.safetensors',
			clip_name2: 'clip_l.safetensors',
			type: 'flux',
		}),
		vae: node('VAELoader', { vae_name: 'ae.safetensors' }),
		text: node('CLIPTextEncode', { text: 'old prompt', clip: ['clip', 0] }),
		guidance: node('FluxGuidance', { guidance: 3.5, conditioning: ['text', 0] }),
		shift: node('ModelSamplingFlux', {
			max_shift: 1.15,
			base_shift: 0.5,
			width: ['w', 0],
			height: ['h', 0],
			model: ['unet', 0],
		}),
		guider: node('BasicGuider', { model: ['shift', 0], conditioning: ['guidance', 0] }),
		noise: node('RandomNoise', { noise_seed: 7 }),
		select: node('KSamplerSelect', { sampler_name: 'euler' }),
		sigmas: node('BasicScheduler', {
			scheduler: 'simple',
			steps: 20,
			denoise: 1,
			model: ['shift', 0],
		}),
		w: node('PrimitiveInt', { value: 1024 }),
		h: node('PrimitiveInt', { value: 768 }),
		latent: node('EmptySD3LatentImage', { width: ['w', 0], height: ['h', 0], batch_size: 1 }),
		sampler: node('SamplerCustomAdvanced', {
			noise: ['noise', 0],
			guider: ['guider', 0],
			sampler: ['select', 0],
			sigmas: ['sigmas', 0],
			latent_image: ['latent', 0],
		}),
		decode: node('VAEDecode', { samples: ['sampler', 0], vae: ['vae', 0] }),
		save: node('SaveImage', { filename_prefix: 'x', images: ['decode', 0] }),
	};
}

/** SDXL with two LoRAs, ControlNet, prompt from a text node, then a second pass on the upscaled latent. */
export function sdxlHiresFix(): ApiGraph {
	return {
		'1': node('CheckpointLoaderSimple', { ckpt_name: 'SDXL\\juggernaut.safetensors' }),
		'2': node('LoraLoader', {
			lora_name: 'style.safetensors',
			strength_model: 0.8,
			strength_clip: 0.8,
			model: ['1', 0],
			clip: ['1', 1],
		}),
		'3': node('CLIPSetLastLayer', { stop_at_clip_layer: -2, clip: ['2', 1] }),
		'4': node('PrimitiveStringMultiline', { value: 'a house' }, 'Prompt'),
		'5': node('CLIPTextEncodeSDXL', {
			width: 1024,
			height: 1024,
			crop_w: 0,
			crop_h: 0,
			target_width: 1024,
			target_height: 1024,
			text_g: ['4', 0],
			text_l: ['4', 0],
			clip: ['3', 0],
		}),
		'6': node('CLIPTextEncode', { text: 'blurry', clip: ['3', 0] }),
		'7': node('ControlNetApplyAdvanced', {
			strength: 1,
			positive: ['5', 0],
			negative: ['6', 0],
			control_net: ['20', 0],
			image: ['21', 0],
		}),
		'8': node('EmptyLatentImage', { width: 832, height: 1216, batch_size: 2 }),
		'9': node(
			'KSampler',
			{
				seed: ['12', 0],
				steps: 30,
				cfg: 7,
				sampler_name: 'dpmpp_2m',
				scheduler: 'karras',
				denoise: 1,
				model: ['2', 0],
				positive: ['7', 0],
				negative: ['7', 1],
				latent_image: ['8', 0],
			},
			'First pass',
		),
		'10': node('LatentUpscaleBy', { upscale_method: 'bislerp', scale_by: 1.5, samples: ['9', 0] }),
		'11': node(
			'KSampler',
			{
				seed: ['12', 0],
				steps: 15,
				cfg: 6,
				sampler_name: 'dpmpp_2m',
				scheduler: 'karras',
				denoise: 0.5,
				model: ['2', 0],
				positive: ['7', 0],
				negative: ['7', 1],
				latent_image: ['10', 0],
			},
			'Second pass',
		),
		'12': node('Seed (rgthree)', { seed: 42 }),
		'13': node('VAEDecode', { samples: ['11', 0], vae: ['1', 2] }),
		'14': node('SaveImage', { filename_prefix: 'hires', images: ['13', 0] }),
		'15': node('VAEDecode', { samples: ['9', 0], vae: ['1', 2] }),
		'16': node('PreviewImage', { images: ['15', 0] }),
		'20': node('ControlNetLoader', { control_net_name: 'canny.safetensors' }),
		'21': node('LoadImage', { image: 'edges.png' }),
	};
}

/** Qwen-Image-Edit: texts in `prompt`, latent from the image. */
export function qwenEdit(): ApiGraph {
	const encode = (prompt: string) =>
		node('TextEncodeQwenImageEditPlus', {
			prompt,
			clip: ['2', 0],
			vae: ['3', 0],
			image1: ['5', 0],
		});
	return {
		'1': node('UNETLoader', {
			unet_name: 'qwen_image_edit_2511_bf16.safetensors',
			weight_dtype: 'default',
		}),
		'2': node('CLIPLoader', {
			clip_name: 'qwen_2.5_vl_7b_fp8_scaled.safetensors',
			type: 'qwen_image',
		}),
		'3': node('VAELoader', { vae_name: 'qwen_image_vae.safetensors' }),
		'4': node('LoadImage', { image: 'in.png' }),
		'5': node('FluxKontextImageScale', { image: ['4', 0] }),
		'6': encode('make it blue'),
		'7': encode(''),
		'8': node('VAEEncode', { pixels: ['5', 0], vae: ['3', 0] }),
		'9': node('LoraLoaderModelOnly', {
			lora_name: 'Qwen-Image-Edit-2511-Lightning-4steps-V1.0-bf16.safetensors',
			strength_model: 1,
			model: ['1', 0],
		}),
		'10': node('ModelSamplingAuraFlow', { shift: 3.1, model: ['9', 0] }),
		'11': node('CFGNorm', { strength: 1, model: ['10', 0] }),
		'12': node('KSampler', {
			seed: 1,
			steps: 4,
			cfg: 1,
			sampler_name: 'euler',
			scheduler: 'simple',
			denoise: 1,
			model: ['11', 0],
			positive: ['6', 0],
			negative: ['7', 0],
			latent_image: ['8', 0],
		}),
		'13': node('VAEDecode', { samples: ['12', 0], vae: ['3', 0] }),
		'14': node('SaveImage', { filename_prefix: 'edit', images: ['13', 0] }),
	};
}
