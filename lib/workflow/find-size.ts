/** Finds width, height and batch size: in the empty latent that the sampler starts from, not in an image. */
import { type ApiGraph, type GraphNode, inputOf, linkOf, nodeOf } from './graph';
import type { InputRef } from './input-ref';
import { follow, sourceOf, type Step } from './walk';

export interface SizeBinding {
	width: InputRef[];
	height: InputRef[];
	batchSize: InputRef[];
	fromImage: boolean;
}

const LATENT_LINKS = ['latent_image', 'latent', 'samples', 'latents', 'samples1'];

/** The second is that of loaders that bring their own latent. */
const SIZE_INPUTS = [
	{ width: 'width', height: 'height' },
	{ width: 'empty_latent_width', height: 'empty_latent_height' },
];

/** Scaling nodes have a width and a height, too, but of what comes after. */
const RESIZES = /scale|resize|upscale|crop|compos|blend|pad/i;

function latentLink(node: GraphNode) {
	for (const name of LATENT_LINKS) {
		const link = linkOf(node, name);
		if (link) return link;
	}
	return null;
}

function isImageSource(node: GraphNode): boolean {
	return (
		linkOf(node, 'pixels') !== null ||
		linkOf(node, 'image') !== null ||
		/VAEEncode/i.test(node.class_type)
	);
}

export function findSize(graph: ApiGraph, sampler: string): SizeBinding {
	const none: SizeBinding = { width: [], height: [], batchSize: [], fromImage: false };
	const node = nodeOf(graph, sampler);
	if (!node) return none;
	const next = (step: Step) => latentLink(step.node);
	for (const step of follow(graph, latentLink(node), next)) {
		if (isImageSource(step.node))
			return { ...none, batchSize: batchOf(graph, sampler), fromImage: true };
		const names = SIZE_INPUTS.find(({ width }) => inputOf(step.node, width) !== undefined);
		if (names && !RESIZES.test(step.node.class_type)) {
			return {
				width: place(graph, step.id, names.width),
				height: place(graph, step.id, names.height),
				batchSize: place(graph, step.id, 'batch_size'),
				fromImage: false,
			};
		}
	}
	return none;
}

/** A computed size (an image's, a ratio's) stays as it is: there is no place to write it. */
function place(graph: ApiGraph, nodeId: string, input: string): InputRef[] {
	const found = sourceOf(graph, nodeId, input, 'number');
	return found ? [found] : [];
}

/** From an image the batch is made by repeating the latent. */
function batchOf(graph: ApiGraph, sampler: string): InputRef[] {
	const node = nodeOf(graph, sampler);
	for (const step of follow(graph, node ? latentLink(node) : null, (at) => latentLink(at.node))) {
		if (/RepeatLatentBatch/.test(step.node.class_type)) return place(graph, step.id, 'amount');
	}
	return [];
}
