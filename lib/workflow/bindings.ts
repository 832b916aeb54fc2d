/**
 * Finds where in an API-format graph the things sit that a selection sets, by following the links back from the sampler.
 * Reads only; apply-selection.ts writes. Knows no catalog.
 */
import { RouterError } from '../errors';
import { cleanText } from '../text';
import {
	findClipFiles,
	findModelPath,
	findVaeFile,
	type LoraNode,
	type ModelLoader,
} from './find-model';
import { findMainSampler, isSampler, noSampler, samplingInputs } from './find-sampler';
import { findSize } from './find-size';
import { findTexts } from './find-text';
import { type ApiGraph, nodeOf, titleOf } from './graph';
import { BINDING_NAMES, type BindingName, type InputRef } from './input-ref';

/** A node by id or by title; `input` where its name is not the usual one. */
export interface NodeChoice {
	node: string;
	input?: string;
}

/** Own choices that replace what is found: the sampler, the model loader, or any single value. */
export type BindingOverrides = Partial<Record<BindingName, NodeChoice | NodeChoice[]>> & {
	sampler?: NodeChoice;
	model?: NodeChoice;
};

export interface WorkflowBindings {
	/** The sampler that makes the final output. */
	sampler: { nodeId: string; classType: string; title?: string };
	/** All samplers, the main one first. */
	samplers: string[];
	/** Nodes that save or show the result. */
	outputs: string[];
	model: ModelLoader | null;
	/** On the way from loader to sampler, in that order. */
	loras: LoraNode[];
	/** Where each value sits; empty where the graph has no place for it. */
	values: Record<BindingName, InputRef[]>;
	/** True where the latent comes from an image: then the image gives the size. */
	imageToImage: boolean;
	/** One sentence for a person. */
	description: string;
}

/**
 * @throws RouterError WORKFLOW_INVALID where there is no sampler, or an override names a node that is not there
 */
export function findBindings(graph: ApiGraph, overrides: BindingOverrides = {}): WorkflowBindings {
	const chosen = overrides.sampler ? chosenNode(graph, overrides.sampler, 'sampler') : null;
	const { main, outputs } = findMainSampler(graph, chosen);
	const node = nodeOf(graph, main);
	if (!node) throw noSampler();
	const path = findModelPath(
		graph,
		main,
		overrides.model && chosenNode(graph, overrides.model, 'model'),
	);
	const { positive, negative } = findTexts(graph, main);
	const size = findSize(graph, main);
	const encoders = [...positive, ...negative].map((ref) => ref.encoderId);
	const values: Record<BindingName, InputRef[]> = {
		...samplingInputs(graph, main),
		width: size.width,
		height: size.height,
		batch_size: size.batchSize,
		positive: places(positive),
		negative: places(negative),
		text_encoders: findClipFiles(graph, encoders),
		vae: findVaeFile(graph, main, outputs),
	};
	for (const name of BINDING_NAMES) {
		const choice = overrides[name];
		if (choice) values[name] = [choice].flat().map((one) => chosenInput(graph, one, name));
	}
	const others = Object.keys(graph).filter((id) => {
		const other = nodeOf(graph, id);
		return id !== main && other !== undefined && isSampler(other);
	});
	return {
		sampler: { nodeId: main, classType: node.class_type, title: titleOf(node) },
		samplers: [main, ...others],
		outputs,
		model: path.loader,
		loras: path.loras,
		values,
		imageToImage: size.fromImage,
		description: describe(graph, main, others, path.loader),
	};
}

/** Each place once: SDXL's two texts often come from one node. */
function places(refs: InputRef[]): InputRef[] {
	const unique = new Map(
		refs.map(({ nodeId, input }) => [`${nodeId}\n${input}`, { nodeId, input }]),
	);
	return [...unique.values()];
}

function describe(
	graph: ApiGraph,
	main: string,
	others: string[],
	loader: ModelLoader | null,
): string {
	const model = loader ? `model from ${nodeLabel(graph, loader.nodeId)}` : 'no model loader found';
	const text = `Sampler ${nodeLabel(graph, main)}, ${model}`;
	if (others.length === 0) return `${text}.`;
	const list = others
		.slice(0, 5)
		.map((id) => nodeLabel(graph, id))
		.join(', ');
	return `${text}. The sampler is the one nearest to the saved output; also there: ${list}.`;
}

/** "3 (KSampler)" or "3 (My title)". */
export function nodeLabel(graph: ApiGraph, id: string): string {
	const node = nodeOf(graph, id);
	const label = node ? (titleOf(node) ?? node.class_type) : 'missing';
	return `${cleanText(id, 40)} (${cleanText(label, 60)})`;
}

/** The node's id by id, else by title; several nodes of one title are refused. */
function chosenNode(graph: ApiGraph, choice: NodeChoice, what: string): string {
	if (nodeOf(graph, choice.node)) return choice.node;
	const titled = Object.entries(graph).filter(([, node]) => titleOf(node) === choice.node);
	const [only] = titled;
	if (titled.length === 1 && only) return only[0];
	const name = cleanText(choice.node, 80);
	throw new RouterError({
		code: 'WORKFLOW_INVALID',
		message:
			titled.length > 1
				? `The workflow has ${titled.length} nodes titled "${name}" (for ${what}).`
				: `The workflow has no node with the id or title "${name}" (for ${what}).`,
		hint: 'Use the id of a node in the exported file, or a title that only one node has.',
	});
}

/** Names under which a value usually sits, for an override that gives the node only. */
const USUAL_INPUTS: Record<BindingName, readonly string[]> = {
	steps: ['steps', 'value'],
	cfg: ['cfg', 'guidance', 'value'],
	sampler_name: ['sampler_name', 'value'],
	scheduler: ['scheduler', 'value'],
	seed: ['seed', 'noise_seed', 'value'],
	denoise: ['denoise', 'value'],
	width: ['width', 'value'],
	height: ['height', 'value'],
	batch_size: ['batch_size', 'amount', 'value'],
	positive: ['text', 'prompt', 'value', 'string', 'positive'],
	negative: ['text', 'prompt', 'value', 'string', 'negative'],
	text_encoders: ['clip_name', 'clip_name1'],
	vae: ['vae_name'],
};

function chosenInput(graph: ApiGraph, choice: NodeChoice, name: BindingName): InputRef {
	const nodeId = chosenNode(graph, choice, name);
	if (choice.input !== undefined) return { nodeId, input: choice.input };
	const inputs = nodeOf(graph, nodeId)?.inputs ?? {};
	const found = USUAL_INPUTS[name].find((input) => Object.hasOwn(inputs, input));
	if (found !== undefined) return { nodeId, input: found };
	throw new RouterError({
		code: 'WORKFLOW_INVALID',
		message: `Node ${nodeLabel(graph, nodeId)} has no input that looks like ${name}.`,
		hint: 'Name the input as well.',
	});
}
