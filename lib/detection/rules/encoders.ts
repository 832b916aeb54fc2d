/** Text encoders, image encoders and VAEs by their keys. Source: ComfyUI 0.8.0 `comfy/sd.py` (detect_te_model, VAE). */
import type { KeyView } from '../keys';

export interface ComponentMatch {
	/** `clip-l`, `t5-xxl`, `qwen3-4b`, `vae-16ch`, ... */
	component: string;
	evidence: string;
}

/** Keys that alone name the encoder, in ComfyUI's order. */
const ENCODER_KEYS: ReadonlyArray<readonly [key: string, component: string]> = [
	['text_model.encoder.layers.30.mlp.fc1.weight', 'clip-g'],
	['text_model.encoder.layers.22.mlp.fc1.weight', 'clip-h'],
	['text_model.encoder.layers.0.mlp.fc1.weight', 'clip-l'],
	['transformer.resblocks.30.mlp.c_fc.weight', 'clip-g'],
	['transformer.resblocks.22.mlp.c_fc.weight', 'clip-h'],
	['transformer.resblocks.0.mlp.c_fc.weight', 'clip-l'],
];

/** Wrappers that files put around an encoder's own keys. */
export const ENCODER_PREFIXES = ['', 'transformer.', 'cond_stage_model.', 'text_encoder.'] as const;

export function detectTextEncoder(keys: KeyView): ComponentMatch | null {
	const named = ENCODER_KEYS.find(([key]) => keys.has(key));
	if (named) return { component: named[1], evidence: named[0] };
	return t5(keys) ?? decoderOnly(keys);
}

function t5(keys: KeyView): ComponentMatch | null {
	const gated = keys.axis('encoder.block.23.layer.1.DenseReluDense.wi_1.weight', -1);
	if (gated !== null) {
		// the multilingual edition has a vocabulary of 256384
		const multilingual = (keys.axis('shared.weight', 0) ?? 0) > 200_000;
		const size = gated === 4096 ? 'xxl' : gated === 2048 ? 'xl' : String(gated);
		return {
			component: `${multilingual ? 'umt5' : 't5'}-${size}`,
			evidence: `T5 blocks of width ${gated}`,
		};
	}
	if (keys.has('encoder.block.23.layer.1.DenseReluDense.wi.weight')) {
		return { component: 't5-xxl', evidence: 'T5 blocks without gates' };
	}
	const inner = keys.axis('encoder.block.0.layer.0.SelfAttention.k.weight', 0);
	if (inner === null) return null;
	return {
		component: inner === 384 ? 'byt5-small' : 't5-base',
		evidence: `T5 attention of ${inner}`,
	};
}

/** Language models used as text encoders. */
function decoderOnly(keys: KeyView): ComponentMatch | null {
	if (!keys.has('model.layers.0.post_attention_layernorm.weight')) return null;
	const width = keys.axis('model.layers.0.post_attention_layernorm.weight', 0);
	const evidence = `language model of width ${width ?? 'unknown'}`;
	const bias = keys.axis('model.layers.0.self_attn.k_proj.bias', 0);
	if (keys.has('model.layers.0.post_feedforward_layernorm.weight')) {
		const component = keys.has('model.layers.0.self_attn.q_norm.weight') ? 'gemma3' : 'gemma2';
		return { component: `${component}-${GEMMA_SIZES[width ?? 0] ?? 'unknown'}`, evidence };
	}
	if (bias === 512) return { component: 'qwen2.5-7b', evidence: `${evidence}, key bias of 512` };
	if (bias === 256) return { component: 'qwen2.5-3b', evidence: `${evidence}, key bias of 256` };
	if (keys.has('model.layers.0.self_attn.q_norm.weight')) {
		const size = QWEN3_SIZES[width ?? 0];
		if (size) return { component: `qwen3-${size}`, evidence };
	}
	if (width === 5120) return { component: 'mistral-24b', evidence };
	return { component: 'llama3-8b', evidence };
}

const GEMMA_SIZES: Readonly<Record<number, string>> = { 2304: '2b', 2560: '4b', 3840: '12b' };
const QWEN3_SIZES: Readonly<Record<number, string>> = {
	1024: '0.6b',
	2048: '2b',
	2560: '4b',
	4096: '8b',
};

export function detectVae(keys: KeyView): ComponentMatch | null {
	if (keys.has('decoder.middle.0.residual.0.gamma')) {
		const wide = keys.axis('decoder.conv1.weight', 1) === 48;
		const component = wide ? 'vae-wan2.2' : 'vae-wan';
		return { component, evidence: 'decoder.middle.0.residual.0.gamma' };
	}
	const channels =
		keys.axis('decoder.conv_in.weight', 1) ?? keys.axis('decoder.conv_in.conv.weight', 1);
	if (channels !== null && keys.hasBelow('decoder.')) {
		const video =
			keys.rank('decoder.conv_in.weight') === 5 || keys.has('decoder.conv_in.conv.weight');
		const flux2 = channels === 32 && keys.has('bn.running_mean');
		const component = flux2
			? 'vae-flux2'
			: channels === 64
				? 'vae-hunyuan-image'
				: `vae-${channels}ch`;
		return {
			component: video ? `${component}-video` : component,
			evidence: `VAE of ${channels} channels`,
		};
	}
	// the tiny approximate decoder
	if (keys.has('taesd_decoder.1.weight') || keys.has('decoder.1.weight')) {
		return { component: 'vae-tiny', evidence: 'tiny decoder' };
	}
	return null;
}

/** Image encoders as ComfyUI's CLIPVisionLoader takes them. */
export function detectClipVision(keys: KeyView): ComponentMatch | null {
	if (
		keys.has('vision_model.encoder.layers.0.layer_norm1.weight') &&
		!keys.hasBelow('text_model.')
	) {
		return { component: 'clip-vision', evidence: 'vision_model.encoder' };
	}
	if (
		keys.has('visual.transformer.resblocks.0.attn.in_proj_weight') &&
		!keys.hasBelow('transformer.')
	) {
		return { component: 'clip-vision', evidence: 'visual.transformer' };
	}
	return null;
}
