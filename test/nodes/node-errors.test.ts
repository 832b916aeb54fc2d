import type { INode } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';

import { toNodeError } from '../../nodes/shared/to-node-error';

const node = { name: 'Select Model', parameters: {} } as unknown as INode;

describe('what a node says about an error that is not ours', () => {
	it('sends to the credential where none is chosen: it is what a newcomer forgets', () => {
		// as n8n-core words it, with a line break
		const error = new Error('Node does not have any credentials\n set for "comfyUiApi"');
		expect(toNodeError(node, error).description).toContain('Choose a credential');
	});

	it('asks for a report where nothing else can be said', () => {
		expect(toNodeError(node, new TypeError('x is undefined')).description).toContain('report');
	});
});
