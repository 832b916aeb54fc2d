import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { describe, expect, it } from 'vitest';

import { nodeDescriptions } from '../../../scripts/docs/nodes';
import { pages, ROOT } from './markdown';

const all = pages();
const REPOSITORY = 'https://github.com/n8n-nodes-comfyui-router/n8n-nodes-comfyui-router';

describe('links in the documents', () => {
	it.each(all.map((page) => [page.path, page] as const))('of %s lead somewhere', (path, page) => {
		const broken = page.links.filter((link) => {
			if (/^(https?|mailto):/.test(link)) return false;
			const [file, anchor] = link.split('#') as [string, string?];
			const target = file === '' ? path : relative(ROOT, join(ROOT, dirname(path), file));
			if (!existsSync(join(ROOT, target))) return true;
			const known = all.find((other) => other.path === target);
			return anchor !== undefined && known !== undefined && !known.anchors.has(anchor);
		});
		expect(broken).toEqual([]);
	});
});

/** Every address of this repository in the files that n8n reads: codex files of the nodes, credentials. */
function documentationLinks(): string[] {
	const { n8n } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
		n8n: { nodes: string[]; credentials: string[] };
	};
	const sources = [
		...n8n.nodes.map((file) => file.replace('dist/', '').replace('.node.js', '.node.json')),
		...n8n.credentials.map((file) => file.replace('dist/', '').replace('.js', '.ts')),
	];
	return sources.flatMap((file) => {
		const text = readFileSync(join(ROOT, file), 'utf8');
		const links = text.match(/https:\/\/github\.com\/[^"'\s]+/g) ?? [];
		expect(links.length, `${file} has a documentation link`).toBeGreaterThan(0);
		return links;
	});
}

/** The page that an address of this repository shows; its start page is the README. */
function pageOf(address: string) {
	const path =
		address === REPOSITORY ? 'README.md' : address.replace(`${REPOSITORY}/blob/main/`, '');
	return all.find((page) => page.path === path);
}

describe('the documentation links that n8n shows', () => {
	it('are headings of the documents', async () => {
		const ofNodes = (await nodeDescriptions()).map(
			({ documentationUrl }) => documentationUrl ?? '',
		);
		expect(new Set(ofNodes).size).toBe(6);
		for (const link of [...documentationLinks(), ...ofNodes]) {
			const [address, anchor] = link.split('#') as [string, string?];
			const page = pageOf(address);
			expect(page, link).toBeDefined();
			if (anchor !== undefined) expect([...(page?.anchors ?? [])]).toContain(anchor);
		}
	});
});
