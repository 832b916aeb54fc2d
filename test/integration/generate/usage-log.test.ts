/** Attempts in the usage log of a real PostgreSQL, also when it goes away in the middle. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import { createGenerator } from '../../../service/generate';
import {
	type Lab,
	type LabOptions,
	openLab,
	quickCatalog,
	until,
} from '../../support/generate-lab';
import { provisionPostgres, type ProvisionedPostgres } from '../../support/postgres';

let database: ProvisionedPostgres;
let store: PostgresStore;
let lab: Lab;

beforeAll(async () => {
	database = await provisionPostgres({ durable: true });
});
afterAll(() => database.stop());
afterEach(async () => {
	await lab.close();
	await store.close();
});

async function open(more: LabOptions = {}): Promise<Lab> {
	store = createPostgresStore({ connection: database.url });
	lab = await openLab({ ...more, deps: { store, workflowId: 'w1', executionId: 'e1' } });
	return lab;
}

const photo = { purpose: 'photo', prompt: 'a cat', explain: false };

async function rows(jobs: readonly string[]): Promise<Record<string, unknown>[]> {
	const found = await database.admin.query(
		'select * from model_usage_log where job_id = any($1) order by job_id, attempt',
		[jobs],
	);
	return found.rows as Record<string, unknown>[];
}

describe('The usage log', () => {
	it('has one row for each attempt', async () => {
		const { generator, standIns } = await open();
		standIns[0]?.faults.oomNext('sampling');
		const request = { ...photo, job_id: 'log-1', deadline_seconds: 30 };
		const [result] = await generator.generate([{ request }]);
		expect(result?.log_errors).toEqual([]);
		const [first, second, ...more] = await rows(['log-1']);
		expect(more).toEqual([]);
		expect(first).toMatchObject({ attempt: 1, status: 'oom', model_name: 'heavy' });
		expect(second).toMatchObject({
			attempt: 2,
			status: 'success',
			on_time: true,
			workflow_id: 'w1',
			execution_id: 'e1',
			timing_source: 'comfyui',
			deadline_seconds: 30,
			prompt_id: result?.attempts[1]?.prompt_id,
		});
	});

	it('has the cost of the GPU time that each attempt took, failed ones too, and none of the waiting', async () => {
		const name = 's1';
		const catalog = quickCatalog({ servers: [{ name, hourly_cost: 7200 }] });
		const { generator, standIns } = await open({ catalog });
		const jobs = ['cost-1', 'cost-2', 'cost-3'];
		standIns[0]?.faults.oomNext('sampling');
		await generator.generate(jobs.map((job_id) => ({ request: { ...photo, job_id } })));
		const found = await rows(jobs);
		expect(found.length).toBeGreaterThan(jobs.length);
		for (const row of found) {
			expect(Number(row.run_seconds)).toBeGreaterThan(0);
			// 2 a second
			expect(Number(row.actual_cost)).toBeCloseTo(2 * Number(row.run_seconds), 6);
		}
		expect(found.map(({ status }) => status)).toContain('oom');
		expect(found.some((row) => Number(row.queue_seconds) > 0)).toBe(true);
	});

	it('has a row for what nothing could serve', async () => {
		const { generator } = await open();
		const request = { ...photo, job_id: 'log-2', min_quality: 0.99 };
		await generator.generate([{ request }]);
		expect(await rows(['log-2'])).toMatchObject([
			{ attempt: 1, status: 'rejected', error_code: 'QUALITY_FLOOR' },
		]);
	});

	it('misses no row and doubles none when the database is killed in the middle and comes back', async () => {
		const { generator, standIns } = await open();
		await store.migrate();
		const jobs = Array.from({ length: 24 }, (_, index) => `away-${index}`);
		const items = jobs.map((job_id) => ({ request: { ...photo, job_id } }));
		const running = generator.generate(items);
		await until('some are done', () => (standIns[0]?.events.of('finished').length ?? 0) >= 6);
		await database.crash();
		await until(
			'more are done',
			() => (standIns[0]?.events.of('finished').length ?? 0) >= 18,
			20_000,
		);
		await database.restart();
		const results = await running;
		expect(results.flatMap((one) => one.log_errors)).toEqual([]);
		const written = await rows(jobs);
		expect(written.map((row) => row['job_id'])).toEqual([...jobs].sort());
		expect(new Set(written.map((row) => row['status']))).toEqual(new Set(['success']));
	});

	it('that stays away is said, and the images are there all the same', async () => {
		const { deps, standIns } = await open();
		const away = {
			...deps,
			store: createPostgresStore({ connection: 'postgresql://u@127.0.0.1:1/x' }),
			patience: { flushMs: 300 },
		};
		const [result] = await createGenerator(away).generate([{ request: photo }]);
		await away.store.close();
		expect(result?.status).toBe('done');
		expect(result?.log_errors).toMatchObject([{ name: 'RouterError' }]);
		expect(standIns[0]?.events.of('finished')).toHaveLength(1);
	});
});
