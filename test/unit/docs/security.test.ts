import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readPage, ROOT } from './markdown';

const { text } = readPage('docs/security.md');
const rows = (text.split('## What is protected')[1] ?? '')
	.split('\n')
	.filter((line) => line.startsWith('| ') && !line.startsWith('| Threat'));

describe('docs/security.md', () => {
	it('is where SECURITY.md sends', () => {
		expect(readPage('SECURITY.md').links).toContain('docs/security.md');
	});

	it.each(rows.map((row) => [row.split('|')[1]?.trim(), row]))(
		'shows by a test: %s',
		(_threat, row) => {
			const shown = [
				...(row.split('|')[3] ?? '').matchAll(/\]\(\.\.\/([^)]+)\)((?:[ ,]+"[^"]+")*)/g),
			];
			expect(shown.length).toBeGreaterThan(0);
			for (const [, path, names] of shown) {
				const test = readFileSync(join(ROOT, path as string), 'utf8');
				for (const [, name] of (names as string).matchAll(/"([^"]+)"/g))
					expect(test).toContain(name);
			}
		},
	);
});
