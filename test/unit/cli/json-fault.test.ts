import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { findJsonFault } from '../../../cli/json-fault';

function isJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false;
	}
}

describe('findJsonFault', () => {
	it.each([
		['{"a":1,}', 1, 8],
		['[1,,2]', 1, 4],
		['[1,]', 1, 4],
		['{\n\t"a": 1\n\t"b": 2\n}', 3, 2],
		['{"a" 1}', 1, 6],
		["{'a':1}", 1, 2],
		['{"a":01}', 1, 7],
		['// no\n{}', 1, 1],
		['{} {}', 1, 4],
		['[1}', 1, 3],
		['{"a":"\n"}', 1, 6],
		['{"a":NaN}', 1, 6],
		['{"a":', 1, 6],
		['', 1, 1],
	])('finds where %j goes wrong: line %d, column %d', (text, line, column) => {
		expect(findJsonFault(text)).toEqual({ line, column });
	});

	it('agrees with JSON.parse on every text, also on broken ones', () => {
		const broken = fc
			.tuple(
				fc.json(),
				fc.nat(),
				fc.constantFrom('', ',', '"', '}', ']', ':', '1', '-', '\\', '\n', 'e'),
			)
			.map(([text, at, piece]) => {
				const index = at % (text.length + 1);
				return text.slice(0, index) + piece + text.slice(index + 1);
			});
		fc.assert(
			fc.property(fc.oneof(fc.json(), broken, fc.string()), (text) => {
				expect(findJsonFault(text) === null).toBe(isJson(text));
			}),
			{ numRuns: 2000 },
		);
	});

	it('does not mind 100,000 levels', () => {
		const depth = 100_000;
		expect(findJsonFault('['.repeat(depth) + ']'.repeat(depth))).toBeNull();
	});
});
