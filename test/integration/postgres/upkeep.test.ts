import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow, vramReading } from '../../support/usage-rows';

let database: TestDatabase;
let store: PostgresStore;

beforeAll(async () => {
	database = await createTestDatabase('upkeep');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
});
afterAll(async () => {
	await store.close();
	await database.close();
});

async function count(table: string): Promise<number> {
	const { rows } = await database.sql.query(`select count(*)::int as rows from ${table}`);
	return rows[0].rows;
}

describe('partitions', () => {
	it('exist for now and the next two periods', async () => {
		const { rows } = await database.sql.query(
			`select parent.relname as log, count(*)::int as parts from pg_inherits
			join pg_class parent on parent.oid = inhparent where parent.relkind = 'p' group by 1 order by 1`,
		);
		expect(rows).toEqual([
			{ log: 'model_usage_log', parts: 4 },
			{ log: 'vram_usage_log', parts: 4 },
		]);
		await store.recordUsage([usageRow({ job_id: 'now' })]);
		expect(await count('model_usage_log_default')).toBe(0);
	});

	it('take the rows that waited for them in the default partition', async () => {
		await store.recordUsage([usageRow({ job_id: 'late', created_at: '2031-03-15T12:00:00Z' })]);
		expect(await count('model_usage_log_default')).toBe(1);
		await database.sql.query(
			`select comfyui_router_add_partition('model_usage_log', 'created_at', 'month', '2031-03-01')`,
		);
		expect(await count('model_usage_log_default')).toBe(0);
		expect(await count('model_usage_log_20310301')).toBe(1);
		const [again] = await store.recordUsage([usageRow({ job_id: 'late' })]);
		expect(again?.inserted).toBe(false);
	});
});

describe('retention', () => {
	it('drops whole partitions of the past with their keys, and nothing while no retention is set', async () => {
		await database.sql.query(
			`select comfyui_router_add_partition('model_usage_log', 'created_at', 'month', '2020-01-15');
			select comfyui_router_add_partition('vram_usage_log', 'observed_at', 'week', '2020-01-15')`,
		);
		await store.recordUsage([
			usageRow({ job_id: 'old', created_at: '2020-01-15T00:00:00Z' }),
			usageRow({ job_id: 'older', created_at: '2010-01-15T00:00:00Z' }),
			usageRow({ job_id: 'fresh' }),
		]);
		await store.recordVram([
			vramReading({ observed_at: '2020-01-15T00:00:00Z' }),
			vramReading({ observed_at: new Date().toISOString() }),
		]);
		expect((await store.maintain()).dropped).toEqual([]);

		await store.setRetention({ usage: 365, vram: 30 });
		const done = await store.maintain();
		expect(done.dropped.sort()).toEqual(['model_usage_log_20200101', 'vram_usage_log_20200113']);
		expect(done.keysRemoved).toBe(2);
		const { rows } = await database.sql.query(
			`select job_id from model_usage_log where job_id in ('old', 'older', 'fresh')`,
		);
		expect(rows).toEqual([{ job_id: 'fresh' }]);
		expect(await count('vram_usage_log')).toBe(1);
		const [returned] = await store.recordUsage([usageRow({ job_id: 'old' })]);
		expect(returned?.inserted).toBe(true);
	});

	it('is refused when it makes no sense', async () => {
		await expect(store.setRetention({ vram: 0 })).rejects.toMatchObject({
			code: 'OPTIONS_INVALID',
		});
		await expect(store.setRetention({ usage: NaN })).rejects.toMatchObject({
			code: 'OPTIONS_INVALID',
		});
	});
});
