/** Finds the files: model loader and LoRAs on the way to the sampler, text encoders, VAE. */
import {
	type ApiGraph,
	type GraphNode,
	inputOf,
	isLink,
	type Link,
	linkOf,
	linksOf,
	nodeOf,
} from './graph';
import type { InputRef } from './input-ref';
import { follow, sourceOf, type Step, upstream } from './walk';

export interface ModelLoader extends InputRef {
	kind: 'checkpoint' | 'diffusion_model';
	/** The loader's model output, as its consumers link to it. */
	output: Link;
}

export interface LoraNode {
	nodeId: string;
	file: InputRef;
	/** Empty where the node has none. */
	strengths: InputRef[];
}

const CHECKPOINT_INPUTS = ['ckpt_name', 'checkpoint', 'checkpoint_name', 'base_ckpt_name'];
const DIFFUSION_INPUTS = [
	'unet_name',
	'diffusion_model',
	'diffusion_name',
	'gguf_name',
	'model_path',
	'model_name',
];

/** A node that loads the diffusion weights from a file: which input names the file, and of which kind. */
export function loaderInput(node: GraphNode): { input: string; kind: ModelLoader['kind'] } | null {
	const names = (list: readonly string[]) =>
		list.find((name) => {
			const value = inputOf(node, name);
			return typeof value === 'string' || isLink(value);
		});
	const checkpoint = names(CHECKPOINT_INPUTS);
	if (checkpoint !== undefined) return { input: checkpoint, kind: 'checkpoint' };
	const diffusion = names(DIFFUSION_INPUTS);
	if (diffusion === undefined || linkOf(node, 'model') !== null) return null;
	return { input: diffusion, kind: 'diffusion_model' };
}

/** The link a model came in by: `model`, else the only link that looks like one, else the only link. */
function modelLink(node: GraphNode): Link | null {
	const links = linksOf(node);
	const named =
		links.find(([name]) => name === 'model') ??
		links.find(([name]) => /^(model|unet|base_model|model1|guider)/i.test(name));
	return named?.[1] ?? (links.length === 1 ? (links[0]?.[1] ?? null) : null);
}

function startOfModel(graph: ApiGraph, sampler: string): Link | null {
	const node = nodeOf(graph, sampler);
	if (!node) return null;
	return linkOf(node, 'model') ?? linkOf(node, 'guider') ?? modelLink(node);
}

/** Loader and LoRAs of the sampler's model; `chosen` names the loader where the way there is not found. */
export function findModelPath(
	graph: ApiGraph,
	sampler: string,
	chosen?: string,
): { loader: ModelLoader | null; loras: LoraNode[] } {
	const loras: LoraNode[] = [];
	let loader: ModelLoader | null = null;
	const next = (step: Step) => (loaderInput(step.node) ? null : modelLink(step.node));
	for (const step of follow(graph, startOfModel(graph, sampler), next)) {
		const found = loaderInput(step.node);
		if (found) loader = toLoader(graph, step.id, found, step.link);
		const lora = loraOf(graph, step.id, step.node);
		if (lora) loras.unshift(lora);
	}
	const node = chosen === undefined ? undefined : nodeOf(graph, chosen);
	const found = node && loaderInput(node);
	if (chosen !== undefined && found) loader = toLoader(graph, chosen, found, [chosen, 0]);
	return { loader, loras };
}

function toLoader(
	graph: ApiGraph,
	nodeId: string,
	found: { input: string; kind: ModelLoader['kind'] },
	link: Link,
): ModelLoader {
	const place = sourceOf(graph, nodeId, found.input, 'string') ?? { nodeId, input: found.input };
	return {
		...place,
		kind: found.kind,
		output: [nodeId, link[1]].map((part, index) => (index === 0 ? String(part) : part)) as Link,
	};
}

function loraOf(graph: ApiGraph, nodeId: string, node: GraphNode): LoraNode | null {
	if (inputOf(node, 'lora_name') === undefined) return null;
	const strengths = ['strength_model', 'strength_clip', 'strength'].filter(
		(input) => inputOf(node, input) !== undefined,
	);
	return {
		nodeId,
		file: sourceOf(graph, nodeId, 'lora_name', 'string') ?? { nodeId, input: 'lora_name' },
		strengths: strengths.map(
			(input) => sourceOf(graph, nodeId, input, 'number') ?? { nodeId, input },
		),
	};
}

const CLIP_INPUT = /^clip_name\d?$/;

/** File inputs of the text encoder loaders behind these encoder nodes, in the loader's order; none for a checkpoint's own. */
export function findClipFiles(graph: ApiGraph, encoders: string[]): InputRef[] {
	for (const encoder of encoders) {
		const node = nodeOf(graph, encoder);
		const start = node ? linkOf(node, 'clip') : null;
		for (const step of follow(
			graph,
			start,
			(at) => linkOf(at.node, 'clip') ?? linkOf(at.node, 'clip1'),
		)) {
			const inputs = Object.keys(step.node.inputs)
				.filter((name) => CLIP_INPUT.test(name))
				.sort();
			if (inputs.length > 0) {
				return inputs.map(
					(input) => sourceOf(graph, step.id, input, 'string') ?? { nodeId: step.id, input },
				);
			}
		}
	}
	return [];
}

/** The VAE loader's file input: of the decode between sampler and output, else of any node near the sampler. */
export function findVaeFile(graph: ApiGraph, sampler: string, outputs: string[]): InputRef[] {
	const decodes = outputs
		.filter((output) => upstream(graph, output).includes(sampler))
		.flatMap((output) => upstream(graph, output));
	for (const id of [...decodes, ...upstream(graph, sampler)]) {
		const node = nodeOf(graph, id);
		const start = node ? linkOf(node, 'vae') : null;
		for (const step of follow(graph, start, (at) => linkOf(at.node, 'vae'))) {
			if (inputOf(step.node, 'vae_name') !== undefined) {
				return [
					sourceOf(graph, step.id, 'vae_name', 'string') ?? { nodeId: step.id, input: 'vae_name' },
				];
			}
			// the checkpoint's own VAE: nothing to set
			if (loaderInput(step.node)) return [];
		}
	}
	return [];
}
