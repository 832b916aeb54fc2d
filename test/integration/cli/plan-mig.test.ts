import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore } from '../../../adapters/postgres/store';
import { loggedJobs } from '../../../adapters/postgres/workload-history';
import { cli } from '../../support/cli';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow } from '../../support/usage-rows';

const CATALOG = path.join(__dirname, '..', '..', '..', 'models_config.json');

let database: TestDatabase;

beforeAll(async () => {
	database = await createTestDatabase('mig');
	const store = createPostgresStore({ connection: database.url });
	await store.migrate();
	const job = (id: string, attempt: number) =>
		usageRow({
			job_id: id,
			attempt,
			prompt_id: `${id}-${attempt}`,
			purpose: 'photo',
			urgency: 'normal',
		});
	await store.recordUsage([job('a', 1), job('a', 2), job('b', 1), job('c', 1)]);
	await store.close();
});
afterAll(() => database.close());

describe('plan-mig --database-url', () => {
	it('replays each job of the log once, however many attempts it took', async () => {
		const args = ['plan-mig', '--catalog', CATALOG, '--gpu', 'a30', '--json'];
		const { code, out, err } = await cli([...args, '--database-url', database.url]);
		expect(err).toBe('');
		expect([code, (JSON.parse(out) as { jobs: number }).jobs]).toEqual([0, 3]);
	});

	it('takes the newest jobs, from the first of them on', async () => {
		const store = createPostgresStore({ connection: database.url });
		const jobs = await loggedJobs(store.pool, { sinceDays: 1, limit: 2 });
		await store.close();
		expect(jobs).toHaveLength(2);
		expect(jobs[0]?.arrival_seconds).toBe(0);
	});
});
