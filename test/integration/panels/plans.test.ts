/** How PostgreSQL reads large logs for each query: only the partitions of the range, and those by an index. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALERTS, PANELS } from '../../../adapters/postgres/panels';
import { createPostgresStore } from '../../../adapters/postgres/store';
import { fillLargeLogs } from '../../support/large-logs';
import { DAY_MS, runQuery, scansOf } from '../../support/panels';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

/** Near the end of a month and of a week: the day before it is a small part of one partition of each log. */
const TO = new Date('2026-03-22T23:00:00Z');
const range = { fromMs: TO.getTime() - DAY_MS, toMs: TO.getTime(), intervalSeconds: 3600 };

let database: TestDatabase;

beforeAll(async () => {
	database = await createTestDatabase('plans');
	const store = createPostgresStore({ connection: database.url });
	await store.migrate();
	await store.close();
	await fillLargeLogs(database.sql, { usageRows: 60_000, vramRows: 800_000, days: 60, to: TO });
});
afterAll(() => database.close());

/** Every partition with rows, by size. */
async function partitions(): Promise<Map<string, number>> {
	const { rows } = await database.sql.query<{ name: string; rows: number }>(
		`select c.relname as name, c.reltuples::int as rows from pg_inherits i join pg_class c on c.oid = i.inhrelid
		where c.relkind = 'r'`,
	);
	return new Map(rows.map((row) => [row.name, row.rows]));
}

describe('the plan of', () => {
	it('the test itself: there are partitions to leave out', async () => {
		const large = [...(await partitions())].filter(([, rows]) => rows > 5000);
		expect(large.filter(([name]) => name.startsWith('model_usage_log')).length).toBeGreaterThan(1);
		expect(large.filter(([name]) => name.startsWith('vram_usage_log')).length).toBeGreaterThan(5);
	});

	const large = ({ log }: { log: string }) => log.endsWith('_usage_log');
	const queries = [
		...Object.values(PANELS)
			.filter(large)
			.map((query) => ({ ...query, range })),
		...ALERTS.filter(large).map((query) => ({
			...query,
			range: { ...range, fromMs: TO.getTime() - query.rangeSeconds * 1000 },
		})),
	];
	it.each(queries.map((query) => [query.name, query] as const))(
		'%s reads one filled partition, by an index',
		async (_name, query) => {
			const size = await partitions();
			const filled = (await scansOf(database.sql, query, query.range)).filter(
				({ table }) => (size.get(table) ?? 0) > 0,
			);
			expect(filled.length).toBeGreaterThan(0);
			const wanted =
				query.log === 'model_usage_log' ? 'model_usage_log_20260301' : 'vram_usage_log_20260316';
			for (const { table, scan } of filled) {
				expect(table).toBe(wanted);
				expect(scan).toMatch(/Index|Bitmap/);
			}
		},
	);

	it.each(
		Object.values(PANELS)
			.filter(large)
			.map((query) => [query.name, query] as const),
	)('%s finds something there', async (_name, query) => {
		expect(await runQuery(database.sql, query, range)).not.toEqual([]);
	});
});
