import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { closest, editDistance } from '../../../cli/did-you-mean';

describe('closest', () => {
	it.each([
		['selct', 'select'],
		['slecet', 'select'],
		['migrat', 'migrate'],
		['vram-moniter', 'vram-monitor'],
		['banana', null],
		['x', null],
	])('takes %s for %s', (typed, meant) => {
		expect(closest(typed, ['select', 'migrate', 'vram-monitor'])).toBe(meant);
	});
});

describe('editDistance', () => {
	it('is 0 for the same word only, symmetric, and at most the longer length', () => {
		const word = fc.string({ maxLength: 8 });
		fc.assert(
			fc.property(word, word, (a, b) => {
				const distance = editDistance(a, b);
				expect(distance === 0).toBe(a === b);
				expect(distance).toBe(editDistance(b, a));
				expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
			}),
		);
	});
});
