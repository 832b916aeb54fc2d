/** The node classes of the stand-in, as `/object_info` describes them, with this server's installed files put in. */
import definitionsJson from './node-definitions.json';

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

/** Built into ComfyUI 0.8's VAELoader beside the installed files. */
const BUILT_IN_VAE = 'pixel_space';

const recorded = definitionsJson as unknown as Record<string, NodeDefinition>;

/**
 * @param filesIn names installed in a model folder
 * @param inputImages files in the input folder
 * @param extra further classes, which win over the recorded ones
 */
export function nodeDefinitions(
	filesIn: (folder: string) => string[],
	inputImages: () => string[],
	extra: Readonly<Record<string, NodeDefinition>> = {},
): NodeDefinitions {
	const result = new Map<string, NodeDefinition>();
	for (const [name, definition] of Object.entries({ ...recorded, ...extra })) {
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
