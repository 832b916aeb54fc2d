/** Reads an API graph for what the GPU model needs: which sampler runs which model, at what size, how long. */
import { type ApiGraph, type GraphNode, isLink } from '../../lib/workflow/graph';
import type { SamplingStage, SimulatedModel } from '../gpu';

/** A sampler node and what it stands for. */
export interface NodeStage {
	samplerNodeId: string;
	loaderNodeId: string | null;
	stage: SamplingStage;
}

const SAMPLERS = new Set([
	'KSampler',
	'KSamplerAdvanced',
	'SamplerCustom',
	'SamplerCustomAdvanced',
]);
const LOADER_INPUTS = ['ckpt_name', 'unet_name', 'model_name'];
/** Where the size is not known (an uploaded picture): one megapixel. */
const DEFAULT_SIDE = 1024;

export function isSampler(classType: string): boolean {
	return SAMPLERS.has(classType);
}

export function isTextEncoder(classType: string): boolean {
	return classType.includes('TextEncode');
}

export function isDecoder(classType: string): boolean {
	return classType.startsWith('VAEDecode');
}

/** Every sampler of the graph, in graph order. `modelFor` names the model of a file. */
export function stagesOf(
	graph: ApiGraph,
	modelFor: (file: string, loras: string[]) => SimulatedModel | null,
): NodeStage[] {
	const stages: NodeStage[] = [];
	for (const [nodeId, node] of Object.entries(graph)) {
		if (!isSampler(node.class_type)) continue;
		const { loaderNodeId, file, loras } = findLoader(graph, node);
		const model = file === null ? null : modelFor(file, loras);
		if (!model) continue;
		stages.push({
			samplerNodeId: nodeId,
			loaderNodeId,
			stage: {
				modelName: model.name,
				steps: stepsOf(graph, node),
				cfg:
					numberOf(node.inputs['cfg']) ??
					numberOf(linked(graph, node, 'guider')?.inputs['cfg']) ??
					1,
				...sizeOf(graph, node),
				loras,
			},
		});
	}
	return stages;
}

/** The sampler whose result a node works on, following links upstream. */
export function upstreamSampler(graph: ApiGraph, nodeId: string): string | null {
	for (const [id, node] of walkUpstream(graph, nodeId)) {
		if (isSampler(node.class_type)) return id;
	}
	return null;
}

function findLoader(
	graph: ApiGraph,
	sampler: GraphNode,
): { loaderNodeId: string | null; file: string | null; loras: string[] } {
	const loras: string[] = [];
	const guider = linked(graph, sampler, 'guider');
	let from = linkOf((guider ?? sampler).inputs['model']);
	const seen = new Set<string>();
	while (from !== null && !seen.has(from)) {
		seen.add(from);
		const node: GraphNode | undefined = graph[from];
		if (!node) break;
		const lora = node.inputs['lora_name'];
		if (typeof lora === 'string') loras.push(lora);
		const file = LOADER_INPUTS.map((input) => node.inputs[input]).find(
			(value) => typeof value === 'string',
		);
		if (typeof file === 'string') return { loaderNodeId: from, file, loras };
		from = linkOf(node.inputs['model']);
	}
	return { loaderNodeId: null, file: null, loras };
}

function stepsOf(graph: ApiGraph, sampler: GraphNode): number {
	const source = sampler.inputs['steps'] === undefined ? linked(graph, sampler, 'sigmas') : sampler;
	const steps = numberOf(source?.inputs['steps']) ?? 20;
	const start = numberOf(sampler.inputs['start_at_step']) ?? 0;
	const end = Math.min(steps, numberOf(sampler.inputs['end_at_step']) ?? steps);
	return Math.max(0, end - start);
}

function sizeOf(
	graph: ApiGraph,
	sampler: GraphNode,
): Pick<SamplingStage, 'width' | 'height' | 'batchSize'> {
	const start = linkOf(sampler.inputs['latent_image']);
	const fallback = { width: DEFAULT_SIDE, height: DEFAULT_SIDE, batchSize: 1 };
	if (start === null) return fallback;
	for (const [, node] of walkUpstream(graph, start, true)) {
		const width = numberOf(node.inputs['width']);
		const height = numberOf(node.inputs['height']);
		if (width !== null && height !== null) {
			return { width, height, batchSize: numberOf(node.inputs['batch_size']) ?? 1 };
		}
	}
	return fallback;
}

function* walkUpstream(
	graph: ApiGraph,
	start: string,
	includeStart = false,
): Generator<[string, GraphNode]> {
	const queue = [start];
	const seen = new Set(queue);
	while (queue.length > 0) {
		const id = queue.shift() as string;
		const node = graph[id];
		if (!node) continue;
		if (includeStart || id !== start) yield [id, node];
		for (const value of Object.values(node.inputs)) {
			const next = linkOf(value);
			if (next === null || seen.has(next)) continue;
			seen.add(next);
			queue.push(next);
		}
	}
}

function linked(graph: ApiGraph, node: GraphNode, input: string): GraphNode | undefined {
	const id = linkOf(node.inputs[input]);
	return id === null ? undefined : graph[id];
}

function linkOf(value: unknown): string | null {
	return isLink(value) ? String(value[0]) : null;
}

function numberOf(value: unknown): number | null {
	return typeof value === 'number' ? value : null;
}
