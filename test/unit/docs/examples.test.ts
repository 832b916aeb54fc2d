import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { COMMANDS } from '../../../cli/commands';
import { parseCatalog } from '../../../lib/catalog/parse';
import { requestSchema } from '../../../lib/request/schema';
import { cli } from '../../support/cli';
import { type Block, pages, ROOT } from './markdown';

const blocks = pages().flatMap((page) => page.blocks);
const named = (language: string): [string, Block][] =>
	blocks.filter((block) => block.language === language).map((block) => [block.where, block]);

describe('a JSON block', () => {
	it.each(named('json'))('%s is JSON, and what it says it is', (_where, { text }) => {
		const value = JSON.parse(text) as Record<string, unknown>;
		if ('models' in value) parseCatalog(value);
		else if ('purpose' in value) requestSchema.parse(value);
	});
});

/** Lines of a shell block, without comments; continued lines as one. */
function commands(block: Block): string[] {
	return block.text
		.replace(/\\\n\s*/g, ' ')
		.split('\n')
		.map((line) => line.replace(/(^|\s)#.*$/, '').trim())
		.filter((line) => line !== '');
}

const shellLines = [...named('sh'), ...named('console')].flatMap(([where, block]) =>
	commands(block)
		.filter((line) => block.language === 'sh' || line.startsWith('$ '))
		.map((line): [string, string] => [where, line.replace(/^\$ /, '')]),
);
const routerLines = shellLines.filter(([, line]) => /(^|\s|\|)comfyui-router\s/.test(line));
/** What a reader can run without a server, a database or files of their own. */
const selfContained = routerLines.filter(([, line]) => line.includes('test/fixtures/'));

interface Invocation {
	stdin: string;
	args: string[];
}

/** `[NAME=value] [echo '...' |] [npx] comfyui-router <args>`; quotes only around what is echoed. */
function invocation(line: string): Invocation {
	const match =
		/^(?:\w+=\S+ )?(?:echo '([^']*)' \| )?(?:npx )?comfyui-router (.*?)(?: > \S+)?$/.exec(line);
	if (!match) throw new Error(`cannot read the command line: ${line}`);
	return { stdin: match[1] ?? '', args: (match[2] as string).split(/\s+/) };
}

describe('a comfyui-router command', () => {
	it('is shown that can be run as it stands', () => {
		expect(selfContained.length).toBeGreaterThanOrEqual(2);
	});

	it.each(selfContained)('%s runs and prints what stands below it: %s', async (where, line) => {
		const { stdin, args } = invocation(line);
		const { code, out, err } = await cli(
			args.map((arg) => (existsSync(join(ROOT, arg)) ? join(ROOT, arg) : arg)),
			{ stdin },
		);
		expect([code, err]).toEqual([0, '']);
		const index = blocks.findIndex((block) => block.where === where);
		const shown = blocks[index + 1];
		expect(shown?.language).toBe('text');
		expect(out.trim()).toBe(shown?.text.trim());
	});

	it.each(routerLines)('%s has options that exist: %s', async (_where, line) => {
		const { args } = invocation(line);
		const options = args.filter((arg) => arg.startsWith('--')).map((arg) => arg.split('=')[0]);
		const { code, out } = await cli([args[0] as string, '--help']);
		expect(code).toBe(0);
		for (const option of options) expect(out).toContain(option);
	});
});

describe('the page of the command line', () => {
	it('has a row for every command', () => {
		const page = pages().find(({ path }) => path === 'docs/command-line.md');
		for (const { name } of COMMANDS) expect(page?.text).toContain(`| \`${name}\` |`);
	});
});

describe('an npm command', () => {
	const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
		scripts: Record<string, string>;
	};
	const text = pages()
		.map((page) => page.text)
		.join('\n');

	it('is a script of package.json', () => {
		const run = [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] as string);
		expect(run.length).toBeGreaterThan(5);
		for (const name of new Set(run)) expect(Object.keys(scripts)).toContain(name);
		expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
	});
});
