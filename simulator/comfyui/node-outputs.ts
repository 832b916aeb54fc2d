/** What output nodes show: the images that SaveImage and PreviewImage leave on disk, the text of PreviewAny. */
import type { ApiGraph } from '../../lib/workflow/graph';
import { OutsideOutputFolder } from './disk';
import { NodeFailure } from './failures';
import { stagesOf, upstreamSampler } from './graph-stages';
import type { NodeUi } from './history';
import type { PngOptions } from './png';
import type { ComfyProcess } from './process';
import type { QueuedPrompt } from './prompt-queue';

const DEFAULT_SIDE = 512;
/** Largest side that is drawn; more would only cost time. */
const LARGEST_SIDE = 8192;

/** Saves the node's images and names them, or says its text; null for a node that shows nothing. */
export function shownBy(
	process: ComfyProcess,
	prompt: QueuedPrompt,
	nodeId: string,
): NodeUi | null {
	const node = prompt.graph[nodeId];
	if (!node || !process.isOutput(prompt.graph, nodeId)) return null;
	if (node.class_type === 'PreviewAny') return { text: [String(node.inputs['source'])] };
	const temporary = node.class_type === 'PreviewImage';
	const prefix = temporary ? 'ComfyUI_temp' : String(node.inputs['filename_prefix'] ?? 'ComfyUI');
	try {
		const images = picturesOf(process, prompt, nodeId);
		return { images: process.disk.saveImages(temporary ? 'temp' : 'output', prefix, images) };
	} catch (error) {
		if (error instanceof OutsideOutputFolder) throw new NodeFailure('Exception', error.message);
		throw error;
	}
}

function picturesOf(process: ComfyProcess, prompt: QueuedPrompt, nodeId: string): PngOptions[] {
	const { graph } = prompt;
	const samplerId = upstreamSampler(graph, nodeId);
	const stage = stagesOf(graph, (file, loras) => process.modelFor(file, loras)).find(
		(candidate) => candidate.samplerNodeId === samplerId,
	)?.stage;
	const empty = Object.values(graph).find((node) => node.class_type === 'EmptyImage')?.inputs;
	const side = (value: unknown): number =>
		typeof value === 'number' && value >= 1
			? Math.min(LARGEST_SIDE, Math.trunc(value))
			: DEFAULT_SIDE;
	const width = side(stage?.width ?? empty?.['width']);
	const height = side(stage?.height ?? empty?.['height']);
	const count =
		stage?.batchSize ?? (typeof empty?.['batch_size'] === 'number' ? empty['batch_size'] : 1);
	return Array.from({ length: count }, (_, index) => ({
		width,
		height,
		seed: seedOf(graph) + index,
		text: { prompt: JSON.stringify(graph) },
		leastBytes: process.options.imageBytes ?? 0,
	}));
}

function seedOf(graph: ApiGraph): number {
	for (const node of Object.values(graph)) {
		const seed = node.inputs['seed'] ?? node.inputs['noise_seed'] ?? node.inputs['color'];
		if (typeof seed === 'number') return seed % 1_000_003;
	}
	return 0;
}
