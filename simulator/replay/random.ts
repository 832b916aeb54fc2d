/** Random numbers beside those of the GPU model: seeds, waiting times, choices. All chance of a replay is seeded. */
import type { Random } from '../gpu/random';

export { noiseFactor, type Random, seededRandom } from '../gpu/random';

/** Mixes any number of integers into one 32-bit seed, so that streams of one run do not correlate. */
export function mixSeed(...parts: number[]): number {
	let hash = 0x9e3779b9;
	for (const part of parts) {
		hash = Math.imul(hash ^ (part | 0), 0x85ebca6b);
		hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
		hash ^= hash >>> 16;
	}
	return hash >>> 0;
}

/** Exponential with the given mean. */
export function exponential(random: Random, mean: number): number {
	return -mean * Math.log(1 - random());
}

/** One of the items; `weights` (same length) default to equal. */
export function pick<T>(random: Random, items: readonly T[], weights?: readonly number[]): T {
	if (items.length === 0) throw new RangeError('pick() needs at least one item.');
	const total = weights ? weights.reduce((a, b) => a + b, 0) : items.length;
	let rest = random() * total;
	for (let i = 0; i < items.length; i++) {
		rest -= weights ? (weights[i] as number) : 1;
		if (rest < 0) return items[i] as T;
	}
	return items[items.length - 1] as T;
}
