/** In which order ComfyUI runs the nodes of a graph: its ExecutionList, without what depends on run time. */
import { type ApiGraph, isLink } from '../../lib/workflow/graph';

/**
 * Nodes that the outputs need, each after those it depends on. Among nodes that could run, ComfyUI prefers an
 * output, then what an output waits for, then what that waits for, then the first it met.
 */
export function executionOrder(
	graph: ApiGraph,
	outputs: string[],
	isOutput: (nodeId: string) => boolean,
): string[] {
	const sources = sourcesInMeetingOrder(graph, outputs);
	const waiting = new Set(sources.keys());
	const blockedBy = (nodeId: string): string[] =>
		[...waiting].filter((other) => sources.get(other)?.includes(nodeId));
	const order: string[] = [];
	while (waiting.size > 0) {
		const ready = [...waiting].filter(
			(id) => !sources.get(id)?.some((source) => waiting.has(source)),
		);
		const next =
			ready.find(isOutput) ??
			ready.find((id) => blockedBy(id).some(isOutput)) ??
			ready.find((id) => blockedBy(id).some((blocked) => blockedBy(blocked).some(isOutput))) ??
			ready[0];
		if (next === undefined) throw new Error('The graph has a cycle.');
		waiting.delete(next);
		order.push(next);
	}
	return order;
}

/** What each needed node links to. The keys are in the order in which ComfyUI's stack meets the nodes. */
function sourcesInMeetingOrder(graph: ApiGraph, outputs: string[]): Map<string, string[]> {
	const sources = new Map<string, string[]>();
	for (const output of outputs) {
		const stack = [output];
		for (let nodeId = stack.pop(); nodeId !== undefined; nodeId = stack.pop()) {
			if (sources.has(nodeId)) continue;
			const linked = Object.values(graph[nodeId]?.inputs ?? {})
				.filter(isLink)
				.map((link) => String(link[0]));
			sources.set(nodeId, linked);
			stack.push(...linked);
		}
	}
	return sources;
}
