/** Quotas of whole jobs: a generator over stand-ins, a real PostgreSQL. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { PostgresQuotaStore } from '../../../adapters/postgres/quota-store';
import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import { RouterError } from '../../../lib/errors';
import { type Lab, type LabOptions, openLab } from '../../support/generate-lab';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

let database: TestDatabase;
let store: PostgresStore;
let lab: Lab;

beforeAll(async () => {
	database = await createTestDatabase('jobquota');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
});
afterAll(async () => {
	await store.close();
	await database.close();
});
beforeEach(async () => {
	await database.sql.query(
		'truncate quota_limit, quota_account, quota_reservation, model_usage_log',
	);
});
afterEach(() => lab.close());

async function open(deps: LabOptions['deps'] = {}): Promise<Lab> {
	const quota = new PostgresQuotaStore(store.pool);
	lab = await openLab({ deps: { store, quota, ...deps } });
	return lab;
}

const limit = (columns: string, values: string) =>
	database.sql.query(
		`insert into quota_limit (subject_kind, subject, period, ${columns}) values ('user', '*', 'day', ${values})`,
	);

const photo = (job_id: string) => ({
	request: {
		purpose: 'photo',
		prompt: 'a cat',
		explain: false,
		user_id: 'ana',
		deadline_seconds: 60,
		job_id,
	},
});

async function account(): Promise<Record<string, number>> {
	const { rows } = await database.sql.query(
		`select images_used::int, images_reserved::int, gpu_seconds_used::float8, gpu_seconds_reserved::float8 from quota_account`,
	);
	expect(rows).toHaveLength(1);
	return rows[0];
}

describe('Jobs of a user with a quota', () => {
	it('run while it lasts, are charged what they took, and are refused after that', async () => {
		const { generator } = await open();
		await limit('images', '3');
		const results = await generator.generate(['a', 'b', 'c', 'd', 'e'].map(photo));
		expect(results.map(({ status }) => status).sort()).toEqual([
			'done',
			'done',
			'done',
			'failed',
			'failed',
		]);
		const refused = results.find(({ status }) => status === 'failed');
		expect(refused?.error).toMatchObject({ code: 'NOT_SERVED' });
		expect(refused?.reason).toContain('daily quota of user "ana" does not cover it');
		const { images_used, images_reserved, gpu_seconds_used, gpu_seconds_reserved } =
			await account();
		expect([images_used, images_reserved, gpu_seconds_reserved]).toEqual([3, 0, 0]);
		const { rows } = await database.sql.query(
			`select sum(run_seconds)::float8 as run, count(*) filter (where status = 'rejected')::int as rejected from model_usage_log`,
		);
		expect(gpu_seconds_used).toBeCloseTo(rows[0].run, 4);
		expect(rows[0].rejected).toBe(2);
	});

	it('are not charged for our own out of memory, and run again within the same quota', async () => {
		const { generator, standIns } = await open();
		await limit('images', '1');
		standIns[0]?.faults.oomNext('sampling');
		const [result] = await generator.generate([photo('oom')]);
		expect(result?.attempts.map(({ status }) => status)).toEqual(['oom', 'success']);
		expect(await account()).toMatchObject({
			images_used: 1,
			images_reserved: 0,
			gpu_seconds_reserved: 0,
		});
		const { rows } = await database.sql.query(
			'select attempt, state, outcome from quota_reservation order by attempt',
		);
		expect(rows).toEqual([
			{ attempt: 1, state: 'refunded', outcome: 'oom' },
			{ attempt: 2, state: 'committed', outcome: 'success' },
		]);
	});

	it('degrade to what still fits, and say why', async () => {
		const { generator } = await open();
		await limit('gpu_seconds, mode', `0.6, 'degrade'`);
		const [result] = await generator.generate([photo('less')]);
		expect(result?.selection).toMatchObject({ model_name: 'light', degraded: true });
		expect(result?.reason).toContain(
			'The cheapest that fits, because the daily quota of user "ana"',
		);
	});

	it('give back what they held when they are cancelled before they run', async () => {
		const { generator } = await open();
		await limit('images', '10');
		const stop = new AbortController();
		const running = generator.generate([photo('x'), photo('y'), photo('z')], {
			signal: stop.signal,
			onProgress: (event) => {
				if (event.phase === 'submitted') stop.abort(new Error('enough'));
			},
		});
		await running;
		expect(await account()).toMatchObject({
			images_used: 0,
			images_reserved: 0,
			gpu_seconds_reserved: 0,
		});
	});

	it('keep what is reserved for a job that was handed over, and are charged when it is picked up', async () => {
		const { generator } = await open();
		await limit('images', '10');
		const [handed] = await generator.submit([photo('later')]);
		expect(handed?.status).toBe('submitted');
		expect(await account()).toMatchObject({ images_used: 0, images_reserved: 1 });
		const attempt = handed?.attempts[0];
		const selection = handed?.selection;
		if (!attempt || selection?.decision !== 'selected') throw new Error('nothing was submitted');
		const input = {
			server: attempt.server,
			promptId: attempt.prompt_id,
			selection,
			jobId: 'later',
		};
		expect((await generator.resume(input)).status).toBe('done');
		expect(await account()).toMatchObject({ images_used: 1, images_reserved: 0 });
	});

	it('run all the same where quotas cannot be looked up, which is said once, and nothing is charged then', async () => {
		const told: RouterError[] = [];
		const away = async (): Promise<never> => {
			throw new RouterError({ code: 'POSTGRES_UNREACHABLE', message: 'away', hint: 'wait' });
		};
		const { generator } = await open({
			quota: { left: away, reserve: away, release: away, settle: async () => undefined },
			onQuotasAway: (error) => told.push(error),
		});
		const results = await generator.generate([photo('free'), photo('free-2')]);
		expect(results.map(({ status }) => status)).toEqual(['done', 'done']);
		expect(told.map(({ code }) => code)).toEqual(['POSTGRES_UNREACHABLE']);
	});
});
