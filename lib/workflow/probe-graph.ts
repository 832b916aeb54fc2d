/** Graphs of runs whose image nobody wants: built as for a job, but nothing is kept in ComfyUI's output folder. */
import type { CatalogModel } from '../catalog/schema';
import type { SelectionParameters } from '../selection/types';
import { buildGraph } from './build';
import type { ApiGraph } from './graph';

export type ProbeParameters = Pick<
	SelectionParameters,
	'steps' | 'cfg' | 'sampler_name' | 'scheduler' | 'width' | 'height' | 'loras' | 'prompt'
>;

/**
 * Text to image, batch 1; the image goes to ComfyUI's temporary folder, which it empties at each start.
 * @param seed 0 to 2^53 - 1; another one for each run, or ComfyUI serves it from its cache
 * @throws RouterError WORKFLOW_INVALID as `buildGraph`
 */
export function buildProbe(
	model: Pick<CatalogModel, 'name' | 'family' | 'files' | 'inputs'>,
	parameters: ProbeParameters,
	seed: number,
): ApiGraph {
	const whole = { ...parameters, batch_size: 1, seed, denoise: 1, negative_prompt: '' };
	const graph = buildGraph(model, { parameters: whole }, { seed });
	return Object.fromEntries(
		Object.entries(graph).map(([id, node]) => [
			id,
			node.class_type === 'SaveImage'
				? { ...node, class_type: 'PreviewImage', inputs: { images: node.inputs.images } }
				: node,
		]),
	);
}
