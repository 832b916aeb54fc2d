import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readJsonText } from '../../../lib/schema/json-text';

function isJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false;
	}
}

describe('readJsonText', () => {
	it('reads every JSON value as JSON.parse does, without problems', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
				const text = JSON.stringify(value, null, indent);
				expect(readJsonText(text)).toEqual({
					readable: true,
					value: JSON.parse(text),
					problems: [],
				});
			}),
		);
	});

	it('agrees with JSON.parse on whether a damaged text is JSON, and says where it is not', () => {
		const damaged = fc
			.tuple(
				fc.json(),
				fc.nat(),
				fc.nat(3),
				fc.constantFrom('', ',', '"', '}', '0', 'x', '\\', '\n', '-', '.'),
			)
			.map(([text, at, cut, piece]) => {
				const start = at % (text.length + 1);
				return text.slice(0, start) + piece + text.slice(start + cut);
			});
		fc.assert(
			fc.property(damaged, (text) => {
				const read = readJsonText(text);
				expect(read.readable).toBe(isJson(text));
				if (!read.readable) expect(read.problems[0]?.message).toMatch(/^line \d+, column \d+: ./);
			}),
			{ numRuns: 2000 },
		);
	});

	it('names keys given twice by path and place', () => {
		const { problems, readable } = readJsonText('{"a": [{"b": 1,\n"b": 2}], "a": 3}');
		expect(readable).toBe(true);
		expect(problems.map(({ path }) => path)).toEqual(['a[0].b', 'a']);
		expect(problems[0]?.message).toContain('line 2, column 1');
	});
});
