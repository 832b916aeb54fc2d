/** What can be said of a model whose header cannot be read, from the folder it is in and its own description. */
import { metadataFamily } from './rules/adapters';
import type { Detection, ModelPart } from './types';
import { nameVariants } from './variants';

/** ComfyUI's folders that tell the part. */
const PART_BY_FOLDER: Readonly<Record<string, ModelPart>> = {
	checkpoints: 'checkpoint',
	diffusion_models: 'diffusion_model',
};

/**
 * @param folder ComfyUI's folder name
 * @param metadata `__metadata__` as a server gives it; untrusted
 * @returns null where the description names no known family. Sizes are 0: they are not known from there.
 */
export function describedModel(
	folder: string,
	fileName: string,
	metadata: Readonly<Record<string, unknown>>,
): Detection | null {
	const part = PART_BY_FOLDER[folder];
	const texts = Object.fromEntries(
		Object.entries(metadata).filter(
			(entry): entry is [string, string] => typeof entry[1] === 'string',
		),
	);
	const family = metadataFamily(texts);
	if (!part || !family) return null;
	const named = nameVariants(family, [], texts, fileName);
	return {
		part,
		family,
		comfyClass: null,
		component: null,
		variant: named.map((name) => name.variant),
		memoryFactor: null,
		latentChannels: null,
		downscale: null,
		parameters: 0,
		stored: { dtype: 'unknown', scaled: false, bytesByDtype: {} },
		bytes: { diffusion: 0, textEncoder: 0, vae: 0, other: 0 },
		layout: 'comfyui',
		evidence: [`${family}: its own metadata`, ...named.map((name) => name.evidence)],
	};
}
