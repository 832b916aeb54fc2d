/**
 * What differs between model families when a graph is built: text encoder type, latent, sampling patch, guidance.
 * Sources: ComfyUI's official example workflows and templates, and the loaders' own option lists.
 */
import type { CatalogModel } from '../../catalog/schema';

export interface FamilyShape {
	/** `type` of CLIPLoader or DualCLIPLoader. */
	clipType: string;
	latentNode:
		| 'EmptyLatentImage'
		| 'EmptySD3LatentImage'
		| 'EmptyFlux2LatentImage'
		| 'EmptyHunyuanImageLatent';
	/** A node between model and sampler, with its shift. */
	shift?: { node: 'ModelSamplingAuraFlow' | 'ModelSamplingSD3'; value: number };
	/** FluxGuidance on the positive conditioning. */
	guidance?: number;
	/** How images come in besides image-to-image: as reference latents, or through the text encoder. */
	editing?: 'reference-latent' | 'qwen-edit' | 'qwen-edit-plus';
}

const FAMILIES: Record<string, FamilyShape> = {
	sd15: { clipType: 'stable_diffusion', latentNode: 'EmptyLatentImage' },
	sd2: { clipType: 'stable_diffusion', latentNode: 'EmptyLatentImage' },
	sdxl: { clipType: 'sdxl', latentNode: 'EmptyLatentImage' },
	'sdxl-refiner': { clipType: 'sdxl', latentNode: 'EmptyLatentImage' },
	sd3: {
		clipType: 'sd3',
		latentNode: 'EmptySD3LatentImage',
		shift: { node: 'ModelSamplingSD3', value: 3 },
	},
	flux: { clipType: 'flux', latentNode: 'EmptySD3LatentImage', guidance: 3.5 },
	flux2: { clipType: 'flux2', latentNode: 'EmptyFlux2LatentImage', editing: 'reference-latent' },
	chroma: { clipType: 'chroma', latentNode: 'EmptySD3LatentImage' },
	'qwen-image': {
		clipType: 'qwen_image',
		latentNode: 'EmptySD3LatentImage',
		shift: { node: 'ModelSamplingAuraFlow', value: 3.1 },
	},
	'z-image': {
		clipType: 'lumina2',
		latentNode: 'EmptySD3LatentImage',
		shift: { node: 'ModelSamplingAuraFlow', value: 3 },
	},
	lumina2: {
		clipType: 'lumina2',
		latentNode: 'EmptySD3LatentImage',
		shift: { node: 'ModelSamplingAuraFlow', value: 6 },
	},
	hidream: {
		clipType: 'hidream',
		latentNode: 'EmptySD3LatentImage',
		shift: { node: 'ModelSamplingSD3', value: 3 },
	},
	auraflow: {
		clipType: 'stable_diffusion',
		latentNode: 'EmptyLatentImage',
		shift: { node: 'ModelSamplingAuraFlow', value: 1.73 },
	},
	pixart: { clipType: 'pixart', latentNode: 'EmptyLatentImage' },
	hunyuandit: { clipType: 'stable_diffusion', latentNode: 'EmptyLatentImage' },
	'hunyuan-image': { clipType: 'hunyuan_image', latentNode: 'EmptyHunyuanImageLatent' },
	omnigen2: {
		clipType: 'omnigen2',
		latentNode: 'EmptySD3LatentImage',
		editing: 'reference-latent',
	},
};

/** Families for which a graph can be built; other models need a `workflow` in the catalog. */
export const BUILDABLE_FAMILIES: readonly string[] = Object.keys(FAMILIES);

type Described = Pick<CatalogModel, 'name' | 'family' | 'files' | 'inputs'>;

/** @returns null for a family without a built-in graph; variants of a family are told by the names of model and file */
export function familyShape(model: Described): FamilyShape | null {
	const shape = Object.hasOwn(FAMILIES, model.family) ? FAMILIES[model.family] : undefined;
	if (!shape) return null;
	const names = `${model.name} ${model.files.diffusion_model ?? ''} ${model.files.checkpoint ?? ''}`;
	const has = (pattern: RegExp) => pattern.test(names);
	switch (model.family) {
		case 'flux':
			if (has(/kontext/i)) return { ...shape, guidance: 2.5, editing: 'reference-latent' };
			if (has(/krea/i)) return { ...shape, guidance: 4.5 };
			// schnell is trained without guidance
			return has(/schnell/i) ? { ...shape, guidance: undefined } : shape;
		case 'flux2':
			// klein is distilled without a guidance input
			return has(/klein/i) ? shape : { ...shape, guidance: 4 };
		case 'qwen-image':
			if (!has(/edit/i) && !model.inputs.includes('image')) return shape;
			return {
				...shape,
				editing: has(/2509|2511|plus/i) || !has(/edit/i) ? 'qwen-edit-plus' : 'qwen-edit',
			};
		case 'hidream':
			return has(/[-_]dev/i) ? { ...shape, shift: { node: 'ModelSamplingSD3', value: 6 } } : shape;
		default:
			return shape;
	}
}
