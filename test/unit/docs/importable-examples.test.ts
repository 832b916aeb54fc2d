/** docs/examples.md: every example has its address, and every node the examples that use it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { nodeDescriptions } from '../../../scripts/docs/nodes';
import { readPage, ROOT } from './markdown';

const RAW =
	'https://raw.githubusercontent.com/n8n-nodes-comfyui-router/n8n-nodes-comfyui-router/main/examples/';
const files = readdirSync(join(ROOT, 'examples')).filter((file) => file.endsWith('.json'));
const page = readPage('docs/examples.md');

/** Sections with an address: heading, what stands below it, file. */
const sections = page.text
	.split(/^## /m)
	.slice(1)
	.map((text) => ({
		anchor: [...readAnchor(text.split('\n')[0] as string)][0] as string,
		file: /main\/examples\/(\S+)/.exec(text)?.[1] ?? '',
	}));

function readAnchor(heading: string): string[] {
	const plain = heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '');
	return [plain.replaceAll(' ', '-')].filter((anchor) => page.anchors.has(anchor));
}

/** Of our nodes, those that the example has; one that is an agent's tool counts as the node it is made of. */
function typesIn(file: string): string[] {
	const { nodes } = JSON.parse(readFileSync(join(ROOT, 'examples', file), 'utf8')) as {
		nodes: { type: string }[];
	};
	return nodes.map(({ type }) => type.split('.')[1]?.replace(/Tool$/, '') ?? '');
}

describe('docs/examples.md', () => {
	it('has the address of every example once, in a block of its own to be copied', () => {
		const addresses = page.blocks.map(({ text }) => text.trim());
		expect(addresses.sort()).toEqual(files.map((file) => RAW + file).sort());
	});

	it('and the reference lead from each node to the examples that use it, and to no other', async () => {
		const nodes = readPage('docs/nodes.md').text;
		for (const { name, defaults } of await nodeDescriptions()) {
			const using = sections.filter(({ file }) => typesIn(file).includes(name));
			const anchors = using.map(({ anchor }) => anchor).sort();
			expect(anchors.length, name).toBeGreaterThan(0);
			const inTable = page.text.split('\n').find((line) => line.startsWith(`| ${defaults.name} |`));
			const inReference = nodes.split(`## ${defaults.name}\n`)[1]?.split('\n')[1];
			for (const line of [inTable, inReference]) {
				const linked = [...(line ?? '').matchAll(/#([\w-]+)\)/g)].map((match) => match[1]);
				expect(linked.sort(), `${defaults.name}: ${line}`).toEqual(anchors);
			}
		}
	});
});
