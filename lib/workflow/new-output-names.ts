/** Other names for what a graph saves. ComfyUI answers a graph that it ran before from its cache, file gone or not. */
import type { ApiGraph } from './graph';

/** @returns a new graph in which every node that names its output by a prefix runs again; the rest may stay cached */
export function withNewOutputNames(graph: ApiGraph, mark: string): ApiGraph {
	return Object.fromEntries(
		Object.entries(graph).map(([id, node]) => {
			const prefix = node.inputs['filename_prefix'];
			if (typeof prefix !== 'string') return [id, node];
			return [id, { ...node, inputs: { ...node.inputs, filename_prefix: `${prefix}-${mark}` } }];
		}),
	);
}
