/** Adds nodes to a graph one after the other. Owns the ids; knows no family. */
import type { ApiGraph, Link } from '../graph';

export class GraphBuilder {
	readonly graph: ApiGraph = {};
	private next = 1;

	/** @returns the new node's id */
	add(classType: string, title: string, inputs: Record<string, unknown>): string {
		const id = String(this.next++);
		this.graph[id] = { class_type: classType, inputs, _meta: { title } };
		return id;
	}

	/** Adds a node and links to its first output. */
	link(classType: string, title: string, inputs: Record<string, unknown>): Link {
		return [this.add(classType, title, inputs), 0];
	}
}
