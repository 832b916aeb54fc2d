import { describe, expect, it } from 'vitest';

import { parseCatalogText } from '../../../lib/catalog/parse';
import { RouterError } from '../../../lib/errors';

function failure(text: string, path?: string): RouterError {
	try {
		parseCatalogText(text, path);
	} catch (error) {
		if (error instanceof RouterError) return error;
		throw error;
	}
	throw new Error('It was accepted.');
}

describe('parseCatalogText', () => {
	it('reads a file with a byte order mark', () => {
		expect(parseCatalogText('\uFEFF{"version": 1, "models": []}').models).toEqual([]);
	});

	it('reads comments and commas after the last entry, as sync keeps them', () => {
		const text = '// mine\n{"version": 1, /* none yet */ "models": [],\n} // the end';
		expect(parseCatalogText(text).models).toEqual([]);
	});

	it('counts lines and columns of the text as it is, comments included', () => {
		const { problems } = failure('{ /* a\n b */ "version": 1, // c\n "models": [], "models": [] }');
		expect(problems[0]?.message).toContain('line 3, column 16');
	});

	it('leaves what looks like a comment inside a text alone', () => {
		const text = '{"version": 1, "models": [], "notes": "see https://host/*a*/ ,]"}';
		expect(parseCatalogText(text)).toMatchObject({ notes: 'see https://host/*a*/ ,]' });
	});

	it('names the file in the message', () => {
		expect(failure('{', '/data/models_config.json').message).toContain('/data/models_config.json');
	});

	it.each([
		['', 1, 1, 'Write at least'],
		['{\n  "version": 1,,\n}', 2, 16, 'every key is in double quotes'],
		['{"models": [,]}', 1, 13, 'remove the comma'],
		['{\n  "version": 1\n  "models": []\n}', 3, 3, 'Separate entries'],
		['{"models": [1, 2', 1, 12, 'cut off'],
		["{'version': 1}", 1, 2, 'double quotes'],
		['{version: 1}', 1, 2, 'double quotes'],
		['{"version": 1} x', 1, 16, 'Remove what follows'],
		['{"version": NaN}', 1, 13, 'Leave the key out'],
		['{"enabled": True}', 1, 13, 'small letters'],
		['{"file": "C:\\models"}', 1, 13, 'backslash twice'],
		['{\n# mine\n}', 2, 1, 'notes'],
		['{\n/ mine\n}', 2, 1, 'between /* and */'],
		['{}\n/* mine', 2, 1, 'Add */'],
		['{"steps": 020}', 1, 12, 'without units'],
		['{"name": "a\nb"}', 1, 12, 'same line'],
		['{"name": "a', 1, 10, 'closing double quote'],
		['['.repeat(100_000), 1, 502, 'pasted into itself'],
	])('says where %j is broken', (text, line, column, hint) => {
		const [problem] = failure(text).problems;
		expect(problem?.message).toContain(`line ${line}, column ${column}:`);
		expect(problem?.hint).toContain(hint);
	});

	it('reports a key given twice together with the other faults', () => {
		const { problems } = failure('{"version": 2,\n "models": [],\n "models": []}');
		expect(problems.map(({ path }) => path).sort()).toEqual(['models', 'version']);
		expect(problems.find(({ path }) => path === 'models')?.message).toContain('line 3, column 2');
	});
});
