/** The Brazilian Portuguese pages say what the English ones say: same headings by level and place, same code. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { type Page, readPage, ROOT } from './markdown';

const pairs = [
	['docs/getting-started.md', 'docs/pt-BR/getting-started.md'],
	['README.md', 'docs/pt-BR/README.md'],
].filter(([, translated]) => existsSync(join(ROOT, translated as string)));

/** "##" for a heading, the code for a block, "|3" for a table of three rows, in the order of the page. */
function outline(page: Page): string[] {
	return [...page.text.matchAll(/^```(\w*)\n[\s\S]*?^```|^(#+) .+$|(?:^\|.*\n)+/gm)].map(
		([whole, , heading]) => {
			if (heading) return heading;
			return whole.startsWith('|') ? `|${whole.trim().split('\n').length}` : whole;
		},
	);
}

describe('a translated page', () => {
	it('is there for the guide', () => {
		expect(pairs.length).toBeGreaterThan(0);
	});

	it.each(pairs)('has the headings, code and tables of %s: %s', (english, translated) => {
		expect(outline(readPage(translated as string))).toEqual(outline(readPage(english as string)));
	});
});
