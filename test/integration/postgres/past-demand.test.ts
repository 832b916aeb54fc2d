/** Past demand as the log tells it: by kind and model, at this time of the days before and just now. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { PostgresPastDemand } from '../../../adapters/postgres/past-demand';
import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import { DEMO_WORKFLOW_ID } from '../../../lib/demo';
import { deadlineClass } from '../../../lib/residency/demand';
import type { UsageRow } from '../../../lib/usage/types';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow } from '../../support/usage-rows';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const HALF_AN_HOUR = { horizonSeconds: 1800, days: 7 };

let database: TestDatabase;
let store: PostgresStore;
let count = 0;

beforeAll(async () => {
	database = await createTestDatabase('past_demand');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
});
beforeEach(() => database.sql.query('truncate model_usage_log'));
afterAll(async () => {
	await store?.close();
	await database?.close();
});

/** @param agoMs well inside or outside of what is asked for: the clock goes on meanwhile */
async function log(agoMs: number, jobs: number, rest: Partial<UsageRow> = {}): Promise<void> {
	const created_at = new Date(Date.now() - agoMs).toISOString();
	await store.recordUsage(
		Array.from({ length: jobs }, () => {
			count += 1;
			return usageRow({ job_id: `job-${count}`, attempt: 1, created_at, ...rest });
		}),
	);
}

const read = (query = HALF_AN_HOUR) => new PostgresPastDemand(store.pool).pastDemand(query);

describe('past demand', () => {
	it('is counted at this time of the days before, looking ahead, and just now, looking back', async () => {
		await log(5 * MINUTE_MS, 3);
		await log(2 * DAY_MS - 10 * MINUTE_MS, 2);
		await log(3 * DAY_MS - 20 * MINUTE_MS, 4);
		// at other times, and too long ago
		await log(45 * MINUTE_MS, 10);
		await log(2 * DAY_MS + 10 * MINUTE_MS, 20);
		await log(2 * DAY_MS - 45 * MINUTE_MS, 30);
		await log(8 * DAY_MS - 10 * MINUTE_MS, 40);
		expect(await read()).toEqual([
			{
				purpose: 'photo',
				urgency: 'normal',
				deadline_seconds: expect.closeTo(deadlineClass(90), 0),
				width: 1024,
				height: 1024,
				batch_size: 1,
				model_name: 'sdxl-base',
				jobs_at_this_time: 6,
				days: 7,
				jobs_just_now: 3,
			},
		]);
	});

	it('knows for how many days there is a log', async () => {
		await log(2 * DAY_MS - 10 * MINUTE_MS, 1);
		const [row] = await read();
		expect(row?.days).toBeGreaterThan(1.9);
		expect(row?.days).toBeLessThan(2);
		await database.sql.query('truncate model_usage_log');
		await log(5 * MINUTE_MS, 1);
		expect(await read()).toMatchObject([{ days: 1, jobs_at_this_time: 0, jobs_just_now: 1 }]);
		await database.sql.query('truncate model_usage_log');
		expect(await read()).toEqual([]);
	});

	it('is told apart by all that was asked for, and by the model', async () => {
		const kinds: Partial<UsageRow>[] = [
			{},
			{ purpose: 'draft' },
			{ purpose: null },
			{ urgency: 'urgent' },
			{ deadline_seconds: 15 },
			{ width: 512 },
			{ height: 512 },
			{ batch_size: 4 },
			{ model_name: 'flux' },
			{ urgency: null, deadline_seconds: null, width: null, height: null, batch_size: null },
		];
		for (const kind of kinds) await log(MINUTE_MS, 2, kind);
		const rows = await read();
		expect(rows).toHaveLength(kinds.length);
		expect(rows.every((row) => row.jobs_just_now === 2)).toBe(true);
		expect(rows).toContainEqual(
			expect.objectContaining({
				urgency: null,
				deadline_seconds: null,
				width: null,
				batch_size: null,
			}),
		);
	});

	it('has one row for deadlines of a class, and the class that the plan would give them', async () => {
		const deadlines = [
			-20, 0, 0.01, 0.5, 1, 4.9, 5, 5.1, 14, 15, 16, 89.9, 90, 90.1, 3600, 604_800,
		];
		for (const seconds of deadlines) await log(MINUTE_MS, 1, { deadline_seconds: seconds });
		const rows = await read();
		const classes = rows.map((row) => deadlineClass(row.deadline_seconds as number));
		expect(classes).toEqual([...new Set(deadlines.map(deadlineClass))]);
		expect(rows.reduce((sum, row) => sum + row.jobs_just_now, 0)).toBe(deadlines.length);
	});

	it('leaves out refused requests, later attempts and the demo', async () => {
		await log(MINUTE_MS, 1, { status: 'rejected', model_name: null });
		await log(MINUTE_MS, 1, { status: 'rejected' });
		await log(MINUTE_MS, 1, { attempt: 2 });
		await log(MINUTE_MS, 1, { workflow_id: DEMO_WORKFLOW_ID });
		expect(await read()).toEqual([]);
		await log(MINUTE_MS, 1, { status: 'oom' });
		await log(MINUTE_MS, 1, { workflow_id: null });
		expect(await read()).toMatchObject([{ jobs_just_now: 2 }]);
	});
});
