import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Block, sequence } from '../../../lib/optimizer/sequence';

const block = fc.record({
	family: fc.constantFrom('a', 'b', 'c'),
	loadSeconds: fc.integer({ min: 1, max: 20 }),
	seconds: fc.integer({ min: 1, max: 50 }),
	latestStarts: fc
		.array(fc.integer({ min: 0, max: 150 }), { maxLength: 3 })
		.map((starts) => starts.sort((a, b) => a - b)),
	jobs: fc.constant(1),
});

function scoreOf(blocks: readonly Block[], order: readonly number[]): number {
	let warm = 'a';
	let clock = 0;
	let late = 0;
	for (const index of order) {
		const one = blocks[index] as Block;
		clock += one.family === warm ? 0 : one.loadSeconds;
		late += one.latestStarts.filter((start) => start < clock).length;
		clock += one.seconds;
		warm = one.family;
	}
	return late * 1e6 + clock;
}

function orders(items: number[]): number[][] {
	if (items.length === 0) return [[]];
	return items.flatMap((item) =>
		orders(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
	);
}

describe('the order of families', () => {
	it('has the fewest late jobs, then the least loading, of all orders', () => {
		fc.assert(
			fc.property(fc.array(block, { maxLength: 5 }), (blocks) => {
				const found = sequence(blocks, 'a', 0);
				const every = orders(blocks.map((_, index) => index)).map((one) => scoreOf(blocks, one));
				expect(scoreOf(blocks, found)).toBe(Math.min(...every));
			}),
			{ numRuns: 150, seed: 1 },
		);
	});

	it('takes each family once beyond a dozen, the resident one first', () => {
		const blocks = Array.from({ length: 20 }, (_, index) => ({
			family: `f${index}`,
			loadSeconds: 5,
			seconds: 10,
			latestStarts: [],
			jobs: 1,
		}));
		const found = sequence(blocks, 'f7', 0);
		expect(found[0]).toBe(7);
		expect([...found].sort((a, b) => a - b)).toEqual(blocks.map((_, index) => index));
	});
});
