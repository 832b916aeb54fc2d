/**
 * Catalogs in the table model_catalog. Owns that a write replaces exactly what was read, and keeps what was there
 * before as a catalog of its own. Does not check what is in them.
 */
import { RouterError } from '../../lib/errors';
import { isDenied, postgresError } from './errors';
import { type RouterPool, withClient } from './pool';

const SHOWN_NAMES = 10;

/**
 * @param name of the row
 * @returns the parsed JSON, unchecked
 * @throws RouterError OPTIONS_INVALID naming the catalogs there are; POSTGRES_*
 */
export async function readStoredCatalog(pool: RouterPool, name: string): Promise<unknown> {
	const table = `${pool.quotedSchema}.model_catalog`;
	const { rows, names } = await withClient(pool, async (client) => {
		const found = await client.query(`select catalog from ${table} where name = $1`, [name]);
		const known = await client.query(
			`select name from ${table} order by name limit ${SHOWN_NAMES}`,
		);
		return { rows: found.rows, names: known.rows.map((row: { name: string }) => row.name) };
	}).catch((error: unknown) => {
		throw catalogError(error, pool, 'Reading the catalog');
	});
	if (rows.length === 0) throw noSuchCatalog(pool, name, names);
	return rows[0].catalog;
}

/**
 * Replaces a catalog in one transaction, unless it is no longer what was read. The one before stays as `<name>.bak`.
 * @param before the content that `after` was made from
 * @returns the name of the backup
 * @throws RouterError CATALOG_CHANGED where somebody else wrote it meanwhile (nothing is written then); POSTGRES_*
 */
export async function replaceStoredCatalog(
	pool: RouterPool,
	name: string,
	before: unknown,
	after: unknown,
): Promise<string> {
	const table = `${pool.quotedSchema}.model_catalog`;
	const backup = `${name}.bak`;
	const replaced = await withClient(pool, async (client) => {
		// one statement is one transaction: the lock of `was` holds until the row is replaced
		const { rowCount } = await client.query(
			`with was as (
				select catalog from ${table} where name = $1 and catalog = $2::jsonb for update
			), kept as (
				insert into ${table} (name, catalog) select $4, catalog from was
				on conflict (name) do update set catalog = excluded.catalog, updated_at = now()
			)
			update ${table} set catalog = $3::jsonb, updated_at = now()
			where name = $1 and exists (select from was)`,
			[name, JSON.stringify(before), JSON.stringify(after), backup],
		);
		return rowCount === 1;
	}).catch((error: unknown) => {
		throw catalogError(error, pool, 'Writing the catalog');
	});
	if (!replaced) throw changedMeanwhile(pool, name);
	return backup;
}

/** @returns false where there is one of that name already, which stays as it is */
export async function createStoredCatalog(
	pool: RouterPool,
	name: string,
	catalog: unknown,
): Promise<boolean> {
	const { rowCount } = await withClient(pool, (client) =>
		client.query(
			`insert into ${pool.quotedSchema}.model_catalog (name, catalog) values ($1, $2::jsonb)
			on conflict (name) do nothing`,
			[name, JSON.stringify(catalog)],
		),
	).catch((error: unknown) => {
		throw catalogError(error, pool, 'Writing the catalog');
	});
	return rowCount === 1;
}

function catalogError(error: unknown, pool: RouterPool, what: string): RouterError {
	if (!isDenied(error)) return postgresError(error, pool.where, what);
	return new RouterError({
		code: 'POSTGRES_PERMISSION',
		message: `${what} failed: this role may not do that with model_catalog (${pool.where}).`,
		hint: 'Grant SELECT on model_catalog for reading; INSERT and UPDATE as well for Sync and Calibrate.',
	});
}

function changedMeanwhile(pool: RouterPool, name: string): RouterError {
	return new RouterError({
		code: 'CATALOG_CHANGED',
		message: `The catalog "${name}" in ${pool.where} was changed meanwhile; nothing was written.`,
		hint: 'Run it again: it then starts from the catalog as it is now.',
	});
}

function noSuchCatalog(pool: RouterPool, name: string, names: string[]): RouterError {
	const there = names.length > 0 ? `There are: ${names.join(', ')}. ` : '';
	return new RouterError({
		code: 'OPTIONS_INVALID',
		message: `The table model_catalog in schema ${pool.schema} of ${pool.where} has no catalog named "${name}".`,
		hint: `${there}Add it with: insert into model_catalog (name, catalog) values ('${name.replaceAll("'", "''")}', '<content of models_config.json>').`,
	});
}
