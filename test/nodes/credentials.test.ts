import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { testComfyUi } from '../../nodes/shared/test-comfyui';
import { testPostgres } from '../../nodes/shared/test-postgres';
import type { StandIn } from '../../simulator/comfyui';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { comfyUiCredential, postgresCredential, startServer } from './support/fixtures';
import { OUR_NODES, runNode } from './support/harness';

const SECRET = 'correct-horse-battery';

let open: StandIn;
let locked: StandIn;
let website: Server;
let websiteUrl: string;
let database: TestDatabase;

beforeAll(async () => {
	open = await startServer();
	locked = await startServer({ auth: { type: 'bearer', token: SECRET } });
	website = createServer((_request, response) => {
		response.setHeader('content-type', 'text/html');
		response.end(`<html><body>Welcome ${SECRET}</body></html>`);
	});
	await new Promise<void>((resolve) => website.listen(0, '127.0.0.1', resolve));
	websiteUrl = `http://127.0.0.1:${(website.address() as AddressInfo).port}`;
	database = await createTestDatabase('credentials');
});
afterAll(async () => {
	website.close();
	await Promise.all([open.close(), locked.close(), database.close()]);
});

function pressTest(
	test: typeof testComfyUi,
	data: ICredentialDataDecryptedObject | undefined,
): ReturnType<typeof testComfyUi> {
	return test.call({} as never, { id: '1', name: 'Mine', type: 'any', data } as never);
}
const comfyUi = (servers: string, more = {}) =>
	pressTest(testComfyUi, comfyUiCredential(servers, more).comfyUiApi);

describe('the Test button of the ComfyUI credential', () => {
	it('is found by n8n on every node that uses the credential', () => {
		for (const node of Object.values(OUR_NODES)) {
			for (const { name, testedBy } of node.description.credentials ?? []) {
				expect(typeof testedBy, `${node.description.name} ${name}`).toBe('string');
				expect(node.methods?.credentialTest).toHaveProperty(testedBy as string);
			}
		}
	});

	it('is content when every server answers, with and without names', async () => {
		const result = await comfyUi(`gpu1=${open.url}\n\n${open.url}/\n`);
		expect(result).toMatchObject({ status: 'OK' });
		expect(result.message).toMatch(/gpu1: ComfyUI 0\.8\.0/);
	});

	it('names the server that does not answer, and only that one', async () => {
		const result = await comfyUi(`good=${open.url}\nbad=http://127.0.0.1:9`);
		expect(result.status).toBe('Error');
		expect(result.message).toMatch(/1 of 2 servers failed\. bad: /);
		expect(result.message).not.toMatch(/good/);
	});

	it('says that something else than ComfyUI answers', async () => {
		const result = await comfyUi(`web=${websiteUrl}`);
		expect(result.status).toBe('Error');
		expect(result.message).toMatch(/web/);
		expect(result.message).not.toContain(SECRET);
	});

	it.each([
		['bearer', { type: 'bearer', token: SECRET }, { token: SECRET }],
		[
			'basic',
			{ type: 'basic', username: 'me', password: SECRET },
			{ user: 'me', password: SECRET },
		],
		[
			'header',
			{ type: 'header', name: 'x-key', value: SECRET },
			{ headerName: 'X-Key', headerValue: SECRET },
		],
	] as const)(
		'logs in with %s, and reports a wrong login without the secret',
		async (kind, auth, fields) => {
			const server = await startServer({ auth });
			try {
				expect(await comfyUi(server.url, { authentication: kind, ...fields })).toMatchObject({
					status: 'OK',
				});
				const wrong = Object.fromEntries(
					Object.entries(fields).map(([key, value]) => [
						key,
						value === SECRET ? `${SECRET}!` : value,
					]),
				);
				const failed = await comfyUi(server.url, { authentication: kind, ...wrong });
				expect(failed.status).toBe('Error');
				expect(failed.message).not.toContain(SECRET);
			} finally {
				await server.close();
			}
		},
	);

	it.each([
		['nothing', '', /names no server/],
		['no address', 'gpu1=somewhere', /line 1/],
		['a password in the address', `http://me:${SECRET}@host:8188`, /Authentication/],
		['the same name twice', 'a=http://x\na=http://y', /line 2/],
	])('explains a credential with %s', async (_what, servers, message) => {
		const result = await comfyUi(servers);
		expect(result.status).toBe('Error');
		expect(result.message).toMatch(message);
		expect(result.message).not.toContain(SECRET);
	});

	it('explains a credential that is empty', async () => {
		expect(await pressTest(testComfyUi, undefined)).toMatchObject({ status: 'Error' });
	});
});

describe('the Test button of the Postgres credential', () => {
	const valid = () => postgresCredential(database.url).comfyUiRouterPostgresApi;

	it('is content with a database that answers', async () => {
		expect(await pressTest(testPostgres, valid())).toMatchObject({ status: 'OK' });
	});

	it.each([
		['a wrong password', { password: `${SECRET}`, user: 'nobody-here' }],
		['a database that is not there', { database: 'no_such_database' }],
		['a server that is not there', { port: 9 }],
		['a port that is none', { port: 99_999 }],
		['no host', { host: '' }],
	])('explains %s without the secret', async (_what, change) => {
		const result = await pressTest(testPostgres, { ...valid(), ...change });
		expect(result.status).toBe('Error');
		expect(result.message.length).toBeGreaterThan(20);
		expect(result.message).not.toContain(SECRET);
	});
});

describe('secrets', () => {
	it('are in no error, no item and no other data of a run', async () => {
		const servers = [
			`open=${open.url}`,
			`locked=${locked.url}`,
			`web=${websiteUrl}`,
			'gone=http://127.0.0.1:9',
		].join('\n');
		const credentials = {
			...comfyUiCredential(servers, { authentication: 'bearer', token: `wrong-${SECRET}` }),
			comfyUiRouterPostgresApi: {
				...postgresCredential('postgres://me:x@127.0.0.1:9/db').comfyUiRouterPostgresApi,
				password: SECRET,
			},
		};
		const runs = await Promise.all([
			runNode({ type: 'selectModel', parameters: { purpose: 'photo' }, credentials }),
			runNode({
				type: 'logUsage',
				parameters: { timing: 'wall' },
				items: [{ json: { selection: { decision: 'selected', job_id: 'a' } } }],
				credentials,
			}),
			runNode({
				type: 'logUsage',
				parameters: { timing: 'comfyui', promptId: 'p' },
				items: [{ json: { selection: { decision: 'selected', job_id: 'a' } } }],
				credentials,
				onError: 'continueErrorOutput',
			}),
		]);
		expect(runs[1]?.error).toBeDefined();
		for (const { run, error } of runs) {
			const everything = `${JSON.stringify(run)} ${error?.message} ${error?.description} ${error?.stack}`;
			expect(everything).not.toContain(SECRET);
		}
	});
});
