/** Manage Models, Tend Servers: a pinned model is loaded, expected ones ahead of their jobs, unused ones unloaded. */
import './support/user-folder';

import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createPostgresStore, type PostgresStore } from '../../adapters/postgres/store';
import { parseCatalog } from '../../lib/catalog/parse';
import type { StandIn } from '../../simulator/comfyui';
import type { UsageRow } from '../../lib/usage/types';
import { modelsFromCatalog } from '../../simulator/gpu';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { usageRow } from '../support/usage-rows';
import { CATALOG, comfyUiCredential, postgresCredential, startServer } from './support/fixtures';
import { runNode } from './support/harness';

const [quick, fine, parts] = CATALOG.models;
const sharp = {
	...fine,
	name: 'sharp',
	files: { checkpoint: 'sharp.safetensors' },
	purposes: { photo: 0.95 },
};
const catalog = { version: 1, models: [quick, fine, sharp] };

let one: StandIn;
let two: StandIn;
let database: TestDatabase;
let store: PostgresStore;
let logged = 0;

beforeAll(async () => {
	const all = { ...catalog, models: [...catalog.models, parts] };
	const models = modelsFromCatalog(parseCatalog(all));
	[one, two] = [await startServer({ models }), await startServer({ models })];
	database = await createTestDatabase('tend');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
});

beforeEach(() => database.sql.query('truncate model_usage_log, server_reservation, waiting_job'));

afterAll(async () => {
	await Promise.all([one?.close(), two?.close()]);
	await store?.close();
	await database?.close();
});

async function tend(
	servers: IDataObject[],
	options: INodeParameters = {},
	models: unknown[] = catalog.models,
) {
	const { outputs, error } = await runNode({
		type: 'manageModels',
		parameters: {
			operation: 'tend',
			catalogSource: 'json',
			catalogJson: JSON.stringify({ ...catalog, models, servers }),
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

/** Jobs that have just ended. */
async function logJobs(count: number, rest: Partial<UsageRow>): Promise<void> {
	await store.recordUsage(
		Array.from({ length: count }, () => {
			logged += 1;
			return usageRow({ job_id: `job-${logged}`, attempt: null, prompt_id: null, ...rest });
		}),
	);
}

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000 + 600_000).toISOString();

/** In time on a server that has *quick* loaded, and on no other. */
const HURRIED = { purpose: 'draft', urgency: 'urgent', deadline_seconds: 3.3 };
/** In time where *fine* or *sharp* is loaded. */
const PATIENT = { purpose: 'photo', urgency: 'urgent', deadline_seconds: 15 };

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

	it('loads nothing ahead for what is seldom asked for, nor for what no model makes any more', async () => {
		await logJobs(1, { ...HURRIED, created_at: daysAgo(3) });
		await logJobs(5, { ...HURRIED, purpose: 'cartoon' });
		await logJobs(5, { ...HURRIED, width: 100_000 });
		expect(await tend([])).toEqual([]);
	});

	it('brings back what jobs avoid because it is cold, where nothing better is loaded', async () => {
		// all were given the model that was loaded, too late
		await logJobs(5, { ...HURRIED, model_name: 'fine', on_time: false });
		const servers = [{ name: 'gpu1', pinned_model: 'fine' }];
		const done = await tend(servers);
		expect(done).toMatchObject([{ server: 'gpu2', model_name: 'quick', done: true, error: null }]);
		expect(done[0]?.reason).toMatch(
			/^draft within 3\.\d+ s is expected to get 0\.\d+ instead of 0\.\d+ .* with quick on gpu2; over all jobs/,
		);
		expect(two.gpu.residentModels()).toEqual(['quick']);
		expect(await tend(servers)).toEqual([]);
	});

	it('loads where the next job loses least by it', async () => {
		expect(await tend([{ name: 'gpu2', pinned_model: 'sharp' }])).toMatchObject([{ done: true }]);
		await logJobs(5, { ...HURRIED, model_name: 'fine' });
		await logJobs(5, { ...PATIENT, model_name: 'sharp' });
		const done = await tend([]);
		// sharp does for the photos what fine does, and better
		expect(done).toMatchObject([{ server: 'gpu1', model_name: 'quick', done: true }]);
		expect(one.gpu.residentModels()).toEqual(['quick']);
		expect(await tend([])).toEqual([]);
	});

	it('loads nothing ahead while a job waits for its turn, only what is pinned', async () => {
		const servers = [{ name: 'gpu1', pinned_model: 'fine' }];
		const pinned = { server: 'gpu1', model_name: 'fine' };
		const dryRun = { dryRun: true };
		expect(await tend([{ name: 'gpu2', pinned_model: 'quick' }])).toMatchObject([{ done: true }]);
		await logJobs(5, { ...PATIENT, model_name: 'sharp' });
		expect(await tend([], dryRun)).not.toEqual([]);
		await database.sql.query(
			`insert into waiting_job (key, owner, scope, request, asked_at, deadline_at, expires_at)
			values ('k', 'o', 's', '{"purpose":"photo"}', now(), now() + interval '1 minute', now() + interval '1 hour')`,
		);
		expect(await tend([], dryRun)).toEqual([]);
		expect(await tend(servers)).toMatchObject([pinned]);
	});

	it('leaves a server that somebody has reserved', async () => {
		await database.sql.query(
			`insert into server_reservation (id, job_id, owner, server, server_url, model_name, vram_peak_bytes,
				remaining_seconds, expires_at)
			values ('r', 'j', 'o', 'gpu1', $1, 'quick', 1e9, 9, clock_timestamp() + interval '1 minute')`,
			[one.url],
		);
		const servers = [{ name: 'gpu1', pinned_model: 'sharp' }];
		expect(await tend(servers)).toEqual([]);
		await database.sql.query('truncate server_reservation');
		expect(await tend(servers, { dryRun: true })).toHaveLength(1);
	});

	it('takes the next best where a server cannot load the best', async () => {
		const pin = { name: 'gpu2', pinned_model: 'quick' };
		await tend([pin]);
		await tend([{ name: 'gpu1', pinned_model: 'quick' }, pin]);
		await logJobs(5, { ...PATIENT, deadline_seconds: 13, model_name: 'quick' });
		// as good as sharp, but not with the workflow that its family is given
		const refused = { ...parts, purposes: { photo: 0.97 } };
		const done = await tend([pin], {}, [quick, fine, refused]);
		expect(done).toMatchObject([
			{ model_name: 'parts', done: false, error: { code: 'COMFYUI_PROMPT_REJECTED' } },
			{ model_name: 'fine', done: true, error: null },
		]);
		const pinned = [{ name: 'gpu1', pinned_model: 'parts' }, pin];
		expect(await tend(pinned, {}, [quick, refused])).toMatchObject([
			{ server: 'gpu1', model_name: 'parts', done: false },
		]);
	});

	it('unloads what nobody uses and nobody is expected to use', async () => {
		const servers = [{ name: 'gpu1', idle_unload_seconds: 0 }];
		const done = await tend(servers);
		expect(done).toMatchObject([{ action: 'unload', server: 'gpu1', done: true }]);
		expect(done[0]?.freed_bytes).toBeGreaterThan(0);
		expect(one.gpu.residentModels()).toEqual([]);
	});
});
