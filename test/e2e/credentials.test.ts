/** The Test buttons of both credentials, pressed in a real n8n. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { freePort } from '../../scripts/n8n-instance/ports.mjs';
import { postgresCredential } from '../../scripts/start/credentials.mjs';
import { type Lab, openLab } from '../support/e2e-lab';

let lab: Lab;

beforeAll(async () => {
	lab = await openLab('gpu-tested');
});

afterAll(async () => {
	await lab?.close();
});

async function press(
	type: string,
	data: Record<string, unknown>,
): Promise<{ status: string; message: string }> {
	const created = await lab.rest.createCredential(`${type} under test`, type, data);
	return await lab.rest.testCredential({ id: created.id, name: created.name, type, data });
}

describe('the Test button of the ComfyUI credential', () => {
	it('says what answered', async () => {
		const data = { servers: `gpu-tested=${lab.comfyui.url}`, authentication: 'none' };
		const answer = await press('comfyUiApi', data);

		expect(answer.status).toBe('OK');
		expect(answer.message).toContain('gpu-tested: ComfyUI 0.8.0');
	});

	it('names the one of several servers that does not answer', async () => {
		const gone = `http://127.0.0.1:${await freePort()}`;
		const servers = `gpu-tested=${lab.comfyui.url}\ngpu-gone=${gone}`;
		const answer = await press('comfyUiApi', { servers, authentication: 'none' });

		expect(answer.status).toBe('Error');
		expect(answer.message).toContain('1 of 2 servers failed');
		expect(answer.message).toContain('gpu-gone');
	});
});

describe('the Test button of the Postgres credential', () => {
	it('connects', async () => {
		const answer = await press('comfyUiRouterPostgresApi', postgresCredential(lab.database.url));

		expect(answer.status).toBe('OK');
	});

	it('says that the login is wrong without repeating the password', async () => {
		const data = { ...postgresCredential(lab.database.url), password: 'not-the-password' };
		const answer = await press('comfyUiRouterPostgresApi', data);

		expect(answer.status).toBe('Error');
		expect(answer.message).toMatch(/password|log ?in|authenticat/i);
		expect(answer.message).not.toContain('not-the-password');
	});
});
