/**
 * Turns JSON into an API-format graph. `parseGraph` is for what a person gives us and says what is wrong;
 * `looseGraph` is for what a server reports and keeps what can be used.
 */
import { invalidInput, type Problem, RouterError } from '../errors';
import { cleanText } from '../text';
import type { ApiGraph, GraphNode } from './graph';

/** Nodes in one graph: far above real workflows, far below what would stall us. */
const MAX_NODES = 20_000;

/**
 * @param json the parsed JSON (or the text of it) of a workflow saved with "Export (API)"; a whole POST /prompt body is taken, too
 * @throws RouterError WORKFLOW_UI_FORMAT for a workflow saved in the editor's format, WORKFLOW_INVALID for anything else
 */
export function parseGraph(json: unknown): ApiGraph {
	const value = unwrapPrompt(typeof json === 'string' ? parseText(json) : json);
	if (!isObject(value)) throw notAGraph('It is not a JSON object of nodes.');
	if (isUiFormat(value)) throw uiFormat();
	const entries = Object.entries(value);
	if (entries.length === 0) throw notAGraph('It has no nodes.');
	if (entries.length > MAX_NODES) throw notAGraph(`It has more than ${MAX_NODES} nodes.`);
	const problems: Problem[] = [];
	const nodes: [string, GraphNode][] = [];
	for (const [id, raw] of entries) {
		const fault = nodeFault(raw);
		if (fault) problems.push({ path: cleanText(id, 100), ...fault });
		else nodes.push([id, toNode(raw as RawNode)]);
	}
	if (problems.length > 0) throw invalidInput('WORKFLOW_INVALID', 'The workflow', problems);
	return Object.fromEntries(nodes);
}

/** What a server reports: nodes that are none are left out, nothing throws. */
export function looseGraph(json: unknown): ApiGraph {
	if (!isObject(json)) return {};
	const nodes = Object.entries(json)
		.slice(0, MAX_NODES)
		.filter((entry): entry is [string, RawNode] => nodeFault(entry[1]) === null)
		.map(([id, raw]): [string, GraphNode] => [id, toNode(raw)]);
	return Object.fromEntries(nodes);
}

interface RawNode {
	class_type: string;
	inputs: Record<string, unknown>;
	_meta?: unknown;
}

function parseText(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw notAGraph('It is not JSON.');
	}
}

/** `{"prompt": {...}}` as POST /prompt takes it. */
function unwrapPrompt(value: unknown): unknown {
	if (!isObject(value) || 'nodes' in value) return value;
	const inner = value['prompt'];
	return isObject(inner) && !('class_type' in inner) && !('inputs' in value) ? inner : value;
}

function isUiFormat(value: Record<string, unknown>): boolean {
	return (
		Array.isArray(value['nodes']) &&
		('links' in value || 'last_node_id' in value || 'version' in value)
	);
}

function nodeFault(raw: unknown): { message: string; hint: string } | null {
	const hint = 'Export the workflow again with Workflow > Export (API).';
	if (!isObject(raw)) return { message: 'Not a node.', hint };
	if (typeof raw['class_type'] !== 'string' || raw['class_type'] === '') {
		return { message: 'The node has no class_type.', hint };
	}
	return isObject(raw['inputs']) ? null : { message: 'The node has no inputs object.', hint };
}

function toNode(raw: RawNode): GraphNode {
	const title = isObject(raw._meta) ? raw._meta['title'] : undefined;
	const node: GraphNode = { class_type: raw.class_type, inputs: raw.inputs };
	if (typeof title === 'string') node._meta = { title };
	return node;
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function uiFormat(): RouterError {
	return new RouterError({
		code: 'WORKFLOW_UI_FORMAT',
		message: 'The workflow is in the format of the ComfyUI editor, which cannot be queued.',
		hint: 'In ComfyUI choose Workflow > Export (API) and use that file. Older versions: Settings > Enable dev mode options, then Save (API Format).',
	});
}

function notAGraph(what: string): RouterError {
	return new RouterError({
		code: 'WORKFLOW_INVALID',
		message: `The workflow cannot be used. ${what}`,
		hint: 'In ComfyUI choose Workflow > Export (API) and use the whole file.',
	});
}
