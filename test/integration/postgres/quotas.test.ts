import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { migrate } from '../../../adapters/postgres/migrate';
import { createPool, type RouterPool } from '../../../adapters/postgres/pool';
import { PostgresQuotaStore } from '../../../adapters/postgres/quota-store';
import { periodEndMs, periodStartMs } from '../../../lib/quotas/period';
import { QUOTA_PERIODS, type QuotaClaim } from '../../../lib/quotas/types';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

let database: TestDatabase;
let pool: RouterPool;
let quotas: PostgresQuotaStore;

beforeAll(async () => {
	database = await createTestDatabase('quotas');
	pool = createPool({ connection: database.url });
	await migrate(pool);
});
afterAll(async () => {
	await pool.close();
	await database.close();
});
beforeEach(async () => {
	await database.sql.query(
		'truncate quota_limit, quota_group_member, quota_account, quota_reservation',
	);
	quotas = new PostgresQuotaStore(pool);
});

function claim(overrides: Partial<QuotaClaim> = {}): QuotaClaim {
	return {
		jobId: 'job-1',
		attempt: null,
		userId: 'ana',
		images: 1,
		gpuSeconds: 10,
		cost: 0.01,
		ttlSeconds: 900,
		...overrides,
	};
}

const charged = (jobId: string, attempt: number, gpuSeconds: number | null, images = 1) => ({
	jobId,
	attempt,
	userId: 'ana',
	outcome: 'success',
	images,
	gpuSeconds,
	cost: gpuSeconds === null ? null : gpuSeconds / 1000,
});

async function limit(
	kind: string,
	subject: string,
	period: string,
	values: { images?: number; gpu?: number; cost?: number; mode?: string },
): Promise<void> {
	await database.sql.query(
		`insert into quota_limit (subject_kind, subject, period, images, gpu_seconds, cost, mode)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		[
			kind,
			subject,
			period,
			values.images ?? null,
			values.gpu ?? null,
			values.cost ?? null,
			values.mode ?? 'reject',
		],
	);
}

async function balances(): Promise<Record<string, number[]>> {
	const { rows } = await database.sql.query(
		`select subject_kind || ':' || subject || ':' || period as name, images_used::int, images_reserved::int,
			gpu_seconds_used::float8, gpu_seconds_reserved::float8 from quota_account order by 1`,
	);
	return Object.fromEntries(
		rows.map((row) => [
			row.name,
			[row.images_used, row.images_reserved, row.gpu_seconds_used, row.gpu_seconds_reserved],
		]),
	);
}

describe('quotas in PostgreSQL', () => {
	it('grants everything and keeps nothing where nobody is limited', async () => {
		expect(await quotas.reserve(claim())).toEqual({ granted: true, attempt: null });
		await quotas.settle([charged('job-1', 1, 9)]);
		expect(await quotas.left(['ana'])).toEqual([]);
		expect(await balances()).toEqual({});
	});

	it('keeps nothing of a user whom no limit concerns', async () => {
		await limit('user', 'bob', 'day', { images: 5 });
		expect(await quotas.reserve(claim())).toEqual({ granted: true, attempt: null });
		await quotas.settle([charged('job-1', 1, 9)]);
		expect(await balances()).toEqual({});
	});

	it('reserves on selection, commits the actual and gives the rest back', async () => {
		await limit('user', 'ana', 'day', { images: 10, gpu: 100 });
		expect(await quotas.reserve(claim())).toEqual({ granted: true, attempt: 1 });
		expect(await balances()).toEqual({ 'user:ana:day': [0, 1, 0, 10] });
		await quotas.settle([charged('job-1', 1, 7.25)]);
		expect(await balances()).toEqual({ 'user:ana:day': [1, 0, 7.25, 0] });
		const [left] = await quotas.left(['ana']);
		expect(left).toMatchObject({ images_left: 9, gpu_seconds_left: 92.75, mode: 'reject' });
		expect(left).not.toHaveProperty('cost_left');
	});

	it('charges a run that took longer than reserved in full, and leaves nothing rather than less', async () => {
		await limit('user', 'ana', 'day', { gpu: 12 });
		await quotas.reserve(claim());
		await quotas.settle([charged('job-1', 1, 15)]);
		expect(await balances()).toEqual({ 'user:ana:day': [1, 0, 15, 0] });
		expect((await quotas.left(['ana']))[0]?.gpu_seconds_left).toBe(0);
		const next = await quotas.reserve(claim({ jobId: 'job-2', gpuSeconds: 0.001 }));
		expect(next.granted).toBe(false);
	});

	it('is idempotent by job and attempt, in reserving and in settling', async () => {
		await limit('user', 'ana', 'day', { images: 10 });
		for (let n = 0; n < 3; n++) {
			expect(await quotas.reserve(claim({ attempt: 1 }))).toEqual({ granted: true, attempt: 1 });
		}
		expect(await balances()).toEqual({ 'user:ana:day': [0, 1, 0, 10] });
		for (let n = 0; n < 3; n++) await quotas.settle([charged('job-1', 1, 8)]);
		expect(await balances()).toEqual({ 'user:ana:day': [1, 0, 8, 0] });
		// the answer was lost and the worker asks again: what is settled stays settled
		expect((await quotas.reserve(claim({ attempt: 1 }))).granted).toBe(true);
		expect(await balances()).toEqual({ 'user:ana:day': [1, 0, 8, 0] });
	});

	it('replaces what a job holds when it is decided anew', async () => {
		await limit('user', 'ana', 'day', { gpu: 15 });
		await quotas.reserve(claim({ gpuSeconds: 10 }));
		expect(await quotas.reserve(claim({ gpuSeconds: 14 }))).toEqual({ granted: true, attempt: 1 });
		expect(await balances()).toEqual({ 'user:ana:day': [0, 1, 0, 14] });
		expect((await quotas.reserve(claim({ gpuSeconds: 16 }))).granted).toBe(false);
		expect(await balances()).toEqual({ 'user:ana:day': [0, 0, 0, 0] });
		expect(await quotas.reserve(claim({ gpuSeconds: 3 }))).toEqual({ granted: true, attempt: 1 });
	});

	it('numbers the attempts of a job that runs again, and charges each', async () => {
		await limit('user', 'ana', 'day', { images: 10 });
		await quotas.reserve(claim());
		await quotas.settle([charged('job-1', 1, 5)]);
		expect(await quotas.reserve(claim())).toEqual({ granted: true, attempt: 2 });
		await quotas.settle([charged('job-1', 2, 6)]);
		expect(await balances()).toEqual({ 'user:ana:day': [2, 0, 11, 0] });
	});

	it('refunds in full what is charged nothing: our own out of memory', async () => {
		await limit('user', 'ana', 'day', { images: 3, gpu: 30, cost: 1 });
		await quotas.reserve(claim());
		await quotas.settle([{ ...charged('job-1', 1, 0, 0), outcome: 'oom', cost: 0 }]);
		expect(await balances()).toEqual({ 'user:ana:day': [0, 0, 0, 0] });
		const { rows } = await database.sql.query('select state, outcome from quota_reservation');
		expect(rows).toEqual([{ state: 'refunded', outcome: 'oom' }]);
	});

	it('releases what a job holds that will not run', async () => {
		await limit('user', 'ana', 'day', { images: 3 });
		await quotas.reserve(claim());
		await quotas.release('job-1');
		expect(await balances()).toEqual({ 'user:ana:day': [0, 0, 0, 0] });
		expect(await quotas.reserve(claim())).toEqual({ granted: true, attempt: 1 });
	});

	it('charges a run that nobody reserved, and ends what an earlier attempt still held', async () => {
		await limit('user', 'ana', 'day', { images: 10 });
		await quotas.reserve(claim());
		await quotas.settle([charged('job-1', 2, 6)]);
		expect(await balances()).toEqual({ 'user:ana:day': [1, 0, 6, 0] });
	});

	it('counts a user in the own account and in every group, and refuses where any is full', async () => {
		await limit('user', '*', 'day', { images: 2 });
		await limit('group', 'studio', 'month', { images: 3 });
		await limit('group', '*', 'hour', { images: 100 });
		await database.sql.query(
			`insert into quota_group_member values ('ana', 'studio'), ('bob', 'studio')`,
		);
		const ask = (jobId: string, userId: string) => quotas.reserve(claim({ jobId, userId }));
		expect((await ask('a1', 'ana')).granted).toBe(true);
		expect((await ask('a2', 'ana')).granted).toBe(true);
		expect((await ask('a3', 'ana')).granted, 'two a day for each user').toBe(false);
		expect((await ask('b1', 'bob')).granted).toBe(true);
		expect((await ask('b2', 'bob')).granted, 'three a month for the studio').toBe(false);
		expect((await ask('c1', 'eve')).granted, 'not in the studio').toBe(true);
		expect(await balances()).toMatchObject({
			'group:*:hour': [0, 4, 0, 40],
			'group:studio:month': [0, 3, 0, 30],
			'user:ana:day': [0, 2, 0, 20],
			'user:bob:day': [0, 1, 0, 10],
			'user:eve:day': [0, 1, 0, 10],
		});
		const left = await quotas.left(['ana', 'bob', '']);
		expect(
			left.map(({ user_id, limit: name, images_left }) => [user_id, name, images_left]),
		).toEqual([
			['', 'hourly quota of all users', 96],
			['', 'daily quota of jobs without a user', 2],
			['ana', 'hourly quota of all users', 96],
			['ana', 'monthly quota of group "studio"', 0],
			['ana', 'daily quota of user "ana"', 0],
			['bob', 'hourly quota of all users', 96],
			['bob', 'monthly quota of group "studio"', 0],
			['bob', 'daily quota of user "bob"', 1],
		]);
	});

	it("prefers a user's own limit to everybody's", async () => {
		await limit('user', '*', 'day', { images: 1 });
		await limit('user', 'ana', 'day', { images: 5 });
		expect((await quotas.left(['ana', 'bob'])).map((state) => state.images_left)).toEqual([5, 1]);
	});

	it('gives back what a crashed worker holds once it has expired, and charges it all the same if it ends after all', async () => {
		await limit('user', 'ana', 'day', { images: 1 });
		await quotas.reserve(claim());
		expect((await quotas.reserve(claim({ jobId: 'job-2' }))).granted).toBe(false);
		await database.sql.query(
			`update quota_reservation set expires_at = now() - interval '1 second'`,
		);
		// refused at first sight: then what has expired is looked for
		expect(await quotas.reserve(claim({ jobId: 'job-2' }))).toEqual({ granted: true, attempt: 1 });
		expect(await balances()).toEqual({ 'user:ana:day': [0, 1, 0, 10] });
		await quotas.settle([charged('job-1', 1, 4)]);
		expect(await balances()).toEqual({ 'user:ana:day': [1, 1, 4, 10] });
	});

	it('charges the period in which it was reserved, and starts the next one at zero', async () => {
		await limit('user', 'ana', 'hour', { images: 1 });
		await quotas.reserve(claim());
		await database.sql.query(
			`update quota_account set period_start = period_start - interval '1 hour'`,
		);
		expect((await quotas.left(['ana']))[0]?.images_left).toBe(1);
		await quotas.settle([charged('job-1', 1, 4)]);
		expect((await quotas.left(['ana']))[0]?.images_left).toBe(1);
		expect(await balances()).toEqual({ 'user:ana:hour': [1, 0, 4, 0] });
	});

	it('resets when lib says it does', async () => {
		for (const period of QUOTA_PERIODS) await limit('user', 'ana', period, { images: 1 });
		const before = Date.now();
		const left = await quotas.left(['ana']);
		const moments = [before, Date.now()];
		for (const state of left) {
			const period = QUOTA_PERIODS.find((one) =>
				state.limit?.startsWith(
					{ hour: 'hourly', day: 'daily', week: 'weekly', month: 'monthly' }[one],
				),
			);
			const ends = moments.map((ms) => new Date(periodEndMs(period ?? 'hour', ms)).toISOString());
			expect(ends).toContain(state.resets_at);
		}
	});

	it('counts periods as PostgreSQL does, whatever the session time zone', async () => {
		const times = [
			-62_000_000_000_000, -1, 0, 951_782_399_999, 1_709_164_800_000, 1_900_000_000_123,
		];
		await database.sql.query(`set time zone 'Pacific/Apia'`);
		for (const period of QUOTA_PERIODS) {
			for (const ms of times) {
				const { rows } = await database.sql.query(
					`select extract(epoch from comfyui_router_quota_period($1, to_timestamp($2))) * 1000 as start_ms,
						extract(epoch from comfyui_router_quota_period_end($1, to_timestamp($2))) * 1000 as end_ms`,
					[period, ms / 1000],
				);
				expect([period, ms, Number(rows[0].start_ms), Number(rows[0].end_ms)]).toEqual([
					period,
					ms,
					periodStartMs(period, ms),
					periodEndMs(period, ms),
				]);
			}
		}
	});

	it('needs no more than the right to insert into the log, and cannot raise its own limit', async () => {
		await limit('user', 'ana', 'day', { images: 1 });
		await database.sql.query(
			`drop role if exists quota_worker; create role quota_worker login password 'pw'`,
		);
		await database.sql.query('grant insert on model_usage_log to quota_worker');
		const worker = createPool({ connection: database.urlFor('quota_worker', 'pw') });
		try {
			const own = new PostgresQuotaStore(worker);
			expect((await own.reserve(claim())).granted).toBe(true);
			expect((await own.reserve(claim({ jobId: 'job-2' }))).granted).toBe(false);
			await own.settle([charged('job-1', 1, 5)]);
			const client = await worker.connect();
			await expect(client.query('update quota_limit set images = 100')).rejects.toMatchObject({
				code: '42501',
			});
			await expect(client.query('update quota_account set images_used = 0')).rejects.toMatchObject({
				code: '42501',
			});
			client.release();
		} finally {
			await worker.close();
		}
	});

	it('lets nobody in who may not log', async () => {
		await limit('user', 'ana', 'day', { images: 1 });
		await database.sql.query(
			`drop role if exists quota_stranger; create role quota_stranger login password 'pw'`,
		);
		const stranger = createPool({ connection: database.urlFor('quota_stranger', 'pw') });
		try {
			await expect(new PostgresQuotaStore(stranger).reserve(claim())).rejects.toMatchObject({
				code: 'POSTGRES_PERMISSION',
			});
		} finally {
			await stranger.close();
		}
	});

	it('limits nobody where the tables are older than quotas', async () => {
		const old = createPool({ connection: database.url, schema: 'before_quotas' });
		await database.sql.query('create schema before_quotas');
		const store = new PostgresQuotaStore(old);
		expect(await store.reserve(claim())).toEqual({ granted: true, attempt: null });
		expect(await store.left(['ana'])).toEqual([]);
		await old.close();
	});

	it('has a view for dashboards', async () => {
		await limit('user', '*', 'day', { images: 3, mode: 'degrade' });
		await quotas.reserve(claim());
		const { rows } = await database.sql.query(
			'select subject, mode, images_limit::int, images_used::int, images_reserved::int from quota_status',
		);
		expect(rows).toEqual([
			{ subject: 'ana', mode: 'degrade', images_limit: 3, images_used: 0, images_reserved: 1 },
		]);
	});
});
