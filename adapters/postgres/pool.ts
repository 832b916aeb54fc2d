/** Opens connections. The only file that uses the driver itself: SSL modes and session settings are decided here. */
import { Pool, type PoolClient, type PoolConfig } from 'pg';

import { RouterError } from '../../lib/errors';
import {
	describeTarget,
	parseConnectionString,
	parseSslMode,
	type PostgresTarget,
	type SslMode,
} from './connection';
import { postgresError } from './errors';

export interface PoolOptions {
	/** A connection string, or its parts. */
	connection: string | PostgresTarget;
	/** Wins over the connection's own. */
	schema?: string;
	/** Default `comfyui-router`. Seen in pg_stat_activity. */
	applicationName?: string;
	/** Default 4. */
	maxConnections?: number;
	/** Longest statement, ms. Default 30 000; migrations are exempt. */
	statementTimeoutMs?: number;
}

/** A pool that connects the way its SSL mode says, and knows its schema. */
export interface RouterPool {
	/** Unquoted. */
	readonly schema: string;
	/** Quoted for SQL. */
	readonly quotedSchema: string;
	/** "host:port/database". */
	readonly where: string;
	/** A connection to be released by the caller. Rejects with the driver's error. */
	connect(): Promise<PoolClient>;
	close(): Promise<void>;
}

type Encryption = 'plain' | 'unchecked' | 'authority' | 'full';

/** In the order tried. `allow` and `prefer` fall back to the second where the server refuses the first. */
const ATTEMPTS: Record<SslMode, Encryption[]> = {
	disable: ['plain'],
	allow: ['plain', 'unchecked'],
	prefer: ['unchecked', 'plain'],
	require: ['unchecked'],
	'verify-ca': ['authority'],
	'verify-full': ['full'],
};

export function createPool(options: PoolOptions): RouterPool {
	const target =
		typeof options.connection === 'string'
			? parseConnectionString(options.connection)
			: options.connection;
	const schema = checkSchema(options.schema ?? target.schema ?? 'public');
	// with a CA at hand `require` checks it, as libpq does
	const mode = parseSslMode(target.sslMode) ?? 'prefer';
	const ways = mode === 'require' && target.sslCa ? ATTEMPTS['verify-ca'] : ATTEMPTS[mode];
	let settled: Promise<Pool> | null = null;
	const connect = async (): Promise<PoolClient> => {
		const finding = (settled ??= findWay(target, options, ways));
		// the next call tries again from the start
		finding.catch(() => {
			if (settled === finding) settled = null;
		});
		return (await finding).connect();
	};
	return {
		schema,
		quotedSchema: quoteIdentifier(schema),
		where: describeTarget(target),
		connect,
		close: async () => {
			const pool = await settled?.catch(() => null);
			settled = null;
			await pool?.end();
		},
	};
}

/** The first way that the server accepts, as a pool. Rejects with the driver's error. */
async function findWay(
	target: PostgresTarget,
	options: PoolOptions,
	ways: readonly Encryption[],
): Promise<Pool> {
	let last: unknown;
	for (const encryption of ways) {
		for (const startupSettings of [true, false]) {
			const pool = openPool(poolConfig(target, options, encryption, startupSettings));
			try {
				(await pool.connect()).release();
				return pool;
			} catch (error) {
				void pool.end();
				last = error;
				if (!isRefusedSetting(error)) break;
			}
		}
		if (!isRefusedEncryption(last)) break;
	}
	throw last;
}

function openPool(config: PoolConfig): Pool {
	const pool = new Pool(config);
	// an idle connection that dies is replaced at the next use; without a listener it would end the process
	pool.on('error', () => undefined);
	return pool;
}

/** Runs `work` on one connection; a connection that failed is thrown away. Rejects with the driver's error. */
export async function withClient<T>(
	pool: RouterPool,
	work: (client: PoolClient) => Promise<T>,
): Promise<T> {
	const client = await pool.connect();
	let failure: Error | undefined;
	// an error event between two queries has no other listener
	const onError = (error: Error): void => {
		failure = error;
	};
	client.on('error', onError);
	try {
		return await work(client);
	} catch (error) {
		failure = error instanceof Error ? error : new Error(String(error));
		throw error;
	} finally {
		client.off('error', onError);
		client.release(failure);
	}
}

/** For a Test button: connects and asks who we are. */
export async function testConnection(options: PoolOptions): Promise<void> {
	const pool = createPool({ ...options, maxConnections: 1 });
	try {
		await withClient(pool, (client) => client.query('select 1'));
	} catch (error) {
		throw postgresError(error, pool.where, 'Connecting to PostgreSQL');
	} finally {
		await pool.close();
	}
}

export function quoteIdentifier(name: string): string {
	return `"${name.replaceAll('"', '""')}"`;
}

function checkSchema(schema: string): string {
	if (schema.length > 0 && Buffer.byteLength(schema) <= 63 && !schema.includes('\u0000'))
		return schema;
	throw new RouterError({
		code: 'OPTIONS_INVALID',
		message: 'The schema needs a name of 1 to 63 bytes.',
		hint: 'Leave it out for "public".',
	});
}

function poolConfig(
	target: PostgresTarget,
	options: PoolOptions,
	encryption: Encryption,
	startupSettings: boolean,
): PoolConfig {
	const timeoutMs = options.statementTimeoutMs ?? 30_000;
	return {
		host: target.host,
		port: target.port,
		database: target.database,
		user: target.user,
		password: target.password ?? '',
		ssl: sslConfig(target, encryption),
		application_name: options.applicationName ?? target.applicationName ?? 'comfyui-router',
		max: options.maxConnections ?? 4,
		connectionTimeoutMillis: target.connectTimeoutMs ?? 10_000,
		idleTimeoutMillis: 10_000,
		...(startupSettings ? { statement_timeout: timeoutMs } : { query_timeout: timeoutMs }),
		keepAlive: true,
		// a finished command line or test need not wait for idle connections
		allowExitOnIdle: true,
	};
}

function sslConfig(target: PostgresTarget, encryption: Encryption): PoolConfig['ssl'] {
	if (encryption === 'plain') return false;
	const pem = { ca: target.sslCa, cert: target.sslCert, key: target.sslKey };
	if (encryption === 'unchecked') return { ...pem, rejectUnauthorized: false };
	if (encryption === 'full') return { ...pem, rejectUnauthorized: true };
	return { ...pem, rejectUnauthorized: true, checkServerIdentity: () => undefined };
}

/** The server speaks, but not this way: no SSL at all, or pg_hba.conf wants the other kind. */
function isRefusedEncryption(error: unknown): boolean {
	const { code, message = '' } = error as { code?: string; message?: string };
	return (
		/does not support SSL/i.test(message) ||
		(code === '28000' && /pg_hba\.conf/.test(message)) ||
		/^(EPROTO|ERR_SSL)/.test(code ?? '')
	);
}

/** A connection pooler such as PgBouncer takes no settings at the start: then the time limit is kept on our side. */
function isRefusedSetting(error: unknown): boolean {
	return /unsupported startup parameter/i.test((error as { message?: string }).message ?? '');
}
