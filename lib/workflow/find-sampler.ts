/** Finds the sampler that makes the final output, and where its numbers are. */
import { RouterError } from '../errors';
import { type ApiGraph, type GraphNode, inputOf, linkOf, linksOf, nodeOf } from './graph';
import type { BindingName, InputRef } from './input-ref';
import { follow, sourceOf, upstream } from './walk';

/** A node that turns noise into a latent: it has a latent, and a guider or a model with conditioning. */
export function isSampler(node: GraphNode): boolean {
	const has = (name: string) => linkOf(node, name) !== null;
	const latent = has('latent_image') || has('latent') || has('samples');
	if (has('guider') && (latent || has('sigmas'))) return true;
	const numbers = ['steps', 'cfg', 'seed', 'noise_seed', 'sigmas'].filter((name) =>
		Object.hasOwn(node.inputs, name),
	);
	const conditioned = has('positive') || has('conditioning');
	return (has('model') || has('basic_pipe')) && conditioned && latent && numbers.length >= 2;
}

/** Outputs that stay (Save...) count before those that only show (Preview...). */
function outputRank(node: GraphNode): number {
	if (/save|export|combine|output|upload/i.test(node.class_type)) return 0;
	if (/preview/i.test(node.class_type)) return 1;
	return 2;
}

/** Nodes that nothing else uses, saving ones first, in the graph's order. */
function outputNodes(graph: ApiGraph): string[] {
	const used = new Set<string>();
	for (const node of Object.values(graph))
		for (const [, link] of linksOf(node)) used.add(String(link[0]));
	const rank = (id: string) => outputRank(nodeOf(graph, id) as GraphNode);
	return Object.keys(graph)
		.filter((id) => !used.has(id) || rank(id) === 0)
		.filter((id) => linksOf(nodeOf(graph, id) as GraphNode).length > 0)
		.sort((a, b) => rank(a) - rank(b));
}

/**
 * @param chosen a node that the caller names as the sampler
 * @throws RouterError WORKFLOW_INVALID where there is none
 */
export function findMainSampler(
	graph: ApiGraph,
	chosen: string | null,
): { main: string; outputs: string[] } {
	const outputs = outputNodes(graph);
	if (chosen !== null) return { main: chosen, outputs };
	for (const output of outputs) {
		const main = upstream(graph, output).find((id) => isSampler(nodeOf(graph, id) as GraphNode));
		if (main !== undefined) return { main, outputs };
	}
	const any = Object.keys(graph).find((id) => isSampler(nodeOf(graph, id) as GraphNode));
	if (any === undefined) throw noSampler();
	return { main: any, outputs };
}

type SamplingName = Extract<
	BindingName,
	'steps' | 'cfg' | 'sampler_name' | 'scheduler' | 'seed' | 'denoise'
>;

const NUMBERS: Record<SamplingName, { inputs: readonly string[]; kind: 'number' | 'string' }> = {
	steps: { inputs: ['steps'], kind: 'number' },
	cfg: { inputs: ['cfg', 'true_gs'], kind: 'number' },
	sampler_name: { inputs: ['sampler_name'], kind: 'string' },
	scheduler: { inputs: ['scheduler'], kind: 'string' },
	seed: { inputs: ['seed', 'noise_seed'], kind: 'number' },
	denoise: { inputs: ['denoise'], kind: 'number' },
};

/** The sampler itself and the nodes that feed it noise, guidance, sampler and sigmas. */
function samplingNodes(graph: ApiGraph, sampler: string): string[] {
	const node = nodeOf(graph, sampler);
	if (!node) return [];
	const ids = [sampler];
	for (const name of ['noise', 'guider', 'sampler', 'sigmas']) {
		// a split or scaled schedule hands its own sigmas on
		for (const step of follow(graph, linkOf(node, name), (at) => linkOf(at.node, name)))
			ids.push(step.id);
	}
	return ids;
}

/** Where steps, cfg, sampler, scheduler, seed and denoise are. */
export function samplingInputs(graph: ApiGraph, sampler: string): Record<SamplingName, InputRef[]> {
	const ids = samplingNodes(graph, sampler);
	const result = {} as Record<SamplingName, InputRef[]>;
	for (const name of Object.keys(NUMBERS) as SamplingName[]) {
		const { inputs, kind } = NUMBERS[name];
		result[name] = ids.flatMap((nodeId) => {
			const node = nodeOf(graph, nodeId) as GraphNode;
			const input = inputs.find((candidate) => inputOf(node, candidate) !== undefined);
			// a value that something computes is replaced where it is used
			return input === undefined ? [] : [sourceOf(graph, nodeId, input, kind) ?? { nodeId, input }];
		});
	}
	return result;
}

export function noSampler(): RouterError {
	return new RouterError({
		code: 'WORKFLOW_INVALID',
		message:
			'The workflow has no sampler (KSampler, SamplerCustom, SamplerCustomAdvanced or alike).',
		hint: 'Name the node that samples (id or title), or use a workflow with one.',
	});
}
