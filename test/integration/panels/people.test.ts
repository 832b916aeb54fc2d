/** Quotas, feedback, and what can be chosen in a dashboard, against cases worked out by hand. */
import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALERTS, PANELS } from '../../../adapters/postgres/panels';
import { VARIABLE_QUERIES } from '../../../adapters/postgres/panels/variables';
import { createPool } from '../../../adapters/postgres/pool';
import { readReportData } from '../../../adapters/postgres/report-data';
import { createPostgresStore } from '../../../adapters/postgres/store';
import { reportPeriod } from '../../../lib/usage-report';
import { range, USAGE, VRAM } from '../../support/hand-made-logs';
import { DAY_MS, runQuery } from '../../support/panels';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

let database: TestDatabase;
const today = { fromMs: Date.now() - DAY_MS, toMs: Date.now() + DAY_MS, intervalSeconds: 3600 };
const close = (value: number) => expect.closeTo(value, 9) as unknown as number;

beforeAll(async () => {
	database = await createTestDatabase('people');
	const store = createPostgresStore({ connection: database.url });
	await store.migrate();
	await store.recordUsage(USAGE);
	await store.recordVram(VRAM);
	await store.close();
	await database.sql.query(`
		insert into quota_limit (subject_kind, subject, period, images, cost) values
			('user', 'ana', 'day', 100, 2), ('group', '*', 'month', null, 10), ('user', 'idle', 'day', 0, null);
		insert into quota_account (subject_kind, subject, period, period_start, images_used, images_reserved, cost_used) values
			('user', 'ana', 'day', date_trunc('day', now() at time zone 'UTC') at time zone 'UTC', 90, 5, 0.5),
			('user', 'ana', 'day', date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - interval '1 day', 100, 0, 2),
			('group', '*', 'month', date_trunc('month', now() at time zone 'UTC') at time zone 'UTC', 500, 0, 4),
			('user', 'idle', 'day', date_trunc('day', now() at time zone 'UTC') at time zone 'UTC', 0, 0, 0);
		insert into model_feedback (job_id, attempt, user_id, kind, rating, model_name, purpose, other_job_id, other_model_name) values
			('a', 1, 'u1', 'thumb', 1, 'good', 'photo', '', null), ('b', 1, 'u1', 'thumb', 1, 'good', 'photo', '', null),
			('c', 1, 'u2', 'thumb', 1, 'good', 'photo', '', null), ('d', 1, 'u3', 'rating', 0.6, 'good', 'photo', '', null),
			('e', 1, 'u1', 'preference', null, 'good', 'photo', 'f', 'poor');
		insert into model_feedback (job_id, attempt, user_id, kind, rating, model_name, purpose, created_at) values
			('old', 1, 'u1', 'thumb', 0, 'good', 'photo', now() - interval '9 days')`);
});
afterAll(() => database.close());

describe('quotas', () => {
	it('gives each limited amount of the running periods, the fullest first; a limit of nothing is full', async () => {
		const rows = await runQuery(database.sql, PANELS.quotas, today);
		expect(
			rows.map(({ subject, period, amount, taken, allowed, share }) => [
				...[subject, period, amount, taken, allowed, share],
			]),
		).toEqual([
			['user idle', 'day', 'images', 0, 0, 1],
			['user ana', 'day', 'images', 95, 100, close(0.95)],
			['group *', 'month', 'cost', 4, 10, close(0.4)],
			['user ana', 'day', 'cost', 0.5, 2, close(0.25)],
		]);
	});

	it('the alert compares the shares', async () => {
		const alert = ALERTS.find(({ name }) => name === 'budget-nearly-spent');
		const rows = await runQuery(database.sql, alert as { sql: string }, today);
		const firing = rows.filter(({ value }) => Number(value) > (alert?.threshold ?? 1));
		expect(firing.map(({ subject, amount }) => [subject, amount])).toEqual([
			['user ana', 'images'],
			['user idle', 'images'],
		]);
	});
});

describe('feedback', () => {
	it('gives the mean with its interval, and both sides of a preference', async () => {
		const [good, poor] = await runQuery(database.sql, PANELS.feedback, today);
		expect(good).toMatchObject({
			...{ model: 'good', purpose: 'photo', ratings: 4, preferred: 1, not_preferred: 0 },
			rating: close(0.9),
		});
		// Wilson at 90 %: (0.9 + 2.706/8 ± 1.645 * sqrt(0.9 * 0.1 / 4 + 2.706/64)) / (1 + 2.706/4)
		expect(good?.['low']).toBeCloseTo(0.489, 3);
		expect(good?.['high']).toBeCloseTo(0.988, 3);
		expect(poor).toMatchObject({
			...{
				model: 'poor',
				ratings: 0,
				rating: null,
				low: 0,
				high: 1,
				preferred: 0,
				not_preferred: 1,
			},
		});
	});
});

describe('the report', () => {
	const readFrom = async (connection: string) => {
		const pool = createPool({ connection });
		try {
			return await readReportData(pool, reportPeriod(Date.now(), 2));
		} finally {
			await pool.close();
		}
	};

	it('has quotas and feedback', async () => {
		const { quotas, feedback } = await readFrom(database.url);
		expect(quotas?.map(({ subject, amount, share }) => [subject, amount, share])).toEqual([
			['user idle', 'images', 1],
			['user ana', 'images', close(0.95)],
			['group *', 'cost', close(0.4)],
			['user ana', 'cost', close(0.25)],
		]);
		expect(feedback).toMatchObject([
			{ model: 'good', rating: close(0.9), ratings: 4 },
			{ model: 'poor', rating: null, low: null, high: null, notPreferred: 1 },
		]);
	});

	it('is whole but for them where the role may read the logs only', async () => {
		const role = `logs_only_${randomBytes(4).toString('hex')}`;
		await database.sql.query(`create role ${role} login password 'secret'`);
		await database.sql.query(`grant select on model_usage_log, vram_usage_log to ${role}`);
		try {
			const { quotas, feedback, servers } = await readFrom(database.urlFor(role, 'secret'));
			expect([quotas, feedback]).toEqual([null, null]);
			expect(servers).toEqual((await readFrom(database.url)).servers);
		} finally {
			await database.sql.query(`drop owned by ${role}`);
			await database.sql.query(`drop role ${role}`);
		}
	});
});

describe('variables', () => {
	it('offer the names of the range', async () => {
		const names = async (variable: keyof typeof VARIABLE_QUERIES) =>
			(await runQuery(database.sql, { sql: VARIABLE_QUERIES[variable] }, range)).map(
				({ name }) => name,
			);
		expect(await names('server')).toEqual(['gpu-a', 'gpu-b']);
		expect(await names('model')).toEqual(['sd15', 'sdxl-base']);
		expect(await names('user')).toEqual(['ana', "o'neil"]);
		expect(await names('purpose')).toEqual(['photo', 'product']);
	});
});
