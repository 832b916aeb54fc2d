/** `npm run docs:nodes`: renews the parameter tables in docs/nodes.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { withNodeReference } from './node-reference';
import { nodeDescriptions, ROOT } from './nodes';

async function main(): Promise<void> {
	const path = join(ROOT, 'docs', 'nodes.md');
	writeFileSync(path, withNodeReference(readFileSync(path, 'utf8'), await nodeDescriptions()));
	process.stdout.write('Wrote the parameter tables of docs/nodes.md.\n');
}

void main();
