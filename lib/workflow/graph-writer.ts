/** Writes values into a graph and notes what went where. Owns the only mutation of a graph. */
import { type ApiGraph, nodeOf } from './graph';
import type { InputRef } from './input-ref';

export class GraphWriter {
	readonly bound: string[] = [];
	readonly missing: string[] = [];

	constructor(readonly graph: ApiGraph) {}

	/** Sets every place, or notes that there is none. */
	set(name: string, places: readonly InputRef[], value: unknown): void {
		if (places.length === 0) this.missing.push(name);
		for (const place of places) this.write(name, place, value);
	}

	write(name: string, { nodeId, input }: InputRef, value: unknown): void {
		const node = nodeOf(this.graph, nodeId);
		if (!node) return;
		Object.defineProperty(node.inputs, input, {
			value,
			enumerable: true,
			configurable: true,
			writable: true,
		});
		this.bound.push(`${name} -> ${nodeId}.${input}`);
	}
}
