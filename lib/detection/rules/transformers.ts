/**
 * Diffusion transformers by the keys of their tensors. Owns rules 1 to 11 and 13 to 17 of ComfyUI's detector, in its order;
 * the video family Wan has its own file.
 *
 * Source: ComfyUI 0.8.0 `comfy/model_detection.py` and `comfy/supported_models.py`.
 */
import type { KeyView } from '../keys';
import type { FamilyMatch } from '../types';
import { flux2 } from './flux2';
import { hunyuan } from './hunyuan';
import { wan } from './wan';

/** A rule answers null where its key is absent. */
type Rule = (keys: KeyView) => FamilyMatch | null;

interface Latent {
	latentChannels: number;
	downscale: number;
}

const SD_LATENT: Latent = { latentChannels: 4, downscale: 8 };
const KL16_LATENT: Latent = { latentChannels: 16, downscale: 8 };

function match(
	family: string,
	comfyClass: string,
	memoryFactor: number,
	latent: Latent,
	evidence: string,
	variant: string[] = [],
): FamilyMatch {
	return { family, comfyClass, memoryFactor, ...latent, variant, evidence: [evidence] };
}

const sd3: Rule = (keys) => {
	if (!keys.has('joint_blocks.0.context_block.attn.qkv.weight')) return null;
	const width = keys.axis('x_embedder.proj.weight', 0);
	const depth = width === null ? null : Math.floor(width / 64);
	const size = depth === 24 ? ['medium'] : depth === 38 ? ['large'] : [];
	const generation = keys.has('joint_blocks.0.x_block.attn2.qkv.weight') ? ['3.5'] : [];
	const evidence = `joint_blocks with depth ${depth ?? 'unknown'}`;
	return match('sd3', 'SD3', 1.6, KL16_LATENT, evidence, [...generation, ...size]);
};

const cascade: Rule = (keys) => {
	if (!keys.has('clf.1.weight')) return null;
	if (keys.has('clip_txt_mapper.weight')) {
		const latent = { latentChannels: 16, downscale: 42 };
		return match('cascade', 'Stable_Cascade_C', 2, latent, 'clip_txt_mapper', ['stage-c']);
	}
	if (!keys.has('clip_mapper.weight')) return null;
	const latent = { latentChannels: 4, downscale: 4 };
	return match('cascade', 'Stable_Cascade_B', 2, latent, 'clip_mapper', ['stage-b']);
};

const auraflow: Rule = (keys) =>
	keys.has('double_layers.0.attn.w1q.weight')
		? match('auraflow', 'AuraFlow', 2, SD_LATENT, 'double_layers with w1q')
		: null;

const hunyuanDit: Rule = (keys) => {
	if (!keys.has('mlp_t5.0.weight')) return null;
	const first = keys.axis('extra_embedder.0.weight', 1) === 3968;
	const comfyClass = first ? 'HunyuanDiT1' : 'HunyuanDiT';
	return match('hunyuandit', comfyClass, 1.3, SD_LATENT, 'mlp_t5', first ? ['1.0'] : []);
};

const fluxFamily: Rule = (keys) => {
	if (!keys.has('double_blocks.0.img_attn.norm.key_norm.scale')) return null;
	const distilled =
		keys.has('distilled_guidance_layer.norms.0.scale') ||
		keys.has('distilled_guidance_layer.0.norms.0.scale');
	if (!keys.has('img_in.weight') && !distilled) return null;
	if (keys.has('double_stream_modulation_img.lin.weight')) {
		return flux2(keys.axis('img_in.weight', 0), 'double_stream_modulation_img');
	}
	if (distilled) return chroma(keys);
	return flux1(keys);
};

function chroma(keys: KeyView): FamilyMatch {
	if (!keys.has('nerf_blocks.0.norm.scale')) {
		return match('chroma', 'Chroma', 3.2, KL16_LATENT, 'distilled_guidance_layer');
	}
	const pixels = { latentChannels: 3, downscale: 1 };
	return match('chroma', 'ChromaRadiance', 0.044, pixels, 'nerf_blocks', ['radiance']);
}

/** What the channels beside the image's own are for. */
const FLUX_BY_CHANNELS: Readonly<Record<number, string[]>> = {
	32: ['control'],
	96: ['fill', 'inpaint'],
};

function flux1(keys: KeyView): FamilyMatch {
	const guided = keys.has('guidance_in.in_layer.weight');
	const patches = keys.axis('img_in.weight', 1);
	const channels = patches === null ? 16 : Math.floor(patches / 4);
	const evidence = `${guided ? 'guidance_in present' : 'no guidance_in'}, ${channels} input channels`;
	if (channels === 96 && guided) {
		return match('flux', 'FluxInpaint', 3.1, KL16_LATENT, evidence, ['fill', 'inpaint']);
	}
	const comfyClass = guided ? 'Flux' : 'FluxSchnell';
	return match('flux', comfyClass, 3.1, KL16_LATENT, evidence, [
		guided ? 'dev' : 'schnell',
		...(FLUX_BY_CHANNELS[channels] ?? []),
	]);
}

const mochi: Rule = (keys) =>
	keys.has('t5_yproj.weight')
		? match('mochi', 'GenmoMochi', 2, { latentChannels: 12, downscale: 8 }, 't5_yproj', ['video'])
		: null;

const ltxv: Rule = (keys) => {
	if (!keys.has('adaln_single.emb.timestep_embedder.linear_1.bias')) return null;
	// with it, the keys are PixArt's as the diffusers library names them
	if (keys.has('pos_embed.proj.bias')) return null;
	const latent = { latentChannels: 128, downscale: 32 };
	if (keys.has('audio_adaln_single.linear.weight')) {
		return match('ltxv', 'LTXAV', 0.055, latent, 'audio_adaln_single', ['ltx2', 'video', 'audio']);
	}
	const crossDim = keys.axis('transformer_blocks.0.attn2.to_k.weight', 1) ?? 2048;
	const size = crossDim === 4096 ? ['13b'] : [];
	return match('ltxv', 'LTXV', (5.5 * crossDim) / 2048, latent, `cross attention of ${crossDim}`, [
		'video',
		...size,
	]);
};

const pixart: Rule = (keys) => {
	if (!keys.has('t_block.1.weight')) return null;
	const alpha = keys.has('ar_embedder.mlp.0.weight');
	const comfyClass = alpha ? 'PixArtAlpha' : 'PixArtSigma';
	return match('pixart', comfyClass, 0.5, SD_LATENT, 't_block', [alpha ? 'alpha' : 'sigma']);
};

const cosmos1: Rule = (keys) => {
	const key = 'blocks.block0.blocks.0.block.attn.to_q.0.weight';
	if (!keys.has(key)) return null;
	const width = keys.axis(key, 0);
	const size = width === 4096 ? ['7b'] : width === 5120 ? ['14b'] : [];
	// the patch embedding takes (channels + padding mask) x 4; an image-to-video model has one channel more
	const image = keys.axis('x_embedder.proj.1.weight', 1) === 72;
	const comfyClass = image ? 'CosmosI2V' : 'CosmosT2V';
	const kind = image ? 'i2v' : 't2v';
	return match('cosmos', comfyClass, 1.6, KL16_LATENT, `width ${width ?? 'unknown'}`, [
		'video',
		kind,
		...size,
	]);
};

const lumina2: Rule = (keys) => {
	const width = keys.axis('cap_embedder.1.weight', 0);
	if (width === 3840)
		return match('z-image', 'ZImage', 2, KL16_LATENT, 'cap_embedder of width 3840');
	return width === 2304
		? match('lumina2', 'Lumina2', 1.4, KL16_LATENT, 'cap_embedder of width 2304')
		: null;
};

const hidream: Rule = (keys) =>
	keys.has('caption_projection.0.linear.weight')
		? match('hidream', 'HiDream', 2, KL16_LATENT, 'caption_projection')
		: null;

const cosmosPredict2: Rule = (keys) => {
	if (!keys.has('blocks.0.mlp.layer1.weight')) return null;
	const width = keys.axis('x_embedder.proj.1.weight', 0) ?? 2048;
	const image = keys.axis('x_embedder.proj.1.weight', 1) === 72;
	const comfyClass = image ? 'CosmosI2VPredict2' : 'CosmosT2IPredict2';
	const size = width === 2048 ? ['2b'] : width === 5120 ? ['14b'] : [];
	const variant = ['predict2', image ? 'i2v' : 't2i', ...size];
	return match('cosmos', comfyClass, (0.95 * width) / 2048, KL16_LATENT, `width ${width}`, variant);
};

const omnigen2: Rule = (keys) =>
	keys.has('time_caption_embed.timestep_embedder.linear_1.bias')
		? match('omnigen2', 'Omnigen2', 1.95, KL16_LATENT, 'time_caption_embed', ['edit'])
		: null;

/** Edit-2509 and the base have the same keys; the file name decides there (see variants). */
const qwenImage: Rule = (keys) => {
	if (!keys.has('txt_norm.weight')) return null;
	const variant: string[] = [];
	if (keys.has('__index_timestep_zero__')) variant.push('edit', '2511');
	if (keys.has('time_text_embed.addition_t_embedding.weight')) variant.push('layered');
	return match('qwen-image', 'QwenImage', 1.8, KL16_LATENT, 'txt_norm', variant);
};

const kandinsky5: Rule = (keys) => {
	if (!keys.has('visual_transformer_blocks.0.cross_attention.key_norm.weight')) return null;
	const image = keys.axis('visual_embeddings.in_layer.weight', 1) === 64;
	const comfyClass = image ? 'Kandinsky5Image' : 'Kandinsky5';
	const evidence = 'visual_transformer_blocks';
	return match('kandinsky5', comfyClass, 1.25, KL16_LATENT, evidence, [image ? 'image' : 'video']);
};

/** In ComfyUI's order; the first that answers wins. */
const RULES: readonly Rule[] = [
	sd3,
	cascade,
	auraflow,
	hunyuanDit,
	hunyuan,
	fluxFamily,
	mochi,
	ltxv,
	pixart,
	cosmos1,
	lumina2,
	wan,
	hidream,
	cosmosPredict2,
	omnigen2,
	qwenImage,
	kandinsky5,
];

export function detectTransformer(keys: KeyView): FamilyMatch | null {
	for (const rule of RULES) {
		const found = rule(keys);
		if (found) return found;
	}
	return null;
}
