import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow } from '../../support/usage-rows';

let database: TestDatabase;
let store: PostgresStore;

beforeAll(async () => {
	database = await createTestDatabase('backlog');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
});
afterAll(async () => {
	await store.close();
	await database.close();
});

async function backlog(): Promise<Record<string, number>> {
	const { rows } = await database.sql.query('select * from predicted_backlog');
	expect(rows).toHaveLength(1);
	return rows[0];
}

const reserve = (id: string, seconds: number, { running = false, expired = false } = {}) =>
	database.sql.query(
		`insert into server_reservation (id, job_id, owner, server, model_name, vram_peak_bytes, remaining_seconds,
			running, told_at, expires_at)
		values ($1, $1, 'o', 's', 'm', 0, $2, $3, now() - interval '10 s', now() + $4::interval)`,
		[id, seconds, running, expired ? '-1 s' : '1 h'],
	);
const wait = (key: string) =>
	database.sql.query(
		`insert into waiting_job (key, owner, scope, request, asked_at, deadline_at, expires_at)
		values ($1, 'o', 's', '{}', now(), now(), now() + interval '1 h')`,
		[key],
	);

describe('predicted_backlog', () => {
	it('is one row of zeros where nothing is reserved or waits', async () => {
		expect(await backlog()).toMatchObject({
			backlog_seconds: 0,
			reserved_jobs: 0,
			waiting_jobs: 0,
		});
	});

	it('adds what is reserved, less what has run since, and what waits at the length of the newest runs', async () => {
		await reserve('a', 40);
		await reserve('b', 30, { running: true });
		await reserve('gone', 500, { expired: true });
		await reserve('overdue', 3, { running: true });
		const first = await backlog();
		expect(first['reserved_jobs']).toBe(3);
		// b has run for 10 s since it was told of, and a moment more
		expect(first['backlog_seconds']).toBeGreaterThan(40 + 15);
		expect(first['backlog_seconds']).toBeLessThanOrEqual(40 + 20);
		await wait('w1');
		await wait('w2');
		expect(await backlog()).toMatchObject({ waiting_jobs: 2, seconds_per_job: 30 });
		await store.recordUsage([
			usageRow({ job_id: 'r', prompt_id: 'r', status: 'success', run_seconds: 7, load_seconds: 1 }),
		]);
		const last = await backlog();
		expect(last['seconds_per_job']).toBeCloseTo(8, 5);
		expect(last['backlog_seconds']).toBeCloseTo((last['reserved_seconds'] as number) + 2 * 8, 5);
	});

	it('answers the query of the autoscaler with one number', async () => {
		const file = join(__dirname, '../../../deploy/kubernetes/base/autoscaling.yaml');
		const scaled = parseAllDocuments(readFileSync(file, 'utf8'))
			.map((document) => document.toJS())
			.find((one: { kind: string }) => one.kind === 'ScaledObject');
		const { rows } = await database.sql.query({
			text: scaled.spec.triggers[0].metadata.query,
			rowMode: 'array',
		});
		expect(rows).toEqual([[expect.any(Number)]]);
	});
});
