import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import type { UsageRow } from '../../../lib/usage/types';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow, vramReading } from '../../support/usage-rows';

let database: TestDatabase;
let store: PostgresStore;

beforeAll(async () => {
	database = await createTestDatabase('usage');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
});
beforeEach(() => database.sql.query('truncate model_usage_log, vram_usage_log'));
afterAll(async () => {
	await store.close();
	await database.close();
});

async function stored(columns = 'job_id, attempt, prompt_id, status'): Promise<unknown[]> {
	const { rows } = await database.sql.query(
		`select ${columns} from model_usage_log order by job_id, attempt`,
	);
	return rows;
}

describe('recordUsage', () => {
	it('gives every column back as it was written', async () => {
		const row = usageRow({
			prompt_id: 'p',
			attempt: 3,
			error_code: 'X',
			error_message: 'why',
			quality_feedback: 0.5,
			load_seconds: 0.25,
			exploration_probability: 0.02,
			cost_unit: 'EUR',
		});
		await store.recordUsage([row]);
		const { rows } = await database.sql.query('select * from model_usage_log');
		const { id, created_at: createdAt, ...rest } = rows[0];
		expect({ ...rest, vram_peak_bytes: Number(rest.vram_peak_bytes) }).toEqual(row);
		expect(Number(id)).toBeGreaterThan(0);
		expect(Math.abs(Date.now() - createdAt.getTime())).toBeLessThan(60_000);
	});

	it('changes nothing when the same rows come again, in one call or in another', async () => {
		const rows = [
			usageRow({ prompt_id: 'a' }),
			usageRow({ prompt_id: 'a' }),
			usageRow({ job_id: 'job-2' }),
		];
		const first = await store.recordUsage(rows);
		const second = await store.recordUsage(rows);
		expect(first.map((receipt) => receipt.inserted)).toEqual([true, false, true]);
		expect(second.map((receipt) => receipt.inserted)).toEqual([false, false, false]);
		expect(second.map((receipt) => receipt.attempt)).toEqual([1, 1, 1]);
		expect(await stored('job_id')).toHaveLength(2);
	});

	it('makes another prompt of the same job its next attempt, whatever number it asks for', async () => {
		await store.recordUsage([usageRow({ prompt_id: 'a', attempt: 1 })]);
		const receipts = await store.recordUsage([
			usageRow({ prompt_id: 'b', attempt: 1, status: 'oom' }),
			usageRow({ prompt_id: 'c' }),
			usageRow({ prompt_id: 'a' }),
		]);
		expect(receipts.map(({ attempt, inserted }) => [attempt, inserted])).toEqual([
			[2, true],
			[3, true],
			[1, false],
		]);
		expect(await stored('attempt, prompt_id, status')).toEqual([
			{ attempt: 1, prompt_id: 'a', status: 'success' },
			{ attempt: 2, prompt_id: 'b', status: 'oom' },
			{ attempt: 3, prompt_id: 'c', status: 'success' },
		]);
	});

	it('keeps rows without a prompt apart when their facts differ, and once when only the wall time does', async () => {
		const wall: Partial<UsageRow> = { timing_source: 'wall' };
		await store.recordUsage([usageRow({ ...wall, actual_seconds: 10 })]);
		const receipts = await store.recordUsage([
			usageRow({ ...wall, actual_seconds: 12 }),
			usageRow({ ...wall, status: 'oom' }),
		]);
		expect(receipts.map(({ attempt, inserted }) => [attempt, inserted])).toEqual([
			[1, false],
			[2, true],
		]);
	});

	it('is held by the table itself: a second row by hand is refused, deleting the first frees its place', async () => {
		await store.recordUsage([usageRow()]);
		const insert = `insert into model_usage_log (job_id, attempt, status) values ('job-1', 1, 'oom')`;
		await expect(database.sql.query(insert)).rejects.toMatchObject({ code: '23505' });
		await database.sql.query(`delete from model_usage_log where job_id = 'job-1'`);
		await database.sql.query(insert);
		expect(await stored('job_id, status')).toEqual([{ job_id: 'job-1', status: 'oom' }]);
	});

	it('lets feedback be added later but not the identity of a row be changed', async () => {
		await store.recordUsage([usageRow()]);
		await database.sql.query(`update model_usage_log set quality_feedback = 0.9`);
		await expect(database.sql.query(`update model_usage_log set attempt = 2`)).rejects.toThrow(
			/cannot be changed/,
		);
	});

	it('writes 10,000 rows of one call, receipts in their order, rows of a job numbered in theirs', async () => {
		const rows = Array.from({ length: 10_000 }, (_, index) =>
			usageRow({ job_id: `job-${index % 3000}`, prompt_id: `p-${index}` }),
		);
		const receipts = await store.recordUsage(rows);
		expect(receipts.map((receipt) => receipt.job_id)).toEqual(rows.map((row) => row.job_id));
		expect(receipts[3000]).toEqual({ job_id: 'job-0', attempt: 2, inserted: true });
		expect(receipts.every((receipt) => receipt.inserted)).toBe(true);
		const { rows: counted } = await database.sql.query(
			`select count(*)::int as rows, count(distinct (job_id, attempt))::int as keys, max(attempt) as most from model_usage_log`,
		);
		expect(counted[0]).toEqual({ rows: 10_000, keys: 10_000, most: 4 });
	});

	it('stores hostile text as text', async () => {
		const hostile = `'; drop table model_usage_log; -- "\\ {NULL,"x"} \u0000 \ud800 ${'💥'} $1 \r\n\t`;
		const texts = {
			job_id: hostile,
			user_id: hostile,
			server: 'NULL',
			model_name: '',
			selection_reason: hostile,
			prompt_id: '{}',
		};
		await store.recordUsage([usageRow(texts)]);
		const clean = hostile.replace('\u0000', '').replace('\ud800', '\ufffd');
		expect(
			await stored('job_id, user_id, server, model_name, selection_reason, prompt_id'),
		).toEqual([{ ...texts, job_id: clean, user_id: clean, selection_reason: clean }]);
	});

	it('keeps the beginning of a megabyte and says how long it was', async () => {
		await store.recordUsage([usageRow({ error_message: 'x'.repeat(1_000_000) })]);
		const [row] = (await stored('error_message')) as { error_message: string }[];
		expect(row?.error_message).toHaveLength(4000);
		expect(row?.error_message).toMatch(/… \(1000000 characters\)$/);
	});

	it('names every row and column that is out of range and writes none of the call', async () => {
		const rows = [
			usageRow(),
			usageRow({ job_id: 'b', width: 3e9, run_seconds: NaN }),
			usageRow({ job_id: '', vram_peak_bytes: 1.5, quality_estimated: 2 }),
		];
		const failure = await store.recordUsage(rows).catch((error: unknown) => error);
		expect(failure).toMatchObject({ code: 'USAGE_INVALID' });
		expect(
			(failure as { problems: { path: string }[] }).problems.map((problem) => problem.path),
		).toEqual([
			'rows[1].width',
			'rows[1].run_seconds',
			'rows[2].job_id',
			'rows[2].quality_estimated',
			'rows[2].vram_peak_bytes',
		]);
		expect(await stored()).toEqual([]);
	});

	it('takes rows of the past and of years nobody made a partition for', async () => {
		await store.recordUsage([
			usageRow({ created_at: '2019-05-05T00:00:00Z' }),
			usageRow({ job_id: 'future', created_at: '2050-01-01T00:00:00Z' }),
		]);
		expect(await stored('job_id')).toHaveLength(2);
	});
});

describe('20 writers at the same jobs', () => {
	it('number every prompt once, without a gap, and agree on the same prompts', async () => {
		const writers = Array.from({ length: 20 }, () =>
			createPostgresStore({ connection: database.url, chunkRows: 25, maxConnections: 2 }),
		);
		const jobs = Array.from({ length: 50 }, (_, index) => `job-${index}`);
		const results = await Promise.all(
			writers.map((writer, index) =>
				writer.recordUsage([
					// everybody's row, and one of each pair of writers
					...jobs.map((job) => usageRow({ job_id: job, prompt_id: 'shared' })),
					...jobs.map((job) => usageRow({ job_id: job, prompt_id: `p${index >> 1}` })),
				]),
			),
		);
		await Promise.all(writers.map((writer) => writer.close()));
		const { rows } = await database.sql.query(
			`select job_id, count(*)::int as rows, count(distinct prompt_id)::int as prompts, max(attempt) as most
			from model_usage_log group by 1`,
		);
		expect(rows).toHaveLength(50);
		for (const row of rows) expect(row).toMatchObject({ rows: 11, prompts: 11, most: 11 });
		const inserted = results.flat().filter((receipt) => receipt.inserted);
		expect(inserted).toHaveLength(50 * 11);
	});
});

describe('recordVram', () => {
	it('writes every reading once however often the batch comes', async () => {
		const readings = [
			vramReading(),
			vramReading({ device_index: 1 }),
			vramReading({
				server: 'gone',
				reachable: false,
				error: 'no answer',
				device_index: null,
				vram_total: null,
				vram_free: null,
			}),
		];
		await store.recordVram(readings);
		await store.recordVram(readings);
		const { rows } = await database.sql.query(
			'select server, reachable, vram_free from vram_usage_log order by id',
		);
		expect(rows).toEqual([
			{ server: 'gpu-a', reachable: true, vram_free: '20000000000' },
			{ server: 'gpu-a', reachable: true, vram_free: '20000000000' },
			{ server: 'gone', reachable: false, vram_free: null },
		]);
	});

	it('keeps a reading whose figures cannot be right, and says so in it', async () => {
		await store.recordVram([
			vramReading({ vram_free: -5, device_name: 'a\u0000b', queue_pending: 1e20 }),
		]);
		const { rows } = await database.sql.query(
			'select vram_free, device_name, queue_pending, error from vram_usage_log',
		);
		expect(rows[0]).toMatchObject({ vram_free: null, device_name: 'ab', queue_pending: null });
		expect(rows[0].error).toMatch(/vram_free.*queue_pending/);
	});
});
