/**
 * Builds an API-format graph for a catalog model and a selection, ready for POST /prompt. Pure: the seed is an argument.
 * Families without a built-in graph need the user's own workflow.
 */
import type { CatalogModel } from '../../catalog/schema';
import { RouterError } from '../../errors';
import type { SelectedDecision } from '../../selection/types';
import type { ApiGraph, Link } from '../graph';
import { addConditioning } from './conditioning';
import { BUILDABLE_FAMILIES, familyShape, type FamilyShape } from './family';
import { GraphBuilder } from './graph-builder';
import { addEmptyLatent, addImageLatent } from './latent';
import { addLoaders, patchModel } from './loaders';
import { addSampler } from './sampling';

export { BUILDABLE_FAMILIES } from './family';

export interface BuildOptions {
	/** 0 to 2^53 - 1, so that JSON keeps it exactly. */
	seed: number;
	/** SaveImage's prefix. Default "comfyui-router". */
	filenamePrefix?: string;
	/** Names of uploaded images, as LoadImage takes them. */
	images?: readonly string[];
	/** Name of an uploaded mask; white is painted anew. */
	mask?: string | null;
}

/** What of a selection a graph needs. `files` win over the model's. */
export type BuildableSelection = Pick<SelectedDecision, 'parameters'> &
	Partial<Pick<SelectedDecision, 'files'>>;

/**
 * Without images: text to image. With images: editing where the family can (Qwen-Image-Edit, Kontext, FLUX.2), else the
 * first image is the start and `denoise` says how much of it changes. With a mask only the white part changes.
 *
 * @throws RouterError WORKFLOW_INVALID for a family without a built-in graph, too few files, or a mask without an image
 */
export function buildGraph(
	model: Pick<CatalogModel, 'name' | 'family' | 'files' | 'inputs'>,
	selection: BuildableSelection,
	options: BuildOptions,
): ApiGraph {
	const shape = familyShape(model);
	if (!shape) throw unknownFamily(model);
	const { parameters } = selection;
	const builder = new GraphBuilder();
	const loaded = addLoaders(builder, model.name, selection.files ?? model.files, shape);
	const images = loadImages(builder, options);
	const edits = images.length > 0 && shape.editing !== undefined;
	const references = edits ? images.map((image) => fitReference(builder, image)) : [];
	const conditioning = addConditioning(builder, parameters, loaded, shape, references);
	const start = startOf(images, edits, options, parameters.denoise);
	const sampled = addSampler(builder, {
		parameters,
		denoise: start === null ? 1 : parameters.denoise,
		seed: options.seed,
		model: editPatch(
			builder,
			patchModel(builder, loaded.model, parameters.loras, shape),
			shape,
			edits,
		),
		conditioning,
		latent:
			start === null
				? addEmptyLatent(builder, parameters, shape)
				: addImageLatent(builder, parameters, loaded.vae, start, options.mask ?? null),
	});
	const decoded = builder.link('VAEDecode', 'Decode', { samples: sampled, vae: loaded.vae });
	builder.add('SaveImage', 'Save', {
		filename_prefix: options.filenamePrefix ?? 'comfyui-router',
		images: decoded,
	});
	return builder.graph;
}

function loadImages(builder: GraphBuilder, { images = [], mask }: BuildOptions): Link[] {
	if (mask && images.length === 0) {
		throw new RouterError({
			code: 'WORKFLOW_INVALID',
			message: 'There is a mask, but no image that it belongs to.',
			hint: 'Give the image as well.',
		});
	}
	return images.map((image, index) => builder.link('LoadImage', `Image ${index + 1}`, { image }));
}

/** An editing model starts from noise and looks at the image; the others start from the image itself. */
function startOf(
	images: readonly Link[],
	edits: boolean,
	{ mask }: BuildOptions,
	denoise: number,
): Link | null {
	const [first] = images;
	if (first === undefined) return null;
	return edits && !mask && denoise === 1 ? null : first;
}

/** About one megapixel, in one of the sizes that editing models were trained on. */
function fitReference(builder: GraphBuilder, image: Link): Link {
	return builder.link('FluxKontextImageScale', 'Fit reference', { image });
}

/** As the official Qwen-Image-Edit workflows have it. */
function editPatch(builder: GraphBuilder, model: Link, shape: FamilyShape, edits: boolean): Link {
	const isQwen = shape.editing === 'qwen-edit' || shape.editing === 'qwen-edit-plus';
	return edits && isQwen ? builder.link('CFGNorm', 'CFG norm', { strength: 1, model }) : model;
}

function unknownFamily(model: Pick<CatalogModel, 'name' | 'family'>): RouterError {
	return new RouterError({
		code: 'WORKFLOW_INVALID',
		message: `There is no built-in workflow for ${model.name} (family ${model.family}).`,
		hint: `Give the model its own "workflow" (API format) in the catalog. Built in: ${BUILDABLE_FAMILIES.join(', ')}.`,
	});
}
