/** Whether a graph's text encoder loaders can take a model's encoders. Owns the rule; changes nothing. */
import { baseName } from './file-names';
import { type ApiGraph, inputOf, nodeOf } from './graph';
import type { InputRef } from './input-ref';
import { valueAt } from './parameters';

/** True where each encoder has a place, or the graph names all of them already. */
export function takesEncoders(
	graph: ApiGraph,
	places: readonly InputRef[],
	encoders: readonly string[],
): boolean {
	const counts = [0, places.length];
	if (places.length === 0 || counts.includes(encoders.length)) return true;
	const own = places.map((place) => valueAt(graph, place));
	return encoders.every((file) =>
		own.some((name) => typeof name === 'string' && baseName(name) === baseName(file)),
	);
}

/** The `type` that the loaders are set to; null where they have none, or it is computed. */
export function encoderType(graph: ApiGraph, places: readonly InputRef[]): string | null {
	for (const place of places) {
		const node = nodeOf(graph, place.nodeId);
		const type = node ? inputOf(node, 'type') : undefined;
		if (typeof type === 'string') return type;
	}
	return null;
}
