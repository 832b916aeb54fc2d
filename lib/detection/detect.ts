/**
 * Decides what a model file is from its header: part, family, member, dtypes, sizes. Pure. Unknown stays unknown.
 *
 * The order of the questions is: adapter, diffusion model (with or without encoder and VAE around it), text encoder,
 * VAE, image encoder.
 */
import { diffusionPrefixes, KeyView } from './keys';
import { detectAdapter, metadataFamily } from './rules/adapters';
import { detectDiffusers } from './rules/diffusers';
import {
	type ComponentMatch,
	detectClipVision,
	detectTextEncoder,
	detectVae,
	ENCODER_PREFIXES,
} from './rules/encoders';
import { detectTransformer } from './rules/transformers';
import { detectUnet } from './rules/unets';
import { countParameters, storedWeights } from './stored';
import type {
	Detection,
	FamilyMatch,
	ModelHeader,
	ModelPart,
	PartBytes,
	TensorInfo,
} from './types';
import { nameVariants } from './variants';

const VAE_PREFIXES = ['first_stage_model.', 'vae.'] as const;
const TEXT_ENCODER_PREFIXES = [
	'cond_stage_model.',
	'conditioner.',
	'text_encoders.',
	'text_encoder.',
] as const;

/**
 * @param header the container's table
 * @param fileName base name, used only for editions that no key tells; may be empty
 */
export function detectModel(header: ModelHeader, fileName = ''): Detection {
	return withNames(detectTable(header), header, fileName);
}

/** The part that depends on the tensor table alone, so that files with the same table can share it. */
export function detectTable(header: ModelHeader): Detection {
	const adapter = detectAdapter(header.tensors);
	if (adapter) {
		return describe(header, adapter.part, { family: adapter.family, evidence: [adapter.evidence] });
	}
	return diffusion(header) ?? component(header) ?? unknown(header);
}

/** Adds what only metadata or the file name tell: editions, and the family of a LoRA whose shapes do not. */
export function withNames(detection: Detection, header: ModelHeader, fileName: string): Detection {
	if (!['checkpoint', 'diffusion_model', 'lora'].includes(detection.part)) return detection;
	const described =
		detection.part === 'lora' && detection.family === 'unknown'
			? metadataFamily(header.metadata)
			: null;
	const family = described ?? detection.family;
	const named = nameVariants(family, detection.variant, header.metadata, fileName);
	if (named.length === 0 && described === null) return detection;
	return {
		...detection,
		family,
		variant: [...detection.variant, ...named.map((name) => name.variant)],
		evidence: [
			...detection.evidence,
			...(described ? [`${described}: its own metadata`] : []),
			...named.map((name) => name.evidence),
		],
	};
}

interface Found {
	match: FamilyMatch;
	prefix: string;
	layout: Detection['layout'];
}

function findDiffusion(header: ModelHeader): Found | null {
	for (const prefix of diffusionPrefixes(header.tensors)) {
		const keys = new KeyView(header.tensors, prefix);
		const match = detectTransformer(keys) ?? detectUnet(keys);
		if (match) return { match, prefix, layout: 'comfyui' };
		const converted = detectDiffusers(keys);
		if (converted) return { match: converted, prefix, layout: 'diffusers' };
	}
	return null;
}

function diffusion(header: ModelHeader): Detection | null {
	const found = findDiffusion(header);
	if (!found) return null;
	const { bytes, entries } = split(header, found.prefix);
	const part: ModelPart = bytes.textEncoder > 0 || bytes.vae > 0 ? 'checkpoint' : 'diffusion_model';
	const { match } = found;
	return {
		...describe(header, part, { ...match, component: null }, entries),
		bytes,
		layout: found.layout,
		comfyClass: match.comfyClass,
		memoryFactor: match.memoryFactor,
		latentChannels: match.latentChannels,
		downscale: match.downscale,
	};
}

function component(header: ModelHeader): Detection | null {
	const kinds: ReadonlyArray<
		[ModelPart, keyof PartBytes, (keys: KeyView) => ComponentMatch | null, readonly string[]]
	> = [
		['text_encoder', 'textEncoder', detectTextEncoder, ENCODER_PREFIXES],
		['vae', 'vae', detectVae, ['', ...VAE_PREFIXES]],
		['clip_vision', 'other', detectClipVision, ['']],
	];
	for (const [part, owner, detect, prefixes] of kinds) {
		for (const prefix of prefixes) {
			const found = detect(new KeyView(header.tensors, prefix));
			if (!found) continue;
			const known = { family: 'unknown', component: found.component, evidence: [found.evidence] };
			const detection = describe(header, part, known);
			return { ...detection, bytes: { ...NO_BYTES, [owner]: totalBytes(header) } };
		}
	}
	return ggufEncoder(header);
}

/** Language models converted by llama.cpp have its own key names; the container says what they are. */
function ggufEncoder(header: ModelHeader): Detection | null {
	const architecture = header.metadata['general.architecture'];
	if (header.container !== 'gguf' || !header.tensors.has('token_embd.weight') || !architecture)
		return null;
	const known = {
		family: 'unknown',
		component: architecture,
		evidence: [`GGUF architecture ${architecture.slice(0, 40)}`],
	};
	const detection = describe(header, 'text_encoder', known);
	return { ...detection, bytes: { ...NO_BYTES, textEncoder: totalBytes(header) } };
}

function unknown(header: ModelHeader): Detection {
	const count = header.tensors.size;
	return describe(header, 'unknown', {
		family: 'unknown',
		evidence: [`no rule matches its ${count} tensor${count === 1 ? '' : 's'}`],
	});
}

interface Known {
	family: string;
	evidence: string[];
	variant?: string[];
	component?: string | null;
}

const NO_BYTES: PartBytes = { diffusion: 0, textEncoder: 0, vae: 0, other: 0 };

function describe(
	header: ModelHeader,
	part: ModelPart,
	known: Known,
	entries: Iterable<readonly [string, TensorInfo]> = header.tensors,
): Detection {
	return {
		part,
		family: known.family,
		comfyClass: null,
		component: known.component ?? null,
		variant: known.variant ?? [],
		memoryFactor: null,
		latentChannels: null,
		downscale: null,
		parameters: countParameters(header, entries),
		stored: storedWeights(header, entries),
		bytes: { ...NO_BYTES, other: totalBytes(header) },
		layout: 'comfyui',
		evidence: known.evidence,
	};
}

function totalBytes(header: ModelHeader): number {
	let total = 0;
	for (const tensor of header.tensors.values()) total += tensor.bytes;
	return total;
}

/** Sizes by owner, and the tensors that are the diffusion model's. */
function split(header: ModelHeader, prefix: string) {
	const bytes = { ...NO_BYTES };
	const entries: Array<readonly [string, TensorInfo]> = [];
	for (const entry of header.tensors) {
		const owner = belongsTo(entry[0], prefix);
		bytes[owner] += entry[1].bytes;
		if (owner === 'diffusion') entries.push(entry);
	}
	return { bytes, entries };
}

function belongsTo(key: string, prefix: string): keyof PartBytes {
	for (const start of VAE_PREFIXES) if (key.startsWith(start)) return 'vae';
	for (const start of TEXT_ENCODER_PREFIXES) if (key.startsWith(start)) return 'textEncoder';
	return key.startsWith(prefix) ? 'diffusion' : 'other';
}
