/**
 * Creates and upgrades the tables. Safe to repeat and to run from many processes at once: one advisory lock, one
 * transaction. Where the role may not change the schema, the schema is judged by the columns that are there.
 */
import type { PoolClient } from 'pg';

import { RouterError } from '../../lib/errors';
import { isDenied, postgresError, schemaOutdated } from './errors';
import { MIGRATIONS } from './migrations';
import type { Migration } from './migrations/migration';
import { quoteIdentifier, type RouterPool, withClient } from './pool';
import { REQUIRED_COLUMNS, REQUIRED_FUNCTIONS } from './required-columns';

const VERSION_TABLE = 'comfyui_router_migrations';

export interface MigrationResult {
	/** Version of the schema now; null where this role may not read it. */
	version: number | null;
	/** Names of the steps applied by this call. */
	applied: string[];
}

/**
 * @param migrations default: all of this version
 * @throws RouterError POSTGRES_SCHEMA_OUTDATED, POSTGRES_PERMISSION, POSTGRES_READ_ONLY, POSTGRES_UNREACHABLE, ...
 */
export async function migrate(
	pool: RouterPool,
	migrations: readonly Migration[] = MIGRATIONS,
): Promise<MigrationResult> {
	try {
		return await migrateOrThrow(pool, migrations);
	} catch (error) {
		throw postgresError(error, pool.where, 'Preparing the tables');
	}
}

/** As `migrate`, but rejects with the driver's error, so that a caller can retry a lost connection. */
export async function migrateOrThrow(
	pool: RouterPool,
	migrations: readonly Migration[] = MIGRATIONS,
): Promise<MigrationResult> {
	return withClient(pool, async (client) => {
		const done = await readVersions(client, pool);
		const version = done === 'unreadable' ? null : latestOf(done);
		if (done === 'unreadable' || migrations.every((step) => done.has(step.version))) {
			// newer than we are, or hidden from us: fine as long as what we use is there
			const missing = await findMissing(client, pool);
			if (missing.length === 0) return { version, applied: [] };
			throw schemaOutdated(pool.where, `no ${missing.join(', ')} in schema ${pool.schema}`);
		}
		try {
			return await applyPending(client, pool, migrations);
		} catch (error) {
			if (!isDenied(error)) throw error;
			const missing = await findMissing(client, pool);
			if (missing.length === 0) return { version, applied: [] };
			throw denied(pool, version, missing);
		}
	});
}

async function applyPending(
	client: PoolClient,
	pool: RouterPool,
	migrations: readonly Migration[],
): Promise<MigrationResult> {
	await client.query('begin');
	try {
		await client.query('set local statement_timeout = 0');
		await client.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [
			`comfyui_router_migrate ${pool.schema}`,
		]);
		await createSchema(client, pool);
		const table = `${pool.quotedSchema}.${VERSION_TABLE}`;
		await client.query(
			`create table if not exists ${table} (version integer primary key, name text not null, applied_at timestamptz not null default now())`,
		);
		const done = await versionsIn(client, table);
		if (done.size === 0) await refuseForeignTables(client, pool);
		// by what is there, not by the highest: a step may arrive later than one with a higher number
		const pending = migrations.filter((step) => !done.has(step.version));
		for (const step of pending) {
			await client.query(step.sql(pool.quotedSchema));
			await client.query(`insert into ${table} (version, name) values ($1, $2)`, [
				step.version,
				step.name,
			]);
		}
		await client.query('commit');
		return {
			version: latestOf([...done, ...pending.map((step) => step.version)]),
			applied: pending.map((step) => step.name),
		};
	} catch (error) {
		await client.query('rollback').catch(() => undefined);
		throw error;
	}
}

/** Empty where there is no version table yet. */
async function readVersions(
	client: PoolClient,
	pool: RouterPool,
): Promise<ReadonlySet<number> | 'unreadable'> {
	const table = `${pool.quotedSchema}.${VERSION_TABLE}`;
	try {
		const { rows } = await client.query('select to_regclass($1) as found', [table]);
		return rows[0].found === null ? new Set() : await versionsIn(client, table);
	} catch (error) {
		if (isDenied(error)) return 'unreadable';
		throw error;
	}
}

async function versionsIn(client: PoolClient, table: string): Promise<ReadonlySet<number>> {
	const { rows } = await client.query(`select version from ${table}`);
	return new Set(rows.map((row: { version: number }) => Number(row.version)));
}

/** null: none. */
function latestOf(versions: Iterable<number>): number | null {
	const all = [...versions];
	return all.length === 0 ? null : Math.max(...all);
}

async function createSchema(client: PoolClient, pool: RouterPool): Promise<void> {
	// "create schema if not exists" demands the right to create even where there is nothing to create
	const { rows } = await client.query('select to_regnamespace($1) as found', [pool.quotedSchema]);
	if (rows[0].found === null) await client.query(`create schema ${pool.quotedSchema}`);
}

/** Tables of our names that we did not make are somebody's data: not ours to change. */
async function refuseForeignTables(client: PoolClient, pool: RouterPool): Promise<void> {
	for (const table of Object.keys(REQUIRED_COLUMNS)) {
		const name = `${pool.quotedSchema}.${quoteIdentifier(table)}`;
		const { rows } = await client.query('select to_regclass($1) as found', [name]);
		if (rows[0].found === null) continue;
		throw new RouterError({
			code: 'POSTGRES_SCHEMA_OUTDATED',
			message: `Schema ${pool.schema} of ${pool.where} has a table ${table} that this package did not make.`,
			hint: 'Rename that table, or give another schema.',
		});
	}
}

/** Columns and functions that this version needs and that are not there. Readable by every role. */
async function findMissing(client: PoolClient, pool: RouterPool): Promise<string[]> {
	const missing: string[] = [];
	for (const [table, columns] of Object.entries(REQUIRED_COLUMNS)) {
		const { rows } = await client.query(
			`select a.attname from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
			join pg_catalog.pg_namespace n on n.oid = c.relnamespace
			where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped`,
			[pool.schema, table],
		);
		const present = new Set(rows.map((row: { attname: string }) => row.attname));
		if (present.size === 0) missing.push(`table ${table}`);
		else
			missing.push(
				...columns.filter((name) => !present.has(name)).map((name) => `${table}.${name}`),
			);
	}
	if (missing.length > 0) return missing;
	for (const signature of REQUIRED_FUNCTIONS) {
		const { rows } = await client.query('select to_regprocedure($1) as found', [
			`${pool.quotedSchema}.${signature}`,
		]);
		if (rows[0].found === null) missing.push(`function ${signature}`);
	}
	return missing;
}

function denied(pool: RouterPool, version: number | null, missing: string[]): RouterError {
	const state = version === null ? 'are not there yet' : `are at version ${version}`;
	return schemaOutdated(
		pool.where,
		`they ${state}, ${missing.join(', ')} missing, and this role may not change schema ${pool.schema}`,
	);
}
