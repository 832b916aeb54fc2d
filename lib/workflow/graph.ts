/** ComfyUI's API-format graph: node id to class and inputs. A link is `[nodeId, outputIndex]`. */
export type Link = [string, number];

export interface GraphNode {
	class_type: string;
	inputs: Record<string, unknown>;
	_meta?: { title?: string };
}

export type ApiGraph = Record<string, GraphNode>;

/** True for an input that is a link to another node's output. */
export function isLink(value: unknown): value is Link {
	return (
		Array.isArray(value) &&
		value.length === 2 &&
		(typeof value[0] === 'string' || typeof value[0] === 'number') &&
		typeof value[1] === 'number'
	);
}

/** The node of that id, or undefined. Ids like "constructor" find no inherited property. */
export function nodeOf(graph: ApiGraph, id: string | number): GraphNode | undefined {
	return Object.hasOwn(graph, String(id)) ? graph[String(id)] : undefined;
}

/** An input's value, own properties only. */
export function inputOf(node: GraphNode, name: string): unknown {
	return Object.hasOwn(node.inputs, name) ? node.inputs[name] : undefined;
}

/** An input's link, or null where it is a value or absent. */
export function linkOf(node: GraphNode, name: string): Link | null {
	const value = inputOf(node, name);
	return isLink(value) ? value : null;
}

/** All links of a node: input name and link, in the order of its inputs. */
export function linksOf(node: GraphNode): [string, Link][] {
	return Object.entries(node.inputs).filter((entry): entry is [string, Link] => isLink(entry[1]));
}

/** Title a person gave the node, or undefined. */
export function titleOf(node: GraphNode): string | undefined {
	const title = node._meta?.title;
	return typeof title === 'string' && title !== '' ? title : undefined;
}
