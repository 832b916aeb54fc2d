import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore } from '../../../adapters/postgres/store';
import { testConnection } from '../../../adapters/postgres/pool';
import { provisionPostgres, type ProvisionedPostgres } from '../../support/postgres';
import { usageRow } from '../../support/usage-rows';

let server: ProvisionedPostgres;

beforeAll(async () => {
	server = await provisionPostgres({ durable: true });
});
afterAll(() => server.stop());

const SECRET = 'hunter2-secret';

describe('a database that goes away', () => {
	it('loses no row and doubles none when it is killed in the middle of a batch and comes back', async () => {
		const store = createPostgresStore({ connection: server.url, chunkRows: 100 });
		await store.migrate();
		const rows = Array.from({ length: 5000 }, (_, index) =>
			usageRow({ job_id: `job-${index}`, prompt_id: `p-${index}` }),
		);
		const writing = store.recordUsage(rows);
		// killed once it is really under way
		for (;;) {
			const { rows: found } = await server.admin.query(
				'select count(*)::int as done from model_usage_log',
			);
			if (found[0].done > 0) break;
		}
		await server.crash();
		await server.restart();
		const receipts = await writing;
		expect(receipts).toHaveLength(5000);
		const { rows: counted } = await server.admin.query(
			'select count(*)::int as rows, count(distinct job_id)::int as jobs from model_usage_log',
		);
		expect(counted[0]).toEqual({ rows: 5000, jobs: 5000 });
		await store.close();
	});

	it('survives connections being cut between two calls', async () => {
		const store = createPostgresStore({ connection: server.url, applicationName: 'to be cut' });
		await store.recordUsage([usageRow({ job_id: 'before' })]);
		await server.admin.query(
			`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be cut'`,
		);
		const [receipt] = await store.recordUsage([usageRow({ job_id: 'after' })]);
		expect(receipt?.inserted).toBe(true);
		await store.close();
	});
});

describe('a database that cannot be used', () => {
	it('is reported as unreachable, without the password', async () => {
		const url = `postgresql://me:${SECRET}@127.0.0.1:1/none`;
		const store = createPostgresStore({ connection: url, firstPatienceMs: 0 });
		const failure = await store.recordUsage([usageRow()]).catch((error: unknown) => error);
		await store.close();
		expect(failure).toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
		expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain(SECRET);
	});

	it('is reported as refusing the login, without the password', async () => {
		const url = server.urlFor('postgres', SECRET);
		const failure = await testConnection({ connection: url }).catch((error: unknown) => error);
		expect(failure).toMatchObject({ code: 'POSTGRES_UNAUTHORIZED' });
		expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain(SECRET);
	});

	it('is reported when the name is of no database', async () => {
		const url = server.urlFor(undefined, undefined, 'no_such');
		await expect(testConnection({ connection: url })).rejects.toMatchObject({
			code: 'POSTGRES_UNAUTHORIZED',
			message: expect.stringContaining('no such database'),
		});
	});

	it('falls back to a plain connection with prefer, and refuses one with require', async () => {
		await expect(
			testConnection({ connection: `${server.url}?sslmode=prefer` }),
		).resolves.toBeUndefined();
		await expect(
			testConnection({ connection: `${server.url}?sslmode=require` }),
		).rejects.toMatchObject({
			code: 'POSTGRES_UNREACHABLE',
			hint: expect.stringContaining('SSL mode'),
		});
	});
});
