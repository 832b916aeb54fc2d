/** Compares graphs by what they compute, not by their node ids. */
import { type ApiGraph, isLink, nodeOf } from '../../lib/workflow/graph';

/** The output nodes with every link replaced by the node it leads to. Titles are left out. */
export function canonical(graph: ApiGraph, ignored: readonly string[] = []): unknown {
	const used = new Set(
		Object.values(graph).flatMap((node) =>
			Object.values(node.inputs).flatMap((value) => (isLink(value) ? [String(value[0])] : [])),
		),
	);
	const expand = (id: string): unknown => {
		const node = nodeOf(graph, id);
		if (!node) return `missing ${id}`;
		const inputs = Object.entries(node.inputs)
			.filter(([name]) => !ignored.includes(name))
			.map(([name, value]) => [name, isLink(value) ? [expand(String(value[0])), value[1]] : value]);
		return { class_type: node.class_type, inputs: Object.fromEntries(inputs) };
	};
	return Object.keys(graph)
		.filter((id) => !used.has(id))
		.map(expand);
}
