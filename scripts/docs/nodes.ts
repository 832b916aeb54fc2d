/** The nodes of the package, as package.json lists them, read from source. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { INodeType, INodeTypeDescription } from 'n8n-workflow';

export const ROOT = join(__dirname, '../..');

interface PackageJson {
	n8n: { nodes: string[] };
}

type NodeModule = Record<string, (new () => INodeType) | undefined>;

async function describe(file: string): Promise<INodeTypeDescription> {
	const name = file.split('/').at(-1)?.replace('.node.js', '') ?? '';
	const loaded = (await import(join(ROOT, 'nodes', name, `${name}.node.ts`))) as NodeModule & {
		default?: NodeModule;
	};
	const Node = loaded[name] ?? loaded.default?.[name];
	if (Node === undefined) throw new Error(`${file} exports no ${name}.`);
	return new Node().description;
}

export async function nodeDescriptions(): Promise<INodeTypeDescription[]> {
	const { n8n } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageJson;
	return await Promise.all(n8n.nodes.map(describe));
}
