/** ComfyUI's default ("classic") cache: results of the previous prompt's nodes, by input signature, not by id. */
import { createHash } from 'node:crypto';

import { type ApiGraph, isLink } from '../../lib/workflow/graph';
import type { NodeUi } from './history';

export class NodeCache {
	private results = new Map<string, NodeUi | null>();

	/** Drops what the new prompt cannot use. */
	keepOnly(signatures: Iterable<string>): void {
		const kept = new Map<string, NodeUi | null>();
		for (const signature of signatures) {
			const ui = this.results.get(signature);
			if (ui !== undefined) kept.set(signature, ui);
		}
		this.results = kept;
	}

	has(signature: string): boolean {
		return this.results.has(signature);
	}

	/** The node's saved images, or null where it has none. */
	uiOf(signature: string): NodeUi | null {
		return this.results.get(signature) ?? null;
	}

	set(signature: string, ui: NodeUi | null): void {
		this.results.set(signature, ui);
	}

	clear(): void {
		this.results = new Map();
	}
}

/** Signature of every node that the outputs need: its class and inputs, links replaced by their signatures. */
export function signaturesOf(
	graph: ApiGraph,
	order: string[],
	fileDigest: (file: string) => string,
): Map<string, string> {
	const signatures = new Map<string, string>();
	for (const nodeId of order) {
		const node = graph[nodeId];
		if (!node) continue;
		const inputs = Object.entries(node.inputs)
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([name, value]) => [
				name,
				isLink(value) ? [signatures.get(String(value[0])), value[1]] : value,
			]);
		const image = node.inputs['image'];
		const digest =
			node.class_type.startsWith('LoadImage') && typeof image === 'string' ? fileDigest(image) : '';
		const text = JSON.stringify([node.class_type, inputs, digest]);
		signatures.set(nodeId, createHash('sha1').update(text).digest('hex'));
	}
	return signatures;
}
