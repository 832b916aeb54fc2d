import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import {
	createStoredCatalog,
	readStoredCatalog,
	replaceStoredCatalog,
} from '../../../adapters/postgres/stored-catalog';
import { smallCatalog } from '../../support/catalog-builder';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

let database: TestDatabase;
let store: PostgresStore;
beforeAll(async () => {
	database = await createTestDatabase('stored_catalog');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
});
afterAll(async () => {
	await store.close();
	await database.close();
});
beforeEach(async () => {
	await database.sql.query('delete from model_catalog');
});

const before = smallCatalog();
const after = (mark: string) => ({ ...smallCatalog(), notes: mark });
const read = (name: string) => readStoredCatalog(store.pool, name);

describe('a catalog in Postgres', () => {
	it('is made once; what is there stays', async () => {
		expect(await createStoredCatalog(store.pool, 'main', before)).toBe(true);
		expect(await createStoredCatalog(store.pool, 'main', after('other'))).toBe(false);
		expect(await read('main')).toEqual(before);
	});

	it('is replaced, and the one before can be read as its backup', async () => {
		await createStoredCatalog(store.pool, 'main', before);
		expect(await replaceStoredCatalog(store.pool, 'main', before, after('1'))).toBe('main.bak');
		expect(await read('main')).toEqual(after('1'));
		expect(await read('main.bak')).toEqual(before);
		await replaceStoredCatalog(store.pool, 'main', after('1'), after('2'));
		expect(await read('main.bak')).toEqual(after('1'));
	});

	it('is not replaced when it is no longer what was read, and the backup stays, too', async () => {
		await createStoredCatalog(store.pool, 'main', before);
		await replaceStoredCatalog(store.pool, 'main', before, after('1'));
		await expect(
			replaceStoredCatalog(store.pool, 'main', before, after('2')),
		).rejects.toMatchObject({
			code: 'CATALOG_CHANGED',
			hint: expect.stringMatching(/again/),
		});
		expect(await read('main')).toEqual(after('1'));
		expect(await read('main.bak')).toEqual(before);
	});

	it('of many writers at once exactly one wins', async () => {
		await createStoredCatalog(store.pool, 'main', before);
		const marks = Array.from({ length: 12 }, (_, n) => `writer ${n}`);
		const outcomes = await Promise.allSettled(
			marks.map((mark) => replaceStoredCatalog(store.pool, 'main', before, after(mark))),
		);
		const won = marks.filter((_, n) => outcomes[n]?.status === 'fulfilled');
		expect(won).toHaveLength(1);
		expect(await read('main')).toEqual(after(won[0]!));
		expect(await read('main.bak')).toEqual(before);
	});

	it('names the rights that a role lacks', async () => {
		await database.sql.query(
			`create role stored_catalog_reader login password 'stored_catalog_reader'`,
		);
		await database.sql.query('grant select on model_catalog to stored_catalog_reader');
		const reader = createPostgresStore({
			connection: database.urlFor('stored_catalog_reader', 'stored_catalog_reader'),
		});
		try {
			await createStoredCatalog(store.pool, 'main', before);
			expect(await readStoredCatalog(reader.pool, 'main')).toEqual(before);
			await expect(
				replaceStoredCatalog(reader.pool, 'main', before, after('1')),
			).rejects.toMatchObject({
				code: 'POSTGRES_PERMISSION',
				hint: expect.stringMatching(/INSERT and UPDATE/),
			});
		} finally {
			await reader.close();
			await database.sql.query('revoke all on model_catalog from stored_catalog_reader');
			await database.sql.query('drop role stored_catalog_reader');
		}
	});

	it('is not replaced when somebody removed it meanwhile', async () => {
		await expect(
			replaceStoredCatalog(store.pool, 'gone', before, after('1')),
		).rejects.toMatchObject({ code: 'CATALOG_CHANGED' });
	});
});
