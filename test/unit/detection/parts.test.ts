import { describe, expect, it } from 'vitest';

import { detectModel } from '../../../lib/detection';
import { headerOf, type ShortTable } from '../../support/headers';

const flux: ShortTable = {
	'double_blocks.0.img_attn.norm.key_norm.scale': ['BF16', [128]],
	'img_in.weight': ['BF16', [3072, 64]],
};
const te = (key: string, shape: number[], more: ShortTable = {}): ShortTable => ({
	[key]: ['F16', shape],
	...more,
});
const norm = 'model.layers.0.post_attention_layernorm.weight';

describe('families by their keys', () => {
	const cases: Array<[string, ShortTable, string, number, string[]]> = [
		['FLUX.1 schnell', flux, 'FluxSchnell', 3.1, ['schnell']],
		[
			'FLUX.2 dev',
			{
				...flux,
				'img_in.weight': ['BF16', [6144, 128]],
				'double_stream_modulation_img.lin.weight': ['BF16', [1, 1]],
			},
			'Flux2',
			29.264,
			['dev'],
		],
		[
			'FLUX.2 klein 4B',
			{ ...flux, 'double_stream_modulation_img.lin.weight': ['BF16', [1, 1]] },
			'Flux2',
			29.264,
			['klein', '4b'],
		],
		[
			'Chroma Radiance',
			{
				...flux,
				'distilled_guidance_layer.0.norms.0.scale': ['BF16', [1]],
				'nerf_blocks.0.norm.scale': ['BF16', [1]],
			},
			'ChromaRadiance',
			0.044,
			['radiance'],
		],
		['Z-Image', te('cap_embedder.1.weight', [3840, 2560]), 'ZImage', 2, []],
		['HiDream', te('caption_projection.0.linear.weight', [1, 1]), 'HiDream', 2, []],
		['AuraFlow', te('double_layers.0.attn.w1q.weight', [1, 1]), 'AuraFlow', 2, []],
		['HunyuanDiT', te('mlp_t5.0.weight', [1, 1]), 'HunyuanDiT', 1.3, []],
		[
			'HunyuanImage 2.1',
			te('txt_in.individual_token_refiner.blocks.0.norm1.weight', [1]),
			'HunyuanImage21',
			8.7,
			['2.1'],
		],
		[
			'SD 3.5 medium',
			te('joint_blocks.0.context_block.attn.qkv.weight', [1, 1], {
				'x_embedder.proj.weight': ['F16', [1536, 16, 2, 2]],
				'joint_blocks.0.x_block.attn2.qkv.weight': ['F16', [1, 1]],
			}),
			'SD3',
			1.6,
			['3.5', 'medium'],
		],
		[
			'Wan VACE',
			te('head.modulation', [1, 2, 5120], { 'vace_patch_embedding.weight': ['F16', [1]] }),
			'WAN21_Vace',
			(1.2 * 5120) / 2222,
			['video', 'vace', '14b'],
		],
		[
			'Cosmos Predict2 2B',
			te('blocks.0.mlp.layer1.weight', [1, 1], { 'x_embedder.proj.1.weight': ['F16', [2048, 68]] }),
			'CosmosT2IPredict2',
			0.95,
			['predict2', 't2i', '2b'],
		],
		[
			'LTX 2',
			te('adaln_single.emb.timestep_embedder.linear_1.bias', [1], {
				'audio_adaln_single.linear.weight': ['F16', [1]],
			}),
			'LTXAV',
			0.055,
			['ltx2', 'video', 'audio'],
		],
		[
			'Qwen-Image-Edit 2511',
			te('txt_norm.weight', [3584], { __index_timestep_zero__: ['F16', [1]] }),
			'QwenImage',
			1.8,
			['edit', '2511'],
		],
		[
			'Kandinsky 5 image',
			te('visual_transformer_blocks.0.cross_attention.key_norm.weight', [1], {
				'visual_embeddings.in_layer.weight': ['F16', [2560, 64]],
			}),
			'Kandinsky5Image',
			1.25,
			['image'],
		],
	];
	it.each(cases)('%s', (_name, table, comfyClass, factor, variant) => {
		const found = detectModel(headerOf(table));
		expect(found).toMatchObject({ comfyClass, variant });
		expect(found.memoryFactor).toBeCloseTo(factor, 4);
	});
});

describe('editions that must not be taken for the base model', () => {
	const unet = (inputs: number): ShortTable => ({
		'conv_in.weight': ['F16', [320, inputs, 3, 3]],
		'down_blocks.0.resnets.0.conv1.weight': ['F16', [320, 320, 3, 3]],
		'down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight': ['F16', [320, 768]],
	});
	const diffusers: ShortTable = {
		'single_transformer_blocks.0.attn.norm_k.weight': ['BF16', [128]],
		'x_embedder.weight': ['BF16', [6144, 128]],
	};
	it.each<[string, ShortTable, string, string[]]>([
		['9 input channels', unet(9), 'sd15', ['inpaint']],
		['8 input channels', unet(8), 'sd15', ['instruct-pix2pix', 'edit']],
		['5 input channels', unet(5), 'sd15', ['depth']],
		['the base model', unet(4), 'sd15', []],
		[
			'FLUX.1 fill without guidance',
			{ ...flux, 'img_in.weight': ['BF16', [3072, 384]] },
			'flux',
			['schnell', 'fill', 'inpaint'],
		],
		[
			'FLUX.2 as diffusers names it',
			{ ...diffusers, 'double_stream_modulation_img.linear.weight': ['BF16', [1, 1]] },
			'flux2',
			['dev'],
		],
		[
			'Chroma as diffusers names it',
			{ ...diffusers, 'distilled_guidance_layer.norms.0.weight': ['BF16', [1]] },
			'chroma',
			[],
		],
		['a Lumina of unknown width', te('cap_embedder.1.weight', [4096, 2560]), 'unknown', []],
	])('%s', (_name, table, family, variant) => {
		expect(detectModel(headerOf(table))).toMatchObject({ family, variant });
	});
});

describe('text encoders and VAEs', () => {
	it.each<[string, ShortTable]>([
		['clip-g', te('text_model.encoder.layers.30.mlp.fc1.weight', [5120, 1280])],
		['clip-l', te('text_model.encoder.layers.0.mlp.fc1.weight', [3072, 768])],
		['t5-xxl', te('encoder.block.23.layer.1.DenseReluDense.wi_1.weight', [10240, 4096])],
		[
			'umt5-xxl',
			te('encoder.block.23.layer.1.DenseReluDense.wi_1.weight', [10240, 4096], {
				'shared.weight': ['F16', [256384, 4096]],
			}),
		],
		['qwen2.5-7b', te(norm, [3584], { 'model.layers.0.self_attn.k_proj.bias': ['F16', [512]] })],
		['qwen2.5-3b', te(norm, [2048], { 'model.layers.0.self_attn.k_proj.bias': ['F16', [256]] })],
		['qwen3-4b', te(norm, [2560], { 'model.layers.0.self_attn.q_norm.weight': ['F16', [128]] })],
		['mistral-24b', te(norm, [5120])],
		[
			'gemma2-2b',
			te(norm, [2304], { 'model.layers.0.post_feedforward_layernorm.weight': ['F16', [2304]] }),
		],
		['llama3-8b', te(norm, [4096])],
		['vae-4ch', te('decoder.conv_in.weight', [512, 4, 3, 3])],
		['vae-16ch', te('first_stage_model.decoder.conv_in.weight', [512, 16, 3, 3])],
		[
			'vae-flux2',
			te('decoder.conv_in.weight', [512, 32, 3, 3], { 'bn.running_mean': ['F32', [128]] }),
		],
		['vae-hunyuan-image', te('decoder.conv_in.weight', [512, 64, 3, 3])],
		['vae-wan', te('decoder.middle.0.residual.0.gamma', [384, 1, 1, 1])],
	])('%s', (component, table) => {
		expect(detectModel(headerOf(table)).component).toBe(component);
	});
});

describe('adapters', () => {
	it.each<[string, string, number[]]>([
		['sd15', 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k', [8, 768]],
		['sdxl', 'lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k', [8, 2048]],
		['flux', 'lora_unet_double_blocks_0_img_attn_qkv', [8, 3072]],
		['qwen-image', 'transformer_blocks.0.img_mlp.net.2', [8, 12288]],
		['z-image', 'diffusion_model.layers.0.attention.qkv', [8, 3840]],
		['wan', 'diffusion_model.blocks.0.cross_attn.k', [8, 5120]],
	])('a LoRA for %s', (family, key, down) => {
		const table: ShortTable = {
			[`${key}.lora_down.weight`]: ['F16', down],
			[`${key}.lora_up.weight`]: ['F16', [100, 8]],
		};
		expect(detectModel(headerOf(table))).toMatchObject({ part: 'lora', family });
	});

	const pair = (key: string, width: number, down = '.lora_A.weight', up = '.lora_B.weight') =>
		({ [key + down]: ['F16', [8, width]], [key + up]: ['F16', [100, 8]] }) satisfies ShortTable;
	it.each<[string, string, ShortTable]>([
		[
			'sd15',
			'the older names of the diffusers library',
			pair(
				'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k',
				768,
				'_lora.down.weight',
				'_lora.up.weight',
			),
		],
		[
			'unknown',
			'an encoder alone',
			pair(
				'text_encoder.text_model.encoder.layers.0.self_attn.q_proj',
				768,
				'.lora_linear_layer.down.weight',
				'.lora_linear_layer.up.weight',
			),
		],
		['sdxl', 'PEFT', pair('unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k', 2048)],
		[
			'sdxl',
			'LoHa',
			pair(
				'lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k',
				2048,
				'.hada_w1_b',
				'.hada_w1_a',
			),
		],
		['sd3', 'PEFT', pair('transformer.transformer_blocks.0.attn.to_q', 2432)],
		['flux', 'PEFT', pair('transformer.single_transformer_blocks.0.attn.to_q', 3072)],
		['hunyuan-video', 'more blocks than FLUX.1', pair('double_blocks.19.img_attn.qkv', 3072)],
		[
			'flux2',
			'the width of FLUX.1',
			{
				...pair('diffusion_model.double_blocks.0.img_attn.qkv', 3072),
				...pair('diffusion_model.double_blocks.0.img_mlp.2', 9216),
			},
		],
	])('a LoRA for %s: %s', (family, _case, table) => {
		expect(detectModel(headerOf(table))).toMatchObject({ part: 'lora', family });
	});

	it.each([
		['pixart-sigma-xl-2/lora', 'pixart'],
		['hunyuan-video/lora', 'hunyuan-video'],
		['taiwan-style', 'unknown'],
	])('does not take a part of the name %s for a family', (architecture, family) => {
		const table = pair('a', 10);
		const found = detectModel(headerOf(table, { 'modelspec.architecture': architecture }));
		expect(found.family).toBe(family);
	});

	it('a LoRA by its training metadata where shapes say nothing', () => {
		const table: ShortTable = {
			'a.lora_down.weight': ['F16', [8, 10]],
			'a.lora_up.weight': ['F16', [10, 8]],
		};
		const found = detectModel(headerOf(table, { ss_base_model_version: 'sdxl_base_v1-0' }));
		expect(found).toMatchObject({ part: 'lora', family: 'sdxl' });
	});

	it('a ControlNet', () => {
		const table: ShortTable = {
			'controlnet_cond_embedding.conv_in.weight': ['F16', [16, 3, 3, 3]],
		};
		expect(detectModel(headerOf(table)).part).toBe('controlnet');
	});
});

describe('stored weights', () => {
	it('tells scaled from plain fp8', () => {
		const plain: ShortTable = { ...flux, 'img_in.weight': ['F8_E4M3', [3072, 64]] };
		expect(detectModel(headerOf(plain)).stored.dtype).toBe('fp8_e4m3fn');
		const scaled: ShortTable = {
			...plain,
			scaled_fp8: ['F8_E4M3', [2]],
			'img_in.scale_weight': ['F32', [1]],
		};
		expect(detectModel(headerOf(scaled)).stored).toMatchObject({
			dtype: 'fp8_e4m3fn_scaled',
			scaled: true,
		});
	});

	it('counts the two weights in a byte of a 4-bit file, and no scales', () => {
		const table: ShortTable = {
			...flux,
			'img_in.weight': ['U8', [3072, 32]],
			'img_in.weight_scale': ['F8_E4M3', [3072, 4]],
			'img_in.weight_scale_2': ['F32', [1]],
		};
		const found = detectModel(headerOf(table));
		expect(found.parameters).toBe(128 + 3072 * 64);
		expect(found.stored.dtype).toBe('nvfp4');
	});
});

describe('what cannot be known stays unknown', () => {
	it.each<[string, ShortTable]>([
		['nothing', {}],
		['strange keys', { 'foo.bar': ['F32', [3, 3]] }],
		['a UNet of no known shape', { 'input_blocks.0.0.weight': ['F16', [320, 4, 3, 3]] }],
	])('%s', (_name, table) => {
		expect(detectModel(headerOf(table), 'sdxl-turbo.safetensors')).toMatchObject({
			part: 'unknown',
			family: 'unknown',
			variant: [],
		});
	});

	it('takes an edition from the file name only where no key tells, and says so', () => {
		const found = detectModel(
			headerOf(te('txt_norm.weight', [3584])),
			'qwen_image_edit_2509_fp8.safetensors',
		);
		expect(found.variant).toEqual(['edit', '2509']);
		expect(found.evidence).toContain('edit: file name');
	});
});
