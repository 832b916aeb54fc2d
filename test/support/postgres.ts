/** A real PostgreSQL for tests: one server per run where a global set-up shares its address, else one per file. */
import { randomBytes } from 'node:crypto';

import pg from 'pg';

import {
	provisionPostgres as provision,
	type ProvisionedPostgres,
} from '../../scripts/provision/postgres.mjs';

/** Set by the global set-up of a test run: the administrator's connection string of the shared server. */
export const SHARED_URL_VARIABLE = 'TEST_POSTGRES_URL';

export type { ProvisionedPostgres };

/** Starts a server of this caller's own. Tests that crash it ask for `durable`: else it forgets what it acknowledged. */
export function provisionPostgres(options?: { durable?: boolean }): Promise<ProvisionedPostgres> {
	return provision(options);
}

export interface TestDatabase {
	/** Connection string of the administrator in a fresh database. */
	url: string;
	/** A pool in that database, for looking at what was written. */
	sql: pg.Pool;
	urlFor(user: string, password: string): string;
	/** Removes the database; stops the server too if it was started for this caller. */
	close(): Promise<void>;
}

/** A fresh database on the run's shared server, or on a new one where none is shared. */
export async function createTestDatabase(prefix = 'test'): Promise<TestDatabase> {
	const shared = process.env[SHARED_URL_VARIABLE];
	const own = shared ? null : await provisionPostgres();
	const adminUrl = shared ?? (own as ProvisionedPostgres).url;
	const name = `${prefix}_${randomBytes(6).toString('hex')}`;
	await once(adminUrl, `create database ${name}`);
	const url = withPath(adminUrl, name);
	const sql = new pg.Pool({ connectionString: url, max: 4 });
	sql.on('error', () => undefined);
	return {
		url,
		sql,
		urlFor(user, password) {
			const parsed = new URL(url);
			parsed.username = encodeURIComponent(user);
			parsed.password = encodeURIComponent(password);
			return parsed.toString();
		},
		async close() {
			await sql.end();
			if (own) await own.stop();
			else await once(adminUrl, `drop database if exists ${name} with (force)`);
		},
	};
}

function withPath(url: string, database: string): string {
	const parsed = new URL(url);
	parsed.pathname = `/${database}`;
	return parsed.toString();
}

async function once(url: string, statement: string): Promise<void> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	try {
		await client.query(statement);
	} finally {
		await client.end();
	}
}
