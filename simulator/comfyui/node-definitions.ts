/** The node classes of the stand-in, as `/object_info` describes them, with this server's installed files put in. */
import definitionsJson from './node-definitions.json';
import type { ComfyUiVersion } from './options';

/** `[type, options]`; the type is a name, or a list of allowed values. */
export type InputSpec = [string | string[], Record<string, unknown>?];

export interface NodeDefinition {
	input: {
		required?: Record<string, InputSpec>;
		optional?: Record<string, InputSpec>;
		hidden?: Record<string, unknown>;
	};
	input_order?: Record<string, string[]>;
	output: string[];
	output_node: boolean;
	[key: string]: unknown;
}

export type NodeDefinitions = ReadonlyMap<string, NodeDefinition>;

/** Loader inputs and the model folder whose files they list. */
export const FOLDER_OF_INPUT: Readonly<Record<string, string>> = {
	ckpt_name: 'checkpoints',
	unet_name: 'diffusion_models',
	clip_name: 'text_encoders',
	clip_name1: 'text_encoders',
	clip_name2: 'text_encoders',
	clip_name3: 'text_encoders',
	clip_name4: 'text_encoders',
	vae_name: 'vae',
	lora_name: 'loras',
};

/** What came with FLUX.2, after 0.3.64. */
const LATER_CLASSES = new Set(['EmptyFlux2LatentImage', 'Flux2Scheduler']);
const LATER_CLIP_TYPES = new Set(['flux2']);

/** Built into ComfyUI 0.8's VAELoader beside the installed files. */
const BUILT_IN_VAE = 'pixel_space';

const recorded = definitionsJson as unknown as Record<string, NodeDefinition>;
const old = Object.fromEntries(
	Object.entries(recorded).flatMap(([name, definition]) =>
		LATER_CLASSES.has(name) ? [] : [[name, withoutLaterTypes(definition)]],
	),
);

function withoutLaterTypes(definition: NodeDefinition): NodeDefinition {
	const { required } = definition.input;
	const type = required?.['type'];
	if (!required || !type || !Array.isArray(type[0])) return definition;
	const kept = type[0].filter((one) => !LATER_CLIP_TYPES.has(one));
	const spec: InputSpec = type[1] === undefined ? [kept] : [kept, type[1]];
	return { ...definition, input: { ...definition.input, required: { ...required, type: spec } } };
}

/**
 * @param filesIn names installed in a model folder
 * @param inputImages files in the input folder
 * @param extra further classes, which win over the recorded ones
 * @param version what came later is left out
 */
export function nodeDefinitions(
	filesIn: (folder: string) => string[],
	inputImages: () => string[],
	extra: Readonly<Record<string, NodeDefinition>> = {},
	version: ComfyUiVersion = '0.8.0',
): NodeDefinitions {
	const result = new Map<string, NodeDefinition>();
	for (const [name, definition] of Object.entries({
		...(version === '0.3.64' ? old : recorded),
		...extra,
	})) {
		result.set(name, withFiles(definition, filesIn, inputImages));
	}
	return result;
}

function withFiles(
	definition: NodeDefinition,
	filesIn: (folder: string) => string[],
	inputImages: () => string[],
): NodeDefinition {
	const fill = (
		specs: Record<string, InputSpec> | undefined,
	): Record<string, InputSpec> | undefined => {
		if (!specs) return undefined;
		const filled = Object.entries(specs).map(([input, spec]): [string, InputSpec] => {
			const folder = FOLDER_OF_INPUT[input];
			if (spec[0] === 'COMBO' && folder) {
				return [input, ['COMBO', { ...spec[1], options: listed(folder, filesIn(folder)) }]];
			}
			if (!Array.isArray(spec[0])) return [input, spec];
			if (folder) return [input, replaced(spec, listed(folder, filesIn(folder)))];
			return spec[1]?.['image_upload'] ? [input, replaced(spec, inputImages())] : [input, spec];
		});
		return Object.fromEntries(filled);
	};
	const input = { ...definition.input };
	const required = fill(input.required);
	const optional = fill(input.optional);
	if (required) input.required = required;
	if (optional) input.optional = optional;
	return { ...definition, input };
}

function listed(folder: string, files: string[]): string[] {
	return folder === 'vae' ? [...files, BUILT_IN_VAE] : files;
}

function replaced(spec: InputSpec, options: string[]): InputSpec {
	return spec.length === 1 ? [options] : [options, spec[1]];
}
