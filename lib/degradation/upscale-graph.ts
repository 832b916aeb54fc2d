/** Enlarges what a graph saves to the size that was asked for. Returns a new graph; the one given is never changed. */
import { type ApiGraph, linkOf } from '../workflow/graph';

const SAVERS = new Set(['SaveImage', 'PreviewImage', 'SaveAnimatedWEBP', 'SaveAnimatedPNG']);

/** @returns the graph with a Lanczos scale in front of every node that saves images */
export function withUpscale(graph: ApiGraph, size: { width: number; height: number }): ApiGraph {
	const enlarged: ApiGraph = { ...graph };
	for (const [id, node] of Object.entries(graph)) {
		const images = SAVERS.has(node.class_type) ? linkOf(node, 'images') : null;
		if (images === null) continue;
		const scaleId = freeId(enlarged, `upscale-${id}`);
		enlarged[scaleId] = {
			class_type: 'ImageScale',
			inputs: {
				upscale_method: 'lanczos',
				width: size.width,
				height: size.height,
				crop: 'disabled',
				image: images,
			},
			_meta: { title: 'Enlarge to the size asked for' },
		};
		enlarged[id] = { ...node, inputs: { ...node.inputs, images: [scaleId, 0] } };
	}
	return enlarged;
}

function freeId(graph: ApiGraph, wanted: string): string {
	let id = wanted;
	for (let n = 2; Object.hasOwn(graph, id); n++) id = `${wanted}-${n}`;
	return id;
}
