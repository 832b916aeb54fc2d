/** A binary heap of timed things: earliest first, and among equals in the order they were added. */

interface Entry<T> {
	time: number;
	rank: number;
	order: number;
	value: T;
}

/** True when `a` comes before `b`. */
function before<T>(a: Entry<T>, b: Entry<T>): boolean {
	if (a.time !== b.time) return a.time < b.time;
	if (a.rank !== b.rank) return a.rank < b.rank;
	return a.order < b.order;
}

export class EventQueue<T> {
	readonly #heap: Entry<T>[] = [];
	#added = 0;

	get size(): number {
		return this.#heap.length;
	}

	/** When the next one is due; Infinity when there is none. */
	get nextTime(): number {
		return this.#heap[0]?.time ?? Infinity;
	}

	/** `rank` orders what happens at the same time: lower first. */
	add(time: number, rank: number, value: T): void {
		const heap = this.#heap;
		const entry = { time, rank, order: this.#added++, value };
		let at = heap.length;
		heap.push(entry);
		while (at > 0) {
			const parent = (at - 1) >> 1;
			if (!before(entry, heap[parent] as Entry<T>)) break;
			heap[at] = heap[parent] as Entry<T>;
			at = parent;
		}
		heap[at] = entry;
	}

	/** Removes and returns the next one. */
	take(): T | undefined {
		const heap = this.#heap;
		const first = heap[0];
		const last = heap.pop();
		if (first === undefined || last === undefined) return undefined;
		if (heap.length > 0) this.#sink(last);
		return first.value;
	}

	/** The values in order; for views of short queues. */
	inOrder(): T[] {
		return [...this.#heap].sort((a, b) => (before(a, b) ? -1 : 1)).map((entry) => entry.value);
	}

	clear(): T[] {
		const values = this.inOrder();
		this.#heap.length = 0;
		return values;
	}

	#sink(entry: Entry<T>): void {
		const heap = this.#heap;
		let at = 0;
		for (;;) {
			let child = 2 * at + 1;
			if (child >= heap.length) break;
			if (child + 1 < heap.length && before(heap[child + 1] as Entry<T>, heap[child] as Entry<T>))
				child++;
			if (!before(heap[child] as Entry<T>, entry)) break;
			heap[at] = heap[child] as Entry<T>;
			at = child;
		}
		heap[at] = entry;
	}
}
