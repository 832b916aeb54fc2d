/**
 * The queue of prompts: a binary heap by (number, prompt_id) exactly as Python's heapq keeps it, so that
 * `/queue` shows pending items in the same order as ComfyUI. Owns order only; runs nothing.
 */
import type { ApiGraph } from '../../lib/workflow/graph';

export interface QueuedPrompt {
	number: number;
	promptId: string;
	graph: ApiGraph;
	extraData: Record<string, unknown>;
	outputs: string[];
}

/** The 5-tuple of `/queue` and `/history`. */
export function promptTuple(prompt: QueuedPrompt): unknown[] {
	return [prompt.number, prompt.promptId, prompt.graph, prompt.extraData, prompt.outputs];
}

/** Same number and same id: Python goes on to compare two dicts, which raises. The item is in the heap by then. */
export class IncomparablePrompts extends Error {}

export class PromptQueue {
	private heap: QueuedPrompt[] = [];
	running: QueuedPrompt | null = null;

	get remaining(): number {
		return this.heap.length + (this.running ? 1 : 0);
	}

	get pending(): readonly QueuedPrompt[] {
		return this.heap;
	}

	/** @throws IncomparablePrompts when an equal item is met; the item stays queued */
	push(prompt: QueuedPrompt): void {
		this.heap.push(prompt);
		this.siftTowardsRoot(0, this.heap.length - 1, true);
	}

	pop(): QueuedPrompt | null {
		const last = this.heap.pop();
		if (!last) return null;
		const first = this.heap[0];
		if (!first) return last;
		this.heap[0] = last;
		this.siftTowardsLeaves(0);
		return first;
	}

	clear(): QueuedPrompt[] {
		const removed = this.heap;
		this.heap = [];
		return removed;
	}

	/** Removes the first match only, then restores the heap. */
	delete(promptId: string): QueuedPrompt | null {
		const index = this.heap.findIndex((prompt) => prompt.promptId === promptId);
		if (index < 0) return null;
		const [removed] = this.heap.splice(index, 1);
		for (let i = Math.floor(this.heap.length / 2) - 1; i >= 0; i -= 1) this.siftTowardsLeaves(i);
		return removed ?? null;
	}

	private at(index: number): QueuedPrompt {
		return this.heap[index] as QueuedPrompt;
	}

	private siftTowardsRoot(start: number, from: number, strict = false): void {
		const item = this.at(from);
		let position = from;
		while (position > start) {
			const parentIndex = (position - 1) >> 1;
			const parent = this.at(parentIndex);
			if (strict && equal(item, parent)) throw new IncomparablePrompts(item.promptId);
			if (!less(item, parent)) break;
			this.heap[position] = parent;
			position = parentIndex;
			this.heap[position] = item;
		}
		this.heap[position] = item;
	}

	private siftTowardsLeaves(start: number): void {
		const end = this.heap.length;
		const item = this.at(start);
		let position = start;
		let child = 2 * position + 1;
		while (child < end) {
			const right = child + 1;
			if (right < end && !less(this.at(child), this.at(right))) child = right;
			this.heap[position] = this.at(child);
			position = child;
			child = 2 * position + 1;
		}
		this.heap[position] = item;
		this.siftTowardsRoot(start, position);
	}
}

function less(a: QueuedPrompt, b: QueuedPrompt): boolean {
	return a.number !== b.number ? a.number < b.number : a.promptId < b.promptId;
}

function equal(a: QueuedPrompt, b: QueuedPrompt): boolean {
	return a.number === b.number && a.promptId === b.promptId;
}
