/** The cost report over a real PostgreSQL: rows as Log Usage writes them, added up in the database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore } from '../../../adapters/postgres/store';
import type { CostReport } from '../../../lib/cost-report';
import type { UsageRow } from '../../../lib/usage/types';
import { cli } from '../../support/cli';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow, vramReading } from '../../support/usage-rows';

const MINUTE_MS = 60_000;

let database: TestDatabase;
let count = 0;
beforeAll(async () => {
	database = await createTestDatabase('cost');
	const store = createPostgresStore({ connection: database.url });
	try {
		// 0.36 an hour; 10 s estimated
		const run = (seconds: number, more: Partial<UsageRow> = {}): UsageRow =>
			usageRow({
				job_id: `job-${(count += 1)}`,
				attempt: 1,
				run_seconds: seconds,
				estimated_cost: 0.001,
				actual_cost: seconds * 1e-4,
				...more,
			});
		await store.recordUsage([
			run(20),
			run(10),
			run(5, { status: 'oom', job_id: 'twice' }),
			run(15, { attempt: 2, job_id: 'twice' }),
			run(30, { load_seconds: 10, timing_source: 'given', actual_cost: 0.004 }),
			run(0, { run_seconds: null, actual_cost: null, timing_source: 'wall', status: 'error' }),
			run(0, { status: 'rejected', run_seconds: null, actual_cost: null, server: null }),
			run(12, { server: 'free', estimated_cost: 10, actual_cost: 12, model_name: 'own' }),
		]);
		const at = (minutes: number) => new Date(Date.now() - minutes * MINUTE_MS).toISOString();
		await store.recordVram([
			vramReading({ observed_at: at(300) }),
			// nobody looked for more than an hour
			vramReading({ observed_at: at(40) }),
			vramReading({ observed_at: at(30), queue_running: 1 }),
			vramReading({ observed_at: at(30), queue_running: 1, device_index: 1 }),
			vramReading({ observed_at: at(20), reachable: false, device_index: null }),
			vramReading({ observed_at: at(10) }),
			vramReading({ observed_at: at(0) }),
		]);
		await database.sql
			.query(`insert into model_usage_log (job_id, attempt, model_name, preset, server, status,
			estimated_cost, actual_cost, run_seconds, created_at)
			values ('old', 1, 'sdxl-base', 'full', 'gpu-a', 'success', 1, 2, 3, now() - interval '200 days')`);
	} finally {
		await store.close();
	}
});
afterAll(() => database.close());

async function report(...more: string[]): Promise<CostReport> {
	const result = await cli(['cost', '--database-url', database.url, '--json', ...more]);
	expect([result.code, result.err]).toEqual([0, '']);
	return JSON.parse(result.out) as CostReport;
}

describe('cost', () => {
	it('compares what succeeded, counts what failed apart, and leaves refusals out', async () => {
		const { totals } = await report();
		const [money, seconds] = totals;
		expect(money).toMatchObject({
			unit: 'money',
			runs: 6,
			failed: 2,
			without_cost: 1,
			compared: 4,
		});
		expect(money?.estimated).toBeCloseTo(0.004, 12);
		expect(money?.actual).toBeCloseTo(0.0085, 12);
		expect(money?.bias).toBeCloseTo(1.125, 9);
		expect(money?.failed_cost).toBeCloseTo(0.0005, 12);
		// a load that was given apart is GPU time as well
		expect(money?.gpu_seconds).toBeCloseTo(90, 9);
		expect(seconds).toMatchObject({ unit: 'gpu_seconds', runs: 1, estimated: 10, actual: 12 });
	});

	it('takes the attempts of a job together, the worst job first', async () => {
		const { jobs } = await report('--jobs', '3');
		expect(jobs.map(({ unit }) => unit)).toEqual(['money', 'money', 'money', 'gpu_seconds']);
		expect(jobs[3]).toMatchObject({ difference: 2 });
		const found = (await report()).jobs.find(({ job_id }) => job_id === 'twice');
		expect(found).toMatchObject({ attempts: 2, estimated: 0.001 });
		expect(found?.actual).toBeCloseTo(0.002, 12);
	});

	it('charges a server that is up and does nothing, while somebody looked', async () => {
		const { idle } = await report();
		expect(idle).toHaveLength(1);
		const [gpu] = idle;
		expect(gpu?.server).toBe('gpu-a');
		expect(gpu?.watched_seconds).toBeCloseTo(2400, 0);
		expect(gpu?.idle_seconds).toBeCloseTo(1200, 0);
		expect(gpu?.unreachable_seconds).toBeCloseTo(600, 0);
		expect(gpu?.price_per_hour).toBeCloseTo(0.36, 9);
		expect(gpu?.idle_cost).toBeCloseTo(0.12, 4);
	});

	it('goes back as far as asked', async () => {
		const { weeks } = await report('--since-days', '365');
		expect(weeks.length).toBeGreaterThan((await report()).weeks.length);
	});

	it('prints tables for people, and says where there is nothing', async () => {
		const text = await cli(['cost', '--database-url', database.url]);
		expect(text.out).toMatch(/6 runs in the last 90 days cost/);
		expect(text.out).toMatch(/By model and preset[\s\S]*By week[\s\S]*Servers while nothing ran/);
		expect((await cli(['cost', '--database-url', database.url, '--since-days', 'x'])).code).toBe(
			64,
		);
		expect((await cli(['cost'])).code).toBe(64);
	});
});
