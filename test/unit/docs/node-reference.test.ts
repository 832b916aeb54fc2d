import { describe, expect, it } from 'vitest';

import { withNodeReference } from '../../../scripts/docs/node-reference';
import { nodeDescriptions } from '../../../scripts/docs/nodes';
import { readPage } from './markdown';

describe('docs/nodes.md', () => {
	it('has the parameters that the nodes have (npm run docs:nodes renews it)', async () => {
		const { text } = readPage('docs/nodes.md');
		expect(withNodeReference(text, await nodeDescriptions())).toBe(text);
	});
});
