/** The Brazilian Portuguese pages say what the English ones say: same headings by level and place, same code. */
import { describe, expect, it } from 'vitest';

import { type Page, readPage } from './markdown';

const pairs = [
	['docs/getting-started.md', 'docs/pt-BR/getting-started.md'],
	['README.md', 'docs/pt-BR/README.md'],
] as const;

/** "##" for a heading, the text of a code block, a quotation and a picture's file, in the order of the page. */
function outline(page: Page): string[] {
	return [
		...page.text.matchAll(
			/^```(\w*)\n[\s\S]*?^```|^(#+) .+$|^>.*$|^!\[.*?\]\(.*?([\w-]+\.png)\)/gm,
		),
	].map(([whole, , heading, picture]) => heading ?? picture ?? whole);
}

describe('a translated page', () => {
	it.each(pairs)('has the headings, code and pictures of %s: %s', (english, translated) => {
		const original = outline(readPage(english));
		expect(original.length).toBeGreaterThan(10);
		expect(outline(readPage(translated))).toEqual(original);
	});

	it.each(pairs)('and its original lead to each other: %s, %s', (english, translated) => {
		const { links } = readPage(english);
		expect(links.some((link) => link.includes('pt-BR/'))).toBe(true);
		expect(readPage(translated).links.some((link) => link.startsWith('../'))).toBe(true);
	});
});
