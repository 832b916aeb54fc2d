/** Manage Models, Tend Servers: a pinned model is loaded, expected ones ahead of their jobs, unused ones unloaded. */
import './support/user-folder';

import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore, type PostgresStore } from '../../adapters/postgres/store';
import type { StandIn } from '../../simulator/comfyui';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { usageRow } from '../support/usage-rows';
import { CATALOG, comfyUiCredential, postgresCredential, startServer } from './support/fixtures';
import { runNode } from './support/harness';

let one: StandIn;
let two: StandIn;
let database: TestDatabase;
let store: PostgresStore;

beforeAll(async () => {
	[one, two] = [await startServer(), await startServer()];
	database = await createTestDatabase('tend');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
});

afterAll(async () => {
	await Promise.all([one?.close(), two?.close()]);
	await store?.close();
	await database?.close();
});

async function tend(servers: IDataObject[], options: INodeParameters = {}) {
	const { outputs, error } = await runNode({
		type: 'manageModels',
		parameters: {
			operation: 'tend',
			catalogSource: 'json',
			catalogJson: JSON.stringify({ ...CATALOG, servers }),
			options,
		},
		credentials: {
			...comfyUiCredential(`gpu1=${one.url}\ngpu2=${two.url}`),
			...postgresCredential(database.url),
		},
	});
	expect(error).toBeUndefined();
	return (outputs[0] ?? []).map((item) => item.json);
}

async function logJobs(model: string, count: number): Promise<void> {
	await store.recordUsage(
		Array.from({ length: count }, (_, n) =>
			usageRow({ job_id: `${model}-${n}`, attempt: null, model_name: model, prompt_id: null }),
		),
	);
}

describe('Tend Servers', () => {
	it('loads what is pinned, once, and only says so where that is wanted', async () => {
		const servers = [{ name: 'gpu1', pinned_model: 'fine' }];
		const wanted = { action: 'prewarm', server: 'gpu1', model_name: 'fine' };
		expect(await tend(servers, { dryRun: true })).toMatchObject([{ ...wanted, done: false }]);
		expect(one.gpu.residentModels()).toEqual([]);
		expect(await tend(servers)).toMatchObject([{ ...wanted, done: true, error: null }]);
		expect(one.gpu.residentModels()).toEqual(['fine']);
		expect(await tend(servers)).toEqual([]);
	});

	it('loads what has begun to be asked for where nothing better is loaded', async () => {
		await logJobs('quick', 5);
		const done = await tend([{ name: 'gpu1', pinned_model: 'fine' }]);
		expect(done).toMatchObject([{ server: 'gpu2', model_name: 'quick', done: true }]);
		expect(two.gpu.residentModels()).toEqual(['quick']);
	});

	it('leaves a server that somebody has reserved', async () => {
		await database.sql.query(
			`insert into server_reservation (id, job_id, owner, server, server_url, model_name, vram_peak_bytes,
				remaining_seconds, expires_at)
			values ('r', 'j', 'o', 'gpu1', $1, 'quick', 1e9, 9, clock_timestamp() + interval '1 minute')`,
			[one.url],
		);
		expect(await tend([{ name: 'gpu1', pinned_model: 'parts' }])).toEqual([]);
		await database.sql.query('truncate server_reservation');
	});

	it('unloads what nobody uses and nobody is expected to use', async () => {
		const servers = [{ name: 'gpu1', idle_unload_seconds: 0 }];
		const done = await tend(servers);
		expect(done).toMatchObject([{ action: 'unload', server: 'gpu1', done: true }]);
		expect(done[0]?.freed_bytes).toBeGreaterThan(0);
		expect(one.gpu.residentModels()).toEqual([]);
	});
});
