/**
 * Model files of a graph under the names that one server lists them by. ComfyUI takes a file by that name alone, which
 * holds the sub-folder (with backslashes on Windows), while a catalog for many servers may leave it out.
 */
import { baseName, isSameFile } from './file-names';
import type { ApiGraph, GraphNode } from './graph';

const MODEL_FILE = /\.(safetensors|sft|gguf|ckpt|pt|pth|bin)$/i;

/**
 * @param installed as the server lists them; null: unknown, then nothing is changed
 * @returns a new graph where a name differs, else the one given, which is never changed
 */
export function withServerFileNames(
	graph: ApiGraph,
	installed: readonly string[] | null,
): ApiGraph {
	if (installed === null) return graph;
	const known = new Set(installed);
	const named: ApiGraph = { ...graph };
	let changed = false;
	for (const [id, node] of Object.entries(graph)) {
		const renamed = renamedInputs(node, installed, known);
		if (renamed.length === 0) continue;
		changed = true;
		named[id] = { ...node, inputs: { ...node.inputs, ...Object.fromEntries(renamed) } };
	}
	return changed ? named : graph;
}

/** A file that the server does not list stays as it is: the server's answer says that it is missing. */
function renamedInputs(
	node: GraphNode,
	installed: readonly string[],
	known: ReadonlySet<string>,
): [string, string][] {
	return Object.entries(node.inputs).flatMap(([input, value]): [string, string][] => {
		if (typeof value !== 'string' || known.has(value) || !MODEL_FILE.test(value)) return [];
		// as the router counts it: a file of that name anywhere in the folder
		const name =
			installed.find((one) => isSameFile(one, value)) ??
			installed.find((one) => baseName(one) === baseName(value));
		return name === undefined ? [] : [[input, name]];
	});
}
