/** Every SQL block of the documents runs on the tables that this version makes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore } from '../../../adapters/postgres/store';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { pages } from '../../unit/docs/markdown';

const blocks = pages()
	.flatMap((page) => page.blocks)
	.filter((block) => block.language === 'sql')
	.map(({ where, text }) => [where, text] as const);

let database: TestDatabase;
beforeAll(async () => {
	database = await createTestDatabase('docs_sql');
	const store = createPostgresStore({ connection: database.url });
	await store.migrate();
	await store.close();
});
afterAll(() => database.close());

describe('an SQL block', () => {
	it('is shown', () => expect(blocks.length).toBeGreaterThan(2));

	it.each(blocks)('%s runs', async (_where, text) => {
		const client = await database.sql.connect();
		try {
			await client.query('begin');
			// roles belong to the whole server: made and forgotten with the transaction
			for (const [, role] of text.matchAll(/\bto (\w+);/g)) {
				const { rows } = await client.query('select from pg_roles where rolname = $1', [role]);
				if (rows.length === 0) await client.query(`create role ${role}`);
			}
			await client.query(text);
		} finally {
			await client.query('rollback');
			client.release();
		}
	});
});
