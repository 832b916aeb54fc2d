/** Ended prompts in order of their end, as `/history` gives them. A ring of 10,000 as in ComfyUI. */
import { type QueuedPrompt, promptTuple } from './prompt-queue';

const MOST_ENTRIES = 10_000;

export interface ImageRef {
	filename: string;
	subfolder: string;
	type: string;
}

/** What a node shows: saved images, or texts. */
export interface NodeUi {
	images?: ImageRef[];
	text?: string[];
}

export type StatusMessage = [event: string, data: Record<string, unknown>];

export interface EndedPrompt {
	prompt: QueuedPrompt;
	outputs: Record<string, NodeUi>;
	completed: boolean;
	messages: StatusMessage[];
}

export class History {
	private readonly entries = new Map<string, EndedPrompt>();

	/** An id that ended before is overwritten (and moves to its new place only if it was removed), as a Python dict. */
	add(ended: EndedPrompt): void {
		if (this.entries.size >= MOST_ENTRIES) {
			const oldest = this.entries.keys().next().value;
			if (oldest !== undefined) this.entries.delete(oldest);
		}
		this.entries.set(ended.prompt.promptId, ended);
	}

	get(promptId: string): EndedPrompt | undefined {
		return this.entries.get(promptId);
	}

	all(): EndedPrompt[] {
		return [...this.entries.values()];
	}

	delete(promptId: string): void {
		this.entries.delete(promptId);
	}

	clear(): void {
		this.entries.clear();
	}
}

/** One entry in the shape of `/history/{id}`. */
export function historyEntry(ended: EndedPrompt): Record<string, unknown> {
	return {
		prompt: promptTuple(ended.prompt),
		outputs: ended.outputs,
		status: {
			status_str: ended.completed ? 'success' : 'error',
			completed: ended.completed,
			messages: ended.messages,
		},
		meta: Object.fromEntries(
			Object.keys(ended.outputs).map((nodeId) => [nodeId, nodeMeta(nodeId)]),
		),
	};
}

function nodeMeta(nodeId: string): Record<string, unknown> {
	return { node_id: nodeId, display_node: nodeId, parent_node: null, real_node_id: nodeId };
}
