/** The progress registry of one prompt: what `progress_state` frames carry. */

interface NodeProgress {
	value: number;
	max: number;
	state: 'running' | 'finished' | 'error';
}

export class Progress {
	private readonly nodes = new Map<string, NodeProgress>();

	constructor(private readonly promptId: string) {}

	start(nodeId: string): void {
		this.nodes.set(nodeId, { value: 0, max: 1, state: 'running' });
	}

	step(nodeId: string, value: number, max: number): void {
		this.nodes.set(nodeId, { value, max, state: 'running' });
	}

	finish(nodeId: string): void {
		const max = this.nodes.get(nodeId)?.max ?? 1;
		this.nodes.set(nodeId, { value: max, max, state: 'finished' });
	}

	/** The data of a `progress_state` frame. */
	frame(): Record<string, unknown> {
		const nodes = [...this.nodes].map(([nodeId, progress]) => [
			nodeId,
			{ ...progress, ...this.identity(nodeId) },
		]);
		return { prompt_id: this.promptId, nodes: Object.fromEntries(nodes) as unknown };
	}

	/** How frames name a node. */
	identity(nodeId: string): Record<string, unknown> {
		return {
			node_id: nodeId,
			prompt_id: this.promptId,
			display_node_id: nodeId,
			parent_node_id: null,
			real_node_id: nodeId,
		};
	}
}
