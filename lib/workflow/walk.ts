/** Walks a graph against its links. Owns the guards: cycles, missing nodes and endless chains end a walk. */
import {
	type ApiGraph,
	type GraphNode,
	inputOf,
	isLink,
	type Link,
	linksOf,
	nodeOf,
} from './graph';

/**
 * Every node that `start` depends on, itself included, nearest first.
 *
 * @param follows which inputs count; default all
 */
export function upstream(
	graph: ApiGraph,
	start: string,
	follows: (input: string) => boolean = () => true,
): string[] {
	const seen = new Set<string>();
	const queue = [start];
	for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
		const node = seen.has(id) ? undefined : nodeOf(graph, id);
		if (!node) continue;
		seen.add(id);
		for (const [input, link] of linksOf(node)) if (follows(input)) queue.push(String(link[0]));
	}
	return [...seen];
}

export interface Step {
	id: string;
	node: GraphNode;
	/** The link by which the walk came here; its slot says which output is meant. */
	link: Link;
}

/**
 * Follows one link after the other: `next` names the link to follow from a node, or null to stop.
 * Yields every node on the way; ends at a missing node or where the way closes a circle.
 */
export function* follow(
	graph: ApiGraph,
	start: Link | null,
	next: (step: Step) => Link | null,
): Generator<Step> {
	const seen = new Set<string>();
	for (let link = start; link !== null;) {
		const id = String(link[0]);
		const node = nodeOf(graph, id);
		if (!node || seen.has(id)) return;
		seen.add(id);
		const step: Step = { id, node, link };
		yield step;
		link = next(step);
	}
}

/** Where a linked value really sits: an input of a node that only hands a value on (Primitive, String, Seed, ...). */
export function sourceOf(
	graph: ApiGraph,
	nodeId: string,
	input: string,
	kind: 'number' | 'string',
): { nodeId: string; input: string } | null {
	const node = nodeOf(graph, nodeId);
	const value = node ? inputOf(node, input) : undefined;
	if (!isLink(value)) return value === undefined ? null : { nodeId, input };
	for (const step of follow(graph, value, relay)) {
		const literal = literalInput(step.node, input, kind);
		if (literal !== null) return { nodeId: step.id, input: literal };
	}
	return null;
}

/** A reroute: one link in, nothing else. */
function relay(step: Step): Link | null {
	const links = linksOf(step.node);
	const [only] = links;
	return links.length === 1 && only && Object.keys(step.node.inputs).length === 1 ? only[1] : null;
}

const VALUE_INPUTS = [
	'value',
	'text',
	'string',
	'prompt',
	'seed',
	'noise_seed',
	'int',
	'float',
	'number',
];

/** The input that holds the value of a node without links, or null where that is not clear. */
function literalInput(node: GraphNode, wanted: string, kind: 'number' | 'string'): string | null {
	const entries = Object.entries(node.inputs);
	if (entries.some(([, value]) => isLink(value))) return null;
	const fitting = entries.filter(([, value]) => typeof value === kind).map(([name]) => name);
	const named = [wanted, ...VALUE_INPUTS].find((name) => fitting.includes(name));
	return named ?? (fitting.length === 1 ? (fitting[0] ?? null) : null);
}
