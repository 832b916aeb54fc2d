/** Blocks that are no command and no JSON: they are run or parsed, and every kind of block has its test. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';

import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import * as library from '../../../lib';
import { parseCatalog } from '../../../lib/catalog/parse';
import { type Block, pages, ROOT } from './markdown';

const blocks = pages().flatMap((page) => page.blocks);
const named = (language: string): [string, Block][] =>
	blocks.filter((block) => block.language === language).map((block) => [block.where, block]);

const catalogJson = JSON.parse(readFileSync(join(ROOT, 'models_config.json'), 'utf8')) as unknown;
const fleet = JSON.parse(
	readFileSync(join(ROOT, 'test/fixtures/fleets/studio.json'), 'utf8'),
) as unknown;

/** What a reader has in hand where a block begins. */
const context = {
	catalogJson,
	catalog: parseCatalog(catalogJson),
	fleet,
	request: { purpose: 'photo' },
	outputOfCalibrateJson: JSON.stringify({ entries: [] }),
	require: (name: string) => {
		expect(name).toBe('n8n-nodes-comfyui-router');
		return library;
	},
};

describe('a block of the documents', () => {
	it.each(named('js'))('%s runs', (_where, { text }) => {
		const { code } = transformSync(text, { format: 'cjs', loader: 'js' });
		vm.runInNewContext(code, { ...context, console, JSON, Date, module: {}, exports: {} });
	});

	it.each(named('yaml'))('%s is YAML', (_where, { text }) => {
		expect(parse(text)).toBeTypeOf('object');
	});

	it.each(named('text').filter(([, { text }]) => text.startsWith('curl ')))(
		'%s sends JSON',
		(_where, { text }) => {
			const body = /-d '([^']*)'/.exec(text)?.[1] ?? '';
			expect(JSON.parse(body)).toMatchObject({ purpose: expect.any(String) });
		},
	);

	it('is of a kind that is checked somewhere', () => {
		// sh, console, json: examples; sql: integration; bash, python, go: other languages; text: what is printed
		const known = 'sh console json sql bash python go text js yaml mermaid'.split(' ');
		const others = blocks.filter(({ language }) => !known.includes(language));
		expect(others.map(({ where, language }) => `${where} ${language}`)).toEqual([]);
	});
});
