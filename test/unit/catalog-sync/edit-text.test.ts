import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { applyChanges, parseText } from '../../../adapters/files/catalog-text';
import type { SyncChange } from '../../../lib/catalog-sync';

const disable = (index: number): SyncChange => ({
	kind: 'disable',
	model: 'm',
	index,
	reason: 'Files missing: a.safetensors',
});
const enable = (index: number): SyncChange => ({ kind: 'enable', model: 'm', index });
const add = (name: string): SyncChange => ({
	kind: 'add',
	model: name,
	entry: { name, files: { checkpoint: 'x' } },
	summary: '',
});

const HAND_EDITED = `{
  // my catalog, do not reformat!
  "version": 1,
  "models": [
    { "name": "one-liner",   "purposes": {"photo": 1.0} },
    {
      "name": "with comments", // the good one
      "purposes": {
          "photo": 0.90   /* measured by Ana */
      },
      "enabled": true // yes
    },
    {
      "name": "no enabled",
      "purposes": { "photo": 5e-1 }   // last
    }
  ]
}
`;

function models(text: string): Array<Record<string, unknown>> {
	return (parseText(text).value as { models: Array<Record<string, unknown>> }).models;
}

describe('editing a hand-written catalog', () => {
	it.each([0, 1, 2])(
		'disables entry %i and gives back every byte when it is enabled again',
		(index) => {
			const disabled = applyChanges(HAND_EDITED, [disable(index)]);
			expect(models(disabled)[index]).toMatchObject({
				enabled: false,
				x_disabled_reason: 'Files missing: a.safetensors',
			});
			expect(applyChanges(disabled, [enable(index)])).toBe(HAND_EDITED);
		},
	);

	it('leaves comments on the lines they were written for', () => {
		const disabled = applyChanges(HAND_EDITED, [disable(2)]);
		expect(disabled).toContain(
			'"purposes": { "photo": 5e-1 },   // last\n      "x_disabled_reason"',
		);
	});

	it('appends entries in the file’s own indentation behind all others', () => {
		const added = applyChanges(HAND_EDITED, [add('new')]);
		expect(added).toContain('\n    },\n    {\n      "name": "new",\n');
		expect(models(added).map((model) => model.name)).toEqual([
			'one-liner',
			'with comments',
			'no enabled',
			'new',
		]);
		expect(added.replace(/,\n {4}\{\n {6}"name": "new"[^]*?\n {4}\}/, '')).toBe(HAND_EDITED);
	});

	it.each([
		['an empty list', '{"version": 1, "models": []}'],
		['an empty list over two lines', '{\n\t"version": 1,\n\t"models": [\n\t]\n}\n'],
		['an empty list with a comment', '{\n\t"version": 1,\n\t"models": [ // none yet\n\t]\n}\n'],
		['a trailing comma', '{\n "models": [\n  {"name": "a"},\n ],\n}'],
		['one line', '{"models":[{"name":"a"}]}'],
		['Windows line ends', '{\r\n  "models": [\r\n    { "name": "a" }\r\n  ]\r\n}\r\n'],
	])('appends to %s', (_case, text) => {
		const before = models(text).map((model) => model.name);
		const after = applyChanges(text, [add('x'), add('y')]);
		expect(models(after).map((model) => model.name)).toEqual([...before, 'x', 'y']);
		expect(isSubsequence(text, after)).toBe(true);
		if (text.includes('\r\n')) expect(after.replaceAll('\r\n', '')).not.toContain('\n');
	});

	it('loses no byte of any catalog, and gives it back after disabling and enabling', () => {
		fc.assert(
			fc.property(catalogText(), fc.nat({ max: 4 }), (text, which) => {
				const index = which % models(text).length;
				const changed = applyChanges(text, [disable(index), add('new')]);
				expect(models(changed).at(-1)).toMatchObject({ name: 'new' });
				const disabled = applyChanges(text, [disable(index)]);
				expect(models(disabled)[index]?.enabled).toBe(false);
				expect(applyChanges(disabled, [enable(index)])).toBe(text);
			}),
			{ numRuns: 300 },
		);
	});

	it('keeps the byte order mark that editors on Windows write', () => {
		const marked = `\uFEFF${HAND_EDITED}`;
		const added = applyChanges(marked, [disable(0), add('new')]);
		expect(added.startsWith('\uFEFF{')).toBe(true);
		expect(models(added).at(-1)).toMatchObject({ name: 'new' });
		const disabled = applyChanges(marked, [disable(0)]);
		expect(applyChanges(disabled, [enable(0)])).toBe(marked);
	});

	it.each([
		['in an entry', '{"models": [\n{"enabled": true, "enabled": false}]}', /"enabled", line 2/],
		['at the top', '{"models": [], \n"models": [{}]}', /"models", line 2/],
	])('refuses a key given twice %s, of which only one would count', (_case, text, message) => {
		expect(() => parseText(text)).toThrow(message);
	});

	it.each([
		['brackets that never close', '['.repeat(200_000)],
		['brackets that do', `{"a": ${'['.repeat(5000)}${']'.repeat(5000)}}`],
	])('refuses %s without exhausting the stack', (_case, text) => {
		expect(() => parseText(text)).toThrow(expect.objectContaining({ code: 'CATALOG_INVALID' }));
	});

	it('says where a text is not JSON', () => {
		expect(() => parseText('{\n  "models": [\n    { "name": }\n  ]\n}')).toThrow(/line 3/);
	});
});

/** Catalogs as people write them: any layout, comments and commas anywhere they are allowed. */
function catalogText(): fc.Arbitrary<string> {
	const filler = fc.constantFrom('', ' ', '\n', '\n    ', '\t', ' /* why */ ', ' // because\n');
	const value = fc.constantFrom(
		'1',
		'1.50',
		'"a // b"',
		'{"photo": 9e-1}',
		'[ ]',
		'true',
		'"\\u00e9 }"',
	);
	const property = fc.tuple(fc.integer({ min: 0, max: 9 }), value, filler, filler, filler);
	const entry = fc
		.tuple(fc.array(property, { maxLength: 4 }), fc.boolean(), filler, fc.boolean())
		.map(([properties, trailing, last, explicit]) => {
			const own = properties.map(([, v, a, b, c], i) => `${a}"x_${i}"${b}:${c}${v}`);
			const all = ['"name": "m"', ...own, ...(explicit ? ['\n"enabled": true'] : [])];
			return `{${all.join(',')}${trailing ? ',' : ''}${last}}`;
		});
	return fc
		.tuple(
			fc.array(fc.tuple(entry, filler, filler), { minLength: 1, maxLength: 5 }),
			fc.boolean(),
			filler,
		)
		.map(([entries, trailing, tail]) => {
			const items = entries.map(([text, before, after]) => `${before}${text}${after}`);
			return `{ "models" : [${items.join(',')}${trailing ? ',' : ''}${tail}] }`;
		});
}

function isSubsequence(short: string, long: string): boolean {
	let position = 0;
	for (const character of long) if (character === short[position]) position += 1;
	return position === short.length;
}

describe('a key that would change what an object inherits', () => {
	it('is refused with its place, not dropped', () => {
		const text = '{\n "models": [{"__proto__": {"enabled": true}}]}';
		expect(() => parseText(text)).toThrowError(/"__proto__", line 2, column 14/);
	});
});
