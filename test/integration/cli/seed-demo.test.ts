import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PANELS } from '../../../adapters/postgres/panels';
import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import { PostgresUsageHistory } from '../../../adapters/postgres/usage-history';
import { cli } from '../../support/cli';
import { DAY_MS, runQuery } from '../../support/panels';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow, vramReading } from '../../support/usage-rows';

let database: TestDatabase;
let store: PostgresStore;

beforeAll(async () => {
	database = await createTestDatabase('seed');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
	await store.recordUsage([usageRow({ model_name: 'flux1-dev', prompt_id: 'real' })]);
	// a server that somebody really calls so
	await store.recordVram([vramReading({ server: 'demo:edge' })]);
});
afterAll(async () => {
	await store.close();
	await database.close();
});

const seed = (...args: string[]) =>
	cli(['seed-demo', '--database-url', database.url, '--json', ...args]);
const counts = async () => {
	const { rows } = await database.sql.query(
		`select (select count(*)::int from model_usage_log) as usage, (select count(*)::int from vram_usage_log) as vram`,
	);
	return rows[0] as { usage: number; vram: number };
};

describe('seed-demo', () => {
	it('fills every panel of the logs, takes the place of an earlier demo, and is never learned from', async () => {
		const first = await seed('--days', '4');
		expect(first).toMatchObject({ code: 0, err: '' });
		const { written } = JSON.parse(first.out);
		expect(await counts()).toEqual({ usage: written.usageRows + 1, vram: written.vramRows + 1 });
		const range = { fromMs: Date.now() - 4 * DAY_MS, toMs: Date.now(), intervalSeconds: 3600 };
		// invented opinions would be learned from, invented quotas would be held against people
		const logs = Object.values(PANELS).filter(({ log }) => log.endsWith('_usage_log'));
		// every server of the demo has a price
		for (const panel of logs.filter((one) => one !== PANELS.unpricedOverTime)) {
			expect(await runQuery(database.sql, panel, range), panel.name).not.toEqual([]);
		}
		const why = await runQuery(database.sql, PANELS.degradations, range);
		expect(why.map(({ metric }) => metric)).not.toContain('other');

		const second = JSON.parse((await seed('--days', '2', '--seed', '5')).out);
		expect(second.removed).toEqual(written);
		expect((await counts()).usage).toBe(second.written.usageRows + 1);

		const history = new PostgresUsageHistory(store.pool);
		const runs = await history.recentRuns({
			models: ['flux1-dev', 'flux2-klein-9b'],
			sinceDays: 30,
			limitPerModel: 1000,
		});
		expect(runs).toHaveLength(1);
	});

	it('--remove takes the demo out and leaves what is real', async () => {
		await seed('--days', '1');
		const result = await cli(['seed-demo', '--database-url', database.url, '--remove']);
		expect(result.out).toMatch(/^Removed \d+ demo runs and \d+ demo readings from /);
		expect(await counts()).toEqual({ usage: 1, vram: 1 });
	});

	it('refuses days and seeds that are none', async () => {
		expect(await seed('--days', '0')).toMatchObject({ code: 64 });
		expect(await seed('--seed', '1.5')).toMatchObject({ code: 64 });
	});
});
