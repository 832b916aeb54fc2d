/** The loading half of a graph: model, text encoders, VAE, LoRAs and the sampling patch. */
import type { Lora, ModelFiles } from '../../catalog/schema';
import { RouterError } from '../../errors';
import { baseName } from '../file-names';
import type { Link } from '../graph';
import type { FamilyShape } from './family';
import type { GraphBuilder } from './graph-builder';

export interface LoadedModel {
	model: Link;
	clip: Link;
	vae: Link;
}

/** @throws RouterError WORKFLOW_INVALID where the catalog entry names too few files */
export function addLoaders(
	builder: GraphBuilder,
	modelName: string,
	files: ModelFiles,
	shape: FamilyShape,
): LoadedModel {
	const { checkpoint, diffusion_model, text_encoders = [], vae } = files;
	const bundle =
		checkpoint === undefined
			? null
			: builder.add('CheckpointLoaderSimple', 'Load Checkpoint', { ckpt_name: checkpoint });
	const model: Link | null =
		bundle !== null
			? [bundle, 0]
			: diffusion_model === undefined
				? null
				: addDiffusion(builder, diffusion_model);
	// a checkpoint may come without text encoders or VAE; then the entry names them
	const clip: Link | null =
		text_encoders.length > 0
			? addTextEncoders(builder, text_encoders, shape)
			: bundle === null
				? null
				: [bundle, 1];
	const decoder: Link | null =
		vae !== undefined
			? builder.link('VAELoader', 'Load VAE', { vae_name: vae })
			: bundle === null
				? null
				: [bundle, 2];
	if (model && clip && decoder) return { model, clip, vae: decoder };
	const lacking = [
		model ? '' : 'checkpoint or diffusion_model',
		clip ? '' : 'text_encoders',
		decoder ? '' : 'vae',
	];
	throw new RouterError({
		code: 'WORKFLOW_INVALID',
		message: `No workflow can be built for ${modelName}: its catalog entry names no ${lacking.filter(Boolean).join(', no ')}.`,
		hint: 'Complete the "files" of the model in the catalog, or give it a "workflow" of its own.',
	});
}

function addDiffusion(builder: GraphBuilder, file: string): Link {
	if (/\.gguf$/i.test(file)) {
		return builder.link('UnetLoaderGGUF', 'Load Diffusion Model', { unet_name: file });
	}
	const inputs = { unet_name: file, weight_dtype: 'default' };
	return builder.link('UNETLoader', 'Load Diffusion Model', inputs);
}

const MULTI_LOADERS: Record<number, string> = {
	1: 'CLIPLoader',
	2: 'DualCLIPLoader',
	3: 'TripleCLIPLoader',
	4: 'QuadrupleCLIPLoader',
};

function addTextEncoders(
	builder: GraphBuilder,
	files: readonly string[],
	shape: FamilyShape,
): Link {
	const gguf = files.some((file) => /\.gguf$/i.test(file)) ? 'GGUF' : '';
	const loader = MULTI_LOADERS[files.length];
	if (loader === undefined) {
		throw new RouterError({
			code: 'WORKFLOW_INVALID',
			message: `ComfyUI has no loader for ${files.length} text encoders.`,
			hint: 'Name one to four text_encoders in the catalog, or give the model a "workflow" of its own.',
		});
	}
	// the loaders of three and four know the type by the files
	const type = files.length <= 2 ? { type: shape.clipType } : {};
	const [first] = files;
	const names =
		files.length === 1
			? { clip_name: first }
			: Object.fromEntries(files.map((file, index) => [`clip_name${index + 1}`, file]));
	return builder.link(`${loader}${gguf}`, 'Load CLIP', { ...names, ...type });
}

/** LoRAs one after the other, then the family's sampling patch. */
export function patchModel(
	builder: GraphBuilder,
	model: Link,
	loras: readonly Lora[],
	shape: FamilyShape,
): Link {
	let patched = model;
	for (const { file, strength } of loras) {
		patched = builder.link('LoraLoaderModelOnly', `LoRA ${baseName(file)}`, {
			lora_name: file,
			strength_model: strength,
			model: patched,
		});
	}
	if (!shape.shift) return patched;
	const { node, value } = shape.shift;
	return builder.link(node, 'Shift', { shift: value, model: patched });
}
