import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseText } from '../../../adapters/files/catalog-text';
import { readJsonText } from '../../../lib/schema/json-text';

function isJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false;
	}
}

/** What sync and calibration make of the same text; null where they refuse it. */
function valueOf(text: string): { value: unknown } | null {
	try {
		return { value: parseText(text).value };
	} catch {
		return null;
	}
}

function decorated(value: unknown, note: string): string {
	if (typeof value !== 'object' || value === null) return `${note}${JSON.stringify(value)}${note}`;
	const [open, close] = Array.isArray(value) ? '[]' : '{}';
	const entries = Array.isArray(value)
		? value.map((entry) => decorated(entry, note))
		: Object.entries(value).map(
				([key, entry]) => `${note}${JSON.stringify(key)}${note}:${decorated(entry, note)}`,
			);
	return `${note}${open}${entries.map((entry) => `${entry},`).join('')}${note}${close}${note}`;
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

	it('agrees with the editor of catalog files on every damaged text, and says where it is not readable', () => {
		const damaged = fc
			.tuple(
				fc.json(),
				fc.array(
					fc.tuple(
						fc.nat(),
						fc.nat(3),
						fc.constantFrom(
							'',
							',',
							'"',
							'}',
							']',
							'0',
							'x',
							'\\',
							'\n',
							'-',
							'.',
							'//',
							'/*',
							'*/',
						),
					),
					{ minLength: 1, maxLength: 3 },
				),
			)
			.map(([text, changes]) =>
				changes.reduce((now, [at, cut, piece]) => {
					const start = at % (now.length + 1);
					return now.slice(0, start) + piece + now.slice(start + cut);
				}, text),
			);
		fc.assert(
			fc.property(damaged, (text) => {
				const read = readJsonText(text);
				const edited = valueOf(text);
				if (read.problems.length === 0) expect(edited).toEqual({ value: read.value });
				else expect(edited).toBeNull();
				if (isJson(text)) expect(read.readable).toBe(true);
				if (!read.readable) expect(read.problems[0]?.message).toMatch(/^line \d+, column \d+: ./);
			}),
			{ numRuns: 3000 },
		);
	});

	it('reads the same with comments between all tokens and a comma after every last entry', () => {
		fc.assert(
			fc.property(
				fc.jsonValue(),
				fc.constantFrom('/**/', '// x\n', ' /* "a": [ */ '),
				(value, note) => {
					const text = decorated(value, note);
					expect(readJsonText(text)).toEqual({
						readable: true,
						value: JSON.parse(JSON.stringify(value)),
						problems: [],
					});
				},
			),
		);
	});

	it('names keys given twice by path and place', () => {
		const { problems, readable } = readJsonText('{"a": [{"b": 1,\n"b": 2}], "a": 3}');
		expect(readable).toBe(true);
		expect(problems.map(({ path }) => path)).toEqual(['a[0].b', 'a']);
		expect(problems[0]?.message).toContain('line 2, column 1');
	});
});
