/**
 * n8n in real queue mode: Redis, one main, three workers, six servers, jobs from four webhooks at once. A worker, a server
 * and the database's connections are killed in the middle: no job may be lost, none may run twice.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openQueueLab, type QueueLab } from '../../bench/queue-mode/lab';
import { oracle, runStorm, type StormReport } from '../../bench/queue-mode/storm';
import { createTestDatabase, type TestDatabase } from '../support/postgres';

const STORM = { jobs: 120, deadlines: [120, 240] };
const MINUTE = 60_000;

let databases: { n8n: TestDatabase; router: TestDatabase };
let lab: QueueLab;
let report: StormReport;
let attainable: number;

beforeAll(async () => {
	databases = {
		n8n: await createTestDatabase('queue_n8n'),
		router: await createTestDatabase('queue_router'),
	};
	lab = await openQueueLab(
		{ n8n: databases.n8n.url, router: databases.router.url },
		{ workers: 3, webhooks: 4, concurrency: 50 },
	);
	const pools = { n8n: databases.n8n.sql, router: databases.router.sql };
	report = await runStorm(lab, pools, { ...STORM, faults: true, limitMs: 5 * MINUTE });
	attainable = await oracle(STORM);
}, 9 * MINUTE);

afterAll(async () => {
	await lab?.close();
	await databases?.n8n.close();
	await databases?.router.close();
}, 2 * MINUTE);

describe('a worker, a server and the connections to the database die in the middle', () => {
	it('and every job that the killed worker did not hold ends once, with its image', () => {
		const { jobs, done, failed, reasons, lost_with_worker: lost, stories, ...rest } = report;
		expect(rest.twice, stories.join('\n')).toBe(0);
		expect(reasons, stories.join('\n')).toBe('');
		expect({ failed, unaccounted: rest.unaccounted, sum: done + lost }).toEqual({
			failed: 0,
			unaccounted: 0,
			sum: jobs,
		});
		// as many as it could hold
		expect(lost).toBeLessThanOrEqual(50);
	});

	it('and nothing stays reserved, nobody is said to wait', () => {
		expect(report).toMatchObject({ reservations_left: 0, waiting_left: 0 });
	});

	it('and no GPU is given more than it has, the one that two servers share included', () => {
		const { out_of_memory, oversubscribed, stories } = report;
		expect({ out_of_memory, oversubscribed }, stories.join('\n')).toEqual({
			out_of_memory: 0,
			oversubscribed: 0,
		});
	});

	it('and deadlines are kept as well as by one process that sees all', () => {
		expect(report.on_time_ratio).toBeGreaterThanOrEqual(attainable - 0.05);
	});
});
