/** Files that change a model instead of being one: LoRAs, ControlNets, embeddings. Decides the family where shapes tell. */
import type { ModelHeader } from '../types';

type Tensors = ModelHeader['tensors'];

export interface AdapterMatch {
	part: 'lora' | 'controlnet' | 'embedding';
	/** Of the model it belongs to; `unknown` where neither shapes nor metadata tell. */
	family: string;
	evidence: string;
}

const LORA_KEY =
	/(\.(lora_up|lora_down|lora_mid|lora_A|lora_B|lora_linear_layer\.(up|down)|hada_w[12]_[ab]|lokr_w[12](_[ab])?|lora_magnitude_vector|oft_blocks|dora_scale|alpha|diff|diff_b)|[._]lora\.(up|down))(\.default)?(\.weight)?$/;
/** The matrix whose second axis is the width of what the layer takes in. */
const LORA_DOWN =
	/(\.(lora_down|lora_A|lora_linear_layer\.down|hada_w1_b)|[._]lora\.down)(\.default)?(\.weight)?$/;

const CONTROL_KEYS = [
	'controlnet_cond_embedding.conv_in.weight',
	'controlnet_x_embedder.weight',
	'controlnet_blocks.0.weight',
	'control_model.input_hint_block.0.weight',
	'control_model.zero_convs.0.0.weight',
	'zero_convs.0.0.weight',
	'input_hint_block.0.weight',
	'lora_controlnet',
	'control_img_in.weight',
	'adapter.body.0.resnets.0.block1.weight',
	'body.0.block1.weight',
	'control_layers.0.adaLN_modulation.0.weight',
] as const;

export function detectAdapter(tensors: Tensors): AdapterMatch | null {
	return detectLora(tensors) ?? detectControl(tensors) ?? detectEmbedding(tensors);
}

/** Enough to tell; a LoRA's keys are pairs throughout, and models have thousands of keys. */
const SAMPLED_KEYS = 200;

/** A LoRA when most of the first keys are pairs of low rank, so that a model with a stray key is not taken for one. */
function detectLora(tensors: Tensors): AdapterMatch | null {
	let seen = 0;
	let loraKeys = 0;
	for (const key of tensors.keys()) {
		if (seen === SAMPLED_KEYS) break;
		seen += 1;
		if (LORA_KEY.test(key)) loraKeys += 1;
	}
	if (loraKeys === 0 || loraKeys * 2 < seen) return null;
	const byShape = loraFamily(tensors);
	if (byShape) return { part: 'lora', family: byShape.family, evidence: byShape.evidence };
	return { part: 'lora', family: 'unknown', evidence: 'low-rank pairs' };
}

/** Names as trainers write them differ in separators only: dots become underscores. */
interface LoraRule {
	pattern: RegExp;
	family: (inputWidth: number) => string | null;
}

const always = (family: string) => () => family;

/** Context width of a UNet's cross attention. */
const UNET_BY_CONTEXT: Readonly<Record<number, string>> = {
	768: 'sd15',
	1024: 'sd2',
	1280: 'sdxl-refiner',
	2048: 'sdxl',
};

/** Checked against each low-rank input matrix; first match wins. */
const LORA_RULES: readonly LoraRule[] = [
	{
		pattern: /(input_blocks|down_blocks|up_blocks|output_blocks).*attn2_(processor_)?to_k/,
		family: (width) => UNET_BY_CONTEXT[width] ?? null,
	},
	{
		pattern: /double_stream_modulation_img|single_transformer_blocks_\d+_attn_to_qkv_mlp_proj/,
		family: always('flux2'),
	},
	{ pattern: /distilled_guidance_layer/, family: always('chroma') },
	{ pattern: /joint_blocks/, family: always('sd3') },
	{ pattern: /transformer_blocks_\d+_(img_mlp|img_mod|txt_mod)/, family: always('qwen-image') },
	{
		pattern: /(^|_)(?<!single_|joint_)transformer_blocks_\d+_attn_to_[qkv]/,
		family: (width) => (width === 1536 || width === 2432 ? 'sd3' : null),
	},
	// FLUX.1 has 19 double and 38 single blocks; HunyuanVideo, with the same names and width, 20 and 40
	{
		pattern: /double_blocks_(19|[2-9]\d)_|single_(transformer_)?blocks_(3[89]|[4-9]\d)_/,
		family: (width) => (width === 3072 || width === 15360 ? 'hunyuan-video' : null),
	},
	// the smallest FLUX.2 has FLUX.1's width, but three times it in between instead of four times
	{
		pattern: /single_blocks_\d+_linear2/,
		family: (width) => (width === 12288 ? 'flux2' : null),
	},
	{
		pattern: /double_blocks_\d+_(img|txt)_mlp_2/,
		family: (width) => (width === 9216 ? 'flux2' : null),
	},
	{ pattern: /single_(transformer_)?blocks/, family: fluxLike },
	{ pattern: /double_blocks/, family: fluxLike },
	{
		pattern: /(^|_)layers_\d+_(attention|feed_forward)/,
		family: (width) => (width === 3840 ? 'z-image' : width === 2304 ? 'lumina2' : null),
	},
	{
		pattern: /(^|_)blocks_\d+_(cross_attn|self_attn)_(q|k|v|o)/,
		family: (width) => ([1536, 3072, 5120].includes(width) ? 'wan' : null),
	},
	{ pattern: /(double|single)_stream_blocks/, family: always('hidream') },
];

/** Asked after all that is decisive: the width 3072 is FLUX.1's, wider blocks are FLUX.2's. Both have layers that take 12288. */
function fluxLike(width: number): string | null {
	if (width === 6144 || width === 4096 || width === 18432) return 'flux2';
	return width === 3072 || width === 15360 ? 'flux' : null;
}

function loraFamily(tensors: Tensors): { family: string; evidence: string } | null {
	const inputs = [...tensors].flatMap(([key, tensor]) =>
		LORA_DOWN.test(key) ? [{ name: key.replaceAll('.', '_'), width: tensor.shape[1] ?? 0 }] : [],
	);
	for (const rule of LORA_RULES) {
		for (const { name, width } of inputs) {
			if (!rule.pattern.test(name)) continue;
			const family = rule.family(width);
			if (family)
				return { family, evidence: `low-rank pairs on ${rule.pattern.source} of width ${width}` };
		}
	}
	return null;
}

/** Architecture names of the modelspec standard and of the common trainers. First match wins. */
const METADATA_FAMILIES: ReadonlyArray<readonly [RegExp, string]> = [
	[/qwen-?image/, 'qwen-image'],
	[/z-?image/, 'z-image'],
	[/flux-?\.?2|flux2/, 'flux2'],
	[/chroma/, 'chroma'],
	[/hunyuan-?image/, 'hunyuan-image'],
	[/hunyuan-?video/, 'hunyuan-video'],
	[/hunyuan-?dit/, 'hunyuandit'],
	// these before the names of which they contain a part ("pixart-sigma-xl")
	[/pixart/, 'pixart'],
	[/aura-?flow/, 'auraflow'],
	[/cascade/, 'cascade'],
	[/kandinsky-?5/, 'kandinsky5'],
	[/omnigen-?2/, 'omnigen2'],
	[/flux/, 'flux'],
	[/refiner/, 'sdxl-refiner'],
	[/xl|sdxl/, 'sdxl'],
	[/stable-diffusion-3|sd3/, 'sd3'],
	[/stable-diffusion-v2|sd_v2|sd2/, 'sd2'],
	[/stable-diffusion-v1|sd_v1|sd1/, 'sd15'],
	[/(^|[^a-z])wan/, 'wan'],
	[/hidream/, 'hidream'],
	[/lumina/, 'lumina2'],
	[/ltx/, 'ltxv'],
	[/cosmos/, 'cosmos'],
	[/mochi/, 'mochi'],
];

/** The family that a file's own description names; null where it says nothing known. */
export function metadataFamily(metadata: ModelHeader['metadata']): string | null {
	const text = ['modelspec.architecture', 'ss_base_model_version', 'general.architecture']
		.map((key) => metadata[key] ?? '')
		.join(' ')
		.toLowerCase();
	if (text.trim() === '') return null;
	return METADATA_FAMILIES.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

function detectControl(tensors: Tensors): AdapterMatch | null {
	const key = CONTROL_KEYS.find((candidate) => tensors.has(candidate));
	if (!key) return null;
	const context =
		tensors.get('down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight') ??
		tensors.get('control_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight') ??
		tensors.get('input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight');
	const flux =
		tensors.get('controlnet_x_embedder.weight') && tensors.has('context_embedder.weight');
	const family = flux ? 'flux' : (UNET_BY_CONTEXT[context?.shape[1] ?? 0] ?? 'unknown');
	return { part: 'controlnet', family, evidence: key };
}

/** Textual inversions: a few vectors under known names. */
function detectEmbedding(tensors: Tensors): AdapterMatch | null {
	if (tensors.size > 4) return null;
	const width = tensors.get('emb_params')?.shape.at(-1);
	if (width !== undefined) {
		return {
			part: 'embedding',
			family: UNET_BY_CONTEXT[width] ?? 'unknown',
			evidence: 'emb_params',
		};
	}
	if (tensors.has('clip_g') && tensors.has('clip_l')) {
		return { part: 'embedding', family: 'sdxl', evidence: 'clip_g and clip_l vectors' };
	}
	return null;
}
