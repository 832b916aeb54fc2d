/**
 * Diffusion models whose keys are named as the diffusers library names them. ComfyUI converts most of these on loading;
 * here they are recognised, so that they are not taken for something unknown.
 *
 * Source: ComfyUI 0.8.0 `comfy/model_detection.py` (unet_config_from_diffusers_unet, convert_diffusers_mmdit).
 */
import type { KeyView } from '../keys';
import type { FamilyMatch } from '../types';
import { flux2 } from './flux2';
import { editionByInput } from './unets';

function match(
	family: string,
	comfyClass: string,
	memoryFactor: number,
	latentChannels: number,
	evidence: string,
	variant: string[] = [],
): FamilyMatch {
	return {
		family,
		comfyClass,
		memoryFactor,
		latentChannels,
		downscale: 8,
		variant,
		evidence: [evidence],
	};
}

export function detectDiffusers(keys: KeyView): FamilyMatch | null {
	return detectTransformer(keys) ?? detectUnet(keys);
}

function detectTransformer(keys: KeyView): FamilyMatch | null {
	if (keys.has('joint_transformer_blocks.0.attn.add_k_proj.weight')) {
		return match('auraflow', 'AuraFlow', 2, 4, 'diffusers keys: joint_transformer_blocks');
	}
	if (
		keys.has('adaln_single.emb.timestep_embedder.linear_1.bias') &&
		keys.has('pos_embed.proj.bias')
	) {
		return match('pixart', 'PixArtSigma', 0.5, 4, 'diffusers keys: adaln_single with pos_embed');
	}
	if (keys.has('double_stream_modulation_img.linear.weight')) {
		return flux2(keys.axis('x_embedder.weight', 0), 'diffusers keys: double_stream_modulation_img');
	}
	if (keys.has('single_transformer_blocks.0.attn.norm_k.weight') && keys.has('x_embedder.weight')) {
		if (keys.has('distilled_guidance_layer.norms.0.weight')) {
			return match('chroma', 'Chroma', 3.2, 16, 'diffusers keys: distilled_guidance_layer');
		}
		const guided = keys.has('time_text_embed.guidance_embedder.linear_1.weight');
		const comfyClass = guided ? 'Flux' : 'FluxSchnell';
		const evidence = 'diffusers keys: single_transformer_blocks';
		const fill = keys.axis('x_embedder.weight', 1) === 384;
		if (fill && guided) return match('flux', 'FluxInpaint', 3.1, 16, evidence, ['fill', 'inpaint']);
		return match('flux', comfyClass, 3.1, 16, evidence, [guided ? 'dev' : 'schnell']);
	}
	if (
		keys.has('transformer_blocks.0.attn.add_q_proj.weight') &&
		keys.has('pos_embed.proj.weight')
	) {
		return match('sd3', 'SD3', 1.6, 16, 'diffusers keys: add_q_proj with pos_embed');
	}
	return null;
}

/** By the width of the first cross attention and of the extra vector. */
function detectUnet(keys: KeyView): FamilyMatch | null {
	if (!keys.has('conv_in.weight') || !keys.has('down_blocks.0.resnets.0.conv1.weight')) return null;
	const context =
		keys.axis('down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight', 1) ??
		keys.axis('down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight', 1);
	const vector = keys.axis('add_embedding.linear_1.weight', 1);
	const edition = editionByInput(keys.axis('conv_in.weight', 1));
	const evidence = `diffusers UNet keys with context ${context ?? 'unknown'}`;
	if (context === 768) return match('sd15', 'SD15', 1, 4, evidence, edition);
	if (context === 1024) return match('sd2', 'SD20', 1, 4, evidence, edition);
	if (context === 1280 && vector === 2560) {
		return match('sdxl-refiner', 'SDXLRefiner', 1, 4, evidence, ['refiner']);
	}
	if (context === 2048 && vector === 2816) return match('sdxl', 'SDXL', 0.8, 4, evidence, edition);
	return null;
}
