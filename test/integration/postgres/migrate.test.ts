import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { migrate } from '../../../adapters/postgres/migrate';
import { MIGRATIONS } from '../../../adapters/postgres/migrations';
import { createPool } from '../../../adapters/postgres/pool';
import { createPostgresStore } from '../../../adapters/postgres/store';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow, vramReading } from '../../support/usage-rows';

let database: TestDatabase;

beforeAll(async () => {
	database = await createTestDatabase('migrate');
});
afterAll(() => database.close());

async function inSchema<T>(
	schema: string,
	work: (pool: ReturnType<typeof createPool>) => Promise<T>,
	url = database.url,
): Promise<T> {
	const pool = createPool({ connection: url, schema });
	try {
		return await work(pool);
	} finally {
		await pool.close();
	}
}

/** A role of its own, with a login and nothing else. */
async function makeRole(name: string): Promise<string> {
	await database.sql.query(`drop role if exists ${name}`);
	await database.sql.query(`create role ${name} login password 'pw'`);
	return database.urlFor(name, 'pw');
}

describe('migrate', () => {
	it('creates the schema and both logs with the documented columns, and repeats without effect', async () => {
		const first = await inSchema('fresh', (pool) => migrate(pool));
		expect(first.applied).toEqual(MIGRATIONS.map((step) => step.name));
		const again = await inSchema('fresh', (pool) => migrate(pool));
		expect(again).toEqual({ version: first.version, applied: [] });
		const { rows } = await database.sql.query(
			`select table_name, string_agg(column_name, ', ' order by ordinal_position) as columns
			from information_schema.columns where table_schema = 'fresh'
			and table_name in ('model_usage_log', 'vram_usage_log') group by 1 order by 1`,
		);
		expect(rows).toEqual([
			{
				table_name: 'model_usage_log',
				columns:
					'id, job_id, attempt, user_id, workflow_id, execution_id, server, model_name, preset, purpose, urgency, width, height, batch_size, steps, cfg, selection_reason, status, degraded, error_code, error_message, estimated_seconds, actual_seconds, queue_seconds, load_seconds, run_seconds, timing_source, cold, deadline_seconds, on_time, estimated_cost, actual_cost, quality_estimated, quality_feedback, vram_peak_bytes, prompt_id, created_at, exploration_probability, cost_unit',
			},
			{
				table_name: 'vram_usage_log',
				columns:
					'id, observed_at, server, reachable, error, device_index, device_name, vram_total, vram_free, torch_vram_total, torch_vram_free, queue_running, queue_pending, loaded_model',
			},
		]);
	});

	it('applies every step exactly once when 20 processes start at the same moment', async () => {
		const results = await Promise.all(
			Array.from({ length: 20 }, () => inSchema('race', (pool) => migrate(pool))),
		);
		expect(results.filter((result) => result.applied.length > 0)).toHaveLength(1);
		const { rows } = await database.sql.query(`select version from race.comfyui_router_migrations`);
		expect(rows).toHaveLength(MIGRATIONS.length);
	});

	it('applies a step that arrives later than one with a higher number', async () => {
		const step = (version: number) => ({
			version,
			name: `step-${version}`,
			sql: (s: string) => `create table ${s}.step_${version} (a int)`,
		});
		await inSchema('gaps', (pool) => migrate(pool, [...MIGRATIONS, step(906)]));
		const all = [...MIGRATIONS, step(903), step(906)];
		await expect(inSchema('gaps', (pool) => migrate(pool, all))).resolves.toEqual({
			version: 906,
			applied: ['step-903'],
		});
		await expect(inSchema('gaps', (pool) => migrate(pool, all))).resolves.toEqual({
			version: 906,
			applied: [],
		});
	});

	it('leaves rows of before there was a unit of cost as they are, without one', async () => {
		const before = MIGRATIONS.filter(({ version }) => version < 10);
		await inSchema('units', (pool) => migrate(pool, before));
		await database.sql.query(
			`insert into units.model_usage_log (job_id, status, actual_cost) values ('old', 'success', 0.5)`,
		);
		await expect(inSchema('units', (pool) => migrate(pool))).resolves.toMatchObject({
			applied: ['cost unit'],
		});
		const { rows } = await database.sql.query(
			`select job_id, actual_cost, cost_unit from units.model_usage_log`,
		);
		expect(rows).toEqual([{ job_id: 'old', actual_cost: 0.5, cost_unit: null }]);
	});

	it('leaves nothing behind when a step fails', async () => {
		const broken = [
			...MIGRATIONS,
			{
				version: 99,
				name: 'broken',
				sql: (s: string) => `create table ${s}.half (a int); select 1 / 0`,
			},
		];
		await expect(inSchema('broken', (pool) => migrate(pool, broken))).rejects.toMatchObject({
			code: 'POSTGRES_FAILED',
		});
		const { rows } = await database.sql.query(`select to_regnamespace('broken') as found`);
		expect(rows[0].found).toBeNull();
	});

	it('accepts names that need quoting', async () => {
		const schema = 'Odd "name"; drop schema public';
		await inSchema(schema, (pool) => migrate(pool));
		const store = createPostgresStore({ connection: database.url, schema });
		const receipts = await store.recordUsage([usageRow()]);
		await store.close();
		expect(receipts).toEqual([{ job_id: 'job-1', attempt: 1, inserted: true }]);
	});

	it('goes on with a newer schema that still has the columns it needs', async () => {
		await inSchema('newer', (pool) => migrate(pool));
		await database.sql.query(
			`insert into newer.comfyui_router_migrations (version, name) values (9999, 'of the future')`,
		);
		await expect(inSchema('newer', (pool) => migrate(pool))).resolves.toEqual({
			version: 9999,
			applied: [],
		});
	});

	it('names the columns that a newer schema has lost', async () => {
		await inSchema('lost', (pool) => migrate(pool));
		await database.sql.query(`alter table lost.model_usage_log drop column cold`);
		await expect(inSchema('lost', (pool) => migrate(pool))).rejects.toMatchObject({
			code: 'POSTGRES_SCHEMA_OUTDATED',
			message: expect.stringContaining('model_usage_log.cold'),
		});
	});

	it('does not touch a table of the same name that it did not make', async () => {
		await database.sql.query(
			`create schema foreign_one; create table foreign_one.model_usage_log (mine int)`,
		);
		await expect(inSchema('foreign_one', (pool) => migrate(pool))).rejects.toMatchObject({
			code: 'POSTGRES_SCHEMA_OUTDATED',
			hint: expect.stringContaining('Rename'),
		});
	});
});

describe('a role with few rights', () => {
	it('writes both logs with INSERT alone', async () => {
		await inSchema('least', (pool) => migrate(pool));
		const url = await makeRole('only_insert');
		await database.sql.query(
			`grant usage on schema least to only_insert;
			grant insert on least.model_usage_log, least.vram_usage_log to only_insert`,
		);
		const warnings: unknown[] = [];
		const store = createPostgresStore({
			connection: url,
			schema: 'least',
			onWarning: (warning) => warnings.push(warning),
		});
		const row = usageRow({ prompt_id: 'p1' });
		const first = await store.recordUsage([row]);
		const again = await store.recordUsage([row]);
		const prompt = { prompt_id: 'p2', job_id: 'job-2', attempt: 1, server: 's1' };
		const submitted = { ...prompt, workflow_id: null, execution_id: null, selection: {} };
		await store.recordSubmitted([submitted]);
		expect(await store.findSubmitted({ jobId: 'job-2' })).toEqual([submitted]);
		await store.recordVram([vramReading()]);
		await store.close();
		expect(first[0]?.inserted).toBe(true);
		expect(again).toEqual([{ job_id: 'job-1', attempt: 1, inserted: false }]);
		expect(warnings).toEqual([]);
		const { rows } = await database.sql.query(
			`select (select count(*)::int from least.model_usage_log) as usage, (select count(*)::int from least.vram_usage_log) as vram`,
		);
		expect(rows[0]).toEqual({ usage: 1, vram: 1 });
	});

	it('is told which command the owner must run when the tables are missing', async () => {
		const url = await makeRole('nobody_much');
		await expect(inSchema('not_there', (pool) => migrate(pool), url)).rejects.toMatchObject({
			code: 'POSTGRES_SCHEMA_OUTDATED',
			hint: expect.stringContaining('comfyui-router migrate'),
		});
	});

	it('is told the same when the tables are of an older version', async () => {
		await inSchema('older', (pool) => migrate(pool));
		const url = await makeRole('old_insert');
		await database.sql.query(
			`alter table older.vram_usage_log drop column loaded_model;
			delete from older.comfyui_router_migrations;
			grant usage on schema older to old_insert; grant insert on all tables in schema older to old_insert;
			grant select on older.comfyui_router_migrations to old_insert`,
		);
		const store = createPostgresStore({ connection: url, schema: 'older' });
		await expect(store.recordUsage([usageRow()])).rejects.toMatchObject({
			code: 'POSTGRES_SCHEMA_OUTDATED',
			message: expect.stringContaining('vram_usage_log.loaded_model'),
		});
		await store.close();
	});

	it('cannot use the functions of the log without the right to insert', async () => {
		await inSchema('guarded', (pool) => migrate(pool));
		const url = await makeRole('peeper');
		await database.sql.query(`grant usage on schema guarded to peeper`);
		const store = createPostgresStore({ connection: url, schema: 'guarded' });
		await expect(store.recordUsage([usageRow()])).rejects.toMatchObject({
			code: 'POSTGRES_PERMISSION',
		});
		await expect(store.maintain()).rejects.toMatchObject({ code: 'POSTGRES_PERMISSION' });
		const code = 'POSTGRES_PERMISSION';
		await expect(store.findSubmitted({ jobId: 'job-1' })).rejects.toMatchObject({ code });
		await expect(store.recordSubmitted([])).rejects.toMatchObject({ code });
		await store.close();
	});

	it('is told that the database is read-only, and nothing is half written', async () => {
		await inSchema('readonly', (pool) => migrate(pool));
		const url = await makeRole('reader');
		await database.sql.query(
			`grant usage on schema readonly to reader; grant insert on all tables in schema readonly to reader;
			alter role reader set default_transaction_read_only = on`,
		);
		const store = createPostgresStore({ connection: url, schema: 'readonly' });
		await expect(store.recordUsage([usageRow()])).rejects.toMatchObject({
			code: 'POSTGRES_READ_ONLY',
		});
		await expect(store.recordVram([vramReading()])).rejects.toMatchObject({
			code: 'POSTGRES_READ_ONLY',
		});
		await store.close();
	});
});
