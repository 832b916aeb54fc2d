/**
 * The order in which a server runs its families of jobs: fewest late jobs, then least time spent on loads, then the
 * jobs done earliest in the mean. Exact up to a dozen blocks by dynamic programming over subsets (Held and Karp, 1962),
 * beyond that by insertion and exchange.
 */

/** Jobs of one model that run one after the other. */
export interface Block {
	/** Weights: a block after one of the same family needs no load. */
	family: string;
	loadSeconds: number;
	/** Of all its jobs. */
	seconds: number;
	/** For each job with a deadline: the latest second at which the block's first job may start. Ascending. */
	latestStarts: number[];
	jobs: number;
}

/** Blocks the exact search takes. */
export const EXACT_BLOCKS = 12;

interface Label {
	late: number;
	seconds: number;
	/** Sum over jobs of the second their block ends. */
	flow: number;
	last: number;
	parent: Label | null;
}

/**
 * @param resident family that is loaded at the start, or null
 * @param startSeconds when the server is free
 * @returns indices of the blocks in running order
 */
export function sequence(
	blocks: readonly Block[],
	resident: string | null,
	startSeconds: number,
): number[] {
	const start: Label = { late: 0, seconds: startSeconds, flow: 0, last: -1, parent: null };
	if (blocks.length <= EXACT_BLOCKS) return pathOf(exact(blocks, resident, start));
	return exchanged(blocks, inserted(blocks, resident, start), resident, start);
}

function after(
	blocks: readonly Block[],
	label: Label,
	next: number,
	resident: string | null,
): Label {
	const block = blocks[next] as Block;
	const warm = label.last < 0 ? resident : (blocks[label.last] as Block).family;
	const begins = label.seconds + (warm === block.family ? 0 : block.loadSeconds);
	const seconds = begins + block.seconds;
	return {
		late: label.late + lateJobs(block.latestStarts, begins),
		seconds,
		flow: label.flow + block.jobs * seconds,
		last: next,
		parent: label,
	};
}

/** How many must have begun before. */
function lateJobs(latestStarts: readonly number[], begins: number): number {
	let low = 0;
	let high = latestStarts.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((latestStarts[middle] as number) < begins - 1e-9) low = middle + 1;
		else high = middle;
	}
	return low;
}

function isBetter(a: Label, b: Label): boolean {
	if (a.late !== b.late) return a.late < b.late;
	if (Math.abs(a.seconds - b.seconds) > 1e-9) return a.seconds < b.seconds;
	return a.flow < b.flow - 1e-9;
}

/** For each set of blocks and last block, the labels that no other beats in both late jobs and time. */
function exact(blocks: readonly Block[], resident: string | null, start: Label): Label {
	const n = blocks.length;
	let best: Label | null = n === 0 ? start : null;
	const table = new Map<number, Label[]>([[-1, [start]]]);
	for (let set = 0; set < 1 << n; set++) {
		for (let last = set === 0 ? -1 : 0; last < (set === 0 ? 0 : n); last++) {
			const labels = table.get(set * n + last);
			if (labels === undefined) continue;
			table.delete(set * n + last);
			for (const label of labels) {
				if (set === (1 << n) - 1 && (best === null || isBetter(label, best))) best = label;
				for (let next = 0; next < n; next++) {
					if (set & (1 << next)) continue;
					keep(table, (set | (1 << next)) * n + next, after(blocks, label, next, resident));
				}
			}
		}
	}
	return best as Label;
}

function keep(table: Map<number, Label[]>, key: number, label: Label): void {
	const known = table.get(key);
	if (known === undefined) {
		table.set(key, [label]);
		return;
	}
	const beats = (a: Label, b: Label): boolean =>
		a.late <= b.late &&
		a.seconds <= b.seconds + 1e-9 &&
		(a.late < b.late || a.seconds < b.seconds - 1e-9 || a.flow <= b.flow);
	if (known.some((other) => beats(other, label))) return;
	table.set(key, [...known.filter((other) => !beats(label, other)), label]);
}

function pathOf(label: Label): number[] {
	const path: number[] = [];
	for (let at: Label | null = label; at !== null && at.last >= 0; at = at.parent)
		path.push(at.last);
	return path.reverse();
}

function walked(
	blocks: readonly Block[],
	order: readonly number[],
	resident: string | null,
	start: Label,
): Label {
	return order.reduce((label, next) => after(blocks, label, next, resident), start);
}

/** Each block, the most urgent first, where it does least harm. */
function inserted(blocks: readonly Block[], resident: string | null, start: Label): number[] {
	const byUrgency = blocks.map((_, index) => index);
	const urgency = (index: number): number => blocks[index]?.latestStarts[0] ?? Infinity;
	byUrgency.sort((a, b) => compare(urgency(a), urgency(b)) || a - b);
	let order: number[] = [];
	for (const block of byUrgency) {
		let best: { order: number[]; label: Label } | null = null;
		for (let at = 0; at <= order.length; at++) {
			const tried = [...order.slice(0, at), block, ...order.slice(at)];
			const label = walked(blocks, tried, resident, start);
			if (best === null || isBetter(label, best.label)) best = { order: tried, label };
		}
		order = best?.order ?? order;
	}
	return order;
}

function compare(a: number, b: number): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

const MOST_ROUNDS = 20;

/** Turns stretches round while that helps (2-opt). */
function exchanged(
	blocks: readonly Block[],
	order: number[],
	resident: string | null,
	start: Label,
): number[] {
	let best = order;
	let label = walked(blocks, best, resident, start);
	for (let round = 0, improved = true; improved && round < MOST_ROUNDS; round++) {
		improved = false;
		for (let i = 0; i < best.length - 1; i++) {
			for (let j = i + 1; j < best.length; j++) {
				const turned = best.slice(i, j + 1).reverse();
				const tried = [...best.slice(0, i), ...turned, ...best.slice(j + 1)];
				const reached = walked(blocks, tried, resident, start);
				if (!isBetter(reached, label)) continue;
				[best, label, improved] = [tried, reached, true];
			}
		}
	}
	return best;
}
