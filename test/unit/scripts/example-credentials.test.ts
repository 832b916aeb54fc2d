/** How an imported example finds the credentials of the n8n that it comes to. */
import { expect, it } from 'vitest';

import { withCredentials } from '../../../scripts/start/content.mjs';
import { postgresCredential } from '../../../scripts/start/credentials.mjs';

it('replaces the exported ids by those of the same type and leaves other nodes alone', () => {
	const exported = { comfyUiApi: { id: 'old', name: 'Old' }, other: { id: 'kept', name: 'Kept' } };
	const workflow = { name: 'w', nodes: [{ name: 'a', credentials: exported }, { name: 'b' }] };
	const here = [{ id: 'new', name: 'New', type: 'comfyUiApi' }];

	const { nodes } = withCredentials(workflow, here);

	expect(nodes).toEqual([
		{
			name: 'a',
			credentials: { comfyUiApi: { id: 'new', name: 'New' }, other: { id: 'kept', name: 'Kept' } },
		},
		{ name: 'b' },
	]);
	expect(exported.comfyUiApi.id).toBe('old');
});

it('reads a connection string with escaped characters', () => {
	expect(postgresCredential('postgresql://us%40er:p%2Fw@db.example:6543/logs')).toMatchObject({
		host: 'db.example',
		port: 6543,
		database: 'logs',
		user: 'us@er',
		password: 'p/w',
	});
});
