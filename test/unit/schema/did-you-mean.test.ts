import { describe, expect, it } from 'vitest';

import { closest, editDistance } from '../../../lib/schema/did-you-mean';

describe('editDistance', () => {
	it.each([
		['', 'abc', 3],
		['photo', 'photo', 0],
		['phoot', 'photo', 1],
		['stpes', 'steps', 1],
		['kitten', 'sitting', 3],
	])('from %s to %s', (from, to, edits) => {
		expect(editDistance(from, to)).toBe(edits);
		expect(editDistance(to, from)).toBe(edits);
	});
});

describe('closest', () => {
	const known = ['sampler_name', 'scheduler', 'steps', 'avg_time_seconds'];

	it.each([
		['Steps', 'steps'],
		['step', 'steps'],
		['samplerName', 'sampler_name'],
		['sampler', 'sampler_name'],
		['sheduler', 'scheduler'],
		['avg_time_secs', 'avg_time_seconds'],
	])('finds %s', (word, meant) => {
		expect(closest(word, known)).toBe(meant);
	});

	it.each([['colour'], [''], ['_'], ['x'.repeat(100_000)]])(
		'finds nothing for what is not near',
		(word) => {
			expect(closest(word, known)).toBeNull();
		},
	);
});
