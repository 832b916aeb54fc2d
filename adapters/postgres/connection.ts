/**
 * Where and how to connect: a connection string or fields become one plain description.
 * Owns parsing and its errors (which never repeat the string: it holds the password); opens nothing.
 */
import { readFileSync } from 'node:fs';

import { RouterError } from '../../lib/errors';

export const SSL_MODES = [
	'disable',
	'allow',
	'prefer',
	'require',
	'verify-ca',
	'verify-full',
] as const;
/** As in libpq: allow and prefer try both ways, require encrypts without checking, verify-* check the certificate. */
export type SslMode = (typeof SSL_MODES)[number];

export interface PostgresTarget {
	host: string;
	port: number;
	database: string;
	user?: string;
	password?: string;
	/** Schema of our tables. Default `public`. */
	schema?: string;
	/** Default `prefer`. */
	sslMode?: SslMode;
	/** PEM texts. */
	sslCa?: string;
	sslCert?: string;
	sslKey?: string;
	applicationName?: string;
	connectTimeoutMs?: number;
}

/**
 * @param url `postgresql://user:password@host:port/database?sslmode=...&schema=...`; sslrootcert, sslcert and sslkey
 *   name files; application_name and connect_timeout are taken as libpq does
 * @throws RouterError OPTIONS_INVALID, without the string
 */
export function parseConnectionString(url: string): PostgresTarget {
	let parsed: URL;
	try {
		parsed = new URL(url.trim());
	} catch {
		throw invalid('The connection string is not an address.');
	}
	if (!/^postgres(ql)?:$/.test(parsed.protocol)) {
		throw invalid(`The connection string starts with ${parsed.protocol}//, not postgresql://.`);
	}
	const query = parsed.searchParams;
	const database = decode(parsed.pathname.replace(/^\//, ''));
	const user = decode(parsed.username) || undefined;
	const timeout = Number(query.get('connect_timeout') ?? NaN);
	return {
		host: query.get('host') ?? (parsed.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost'),
		port: Number(parsed.port || query.get('port') || 5432),
		database: database || user || 'postgres',
		user,
		password: decode(parsed.password) || undefined,
		schema: query.get('schema') ?? undefined,
		sslMode: parseSslMode(query.get('sslmode') ?? undefined),
		sslCa: pemFile(query.get('sslrootcert')),
		sslCert: pemFile(query.get('sslcert')),
		sslKey: pemFile(query.get('sslkey')),
		applicationName: query.get('application_name') ?? undefined,
		connectTimeoutMs: Number.isFinite(timeout) && timeout > 0 ? timeout * 1000 : undefined,
	};
}

/** @throws RouterError OPTIONS_INVALID naming the known modes */
export function parseSslMode(mode: string | undefined): SslMode | undefined {
	if (mode === undefined || SSL_MODES.some((known) => known === mode)) return mode as SslMode;
	throw new RouterError({
		code: 'OPTIONS_INVALID',
		message: `"${mode}" is not an SSL mode.`,
		hint: `Use one of ${SSL_MODES.join(', ')}.`,
	});
}

/** A name for messages: host, port and database, never the user's secret. */
export function describeTarget(target: PostgresTarget): string {
	return `${target.host}:${target.port}/${target.database}`;
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		throw invalid('The connection string holds a % that is not an escape.');
	}
}

function pemFile(path: string | null): string | undefined {
	if (path === null || path === 'system') return undefined;
	try {
		return readFileSync(path, 'utf8');
	} catch {
		throw new RouterError({
			code: 'FILE_UNREADABLE',
			message: `The certificate file ${path} cannot be read.`,
			hint: 'Check sslrootcert, sslcert and sslkey in the connection string.',
		});
	}
}

function invalid(message: string): RouterError {
	return new RouterError({
		code: 'OPTIONS_INVALID',
		message,
		hint: 'Use postgresql://user:password@host:5432/database; write @, : and / in a password as %40, %3A and %2F.',
	});
}
