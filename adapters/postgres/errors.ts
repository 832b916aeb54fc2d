/**
 * PostgreSQL's errors in our words. Owns the mapping from SQLSTATE and socket codes to stable codes and hints, and
 * which of them pass by themselves. The driver's error is not attached: it may hold the connection's settings.
 */
import { type ErrorCode, RouterError } from '../../lib/errors';

interface DriverError {
	code?: string;
	message?: string;
	constraint?: string;
}

/** The constraint that a second row of one (job_id, attempt) violates. */
export const ATTEMPT_CONSTRAINT = 'model_usage_log_one_row_per_attempt';

const MIGRATE_COMMAND = 'comfyui-router migrate --database-url postgresql://OWNER@HOST/DATABASE';

const SOCKET_CODES = new Set([
	'ECONNREFUSED',
	'ECONNRESET',
	'EPIPE',
	'ETIMEDOUT',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'EAI_AGAIN',
	'ENOTFOUND',
	'ENOENT',
]);

/** Connection exceptions, shutdown, start-up, crash, too many connections, resources. */
const CONNECTION_STATES = /^(08|57P0|53)/;
/** Serialization failure, deadlock. */
const CONTENTION_STATES = new Set(['40001', '40P01']);

export function isConnectionLoss(error: unknown): boolean {
	const { code = '', message = '' } = error as DriverError;
	if (SOCKET_CODES.has(code) || CONNECTION_STATES.test(code)) return code !== 'ENOTFOUND';
	return /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|socket hang up|not queryable/i.test(
		message,
	);
}

/** A lock that others held too long, a statement or an idle transaction that was too slow. */
const SLOW_STATES = new Set(['55P03', '57014', '25P03']);

/** The database is there, but it or this process is too busy for the time limits. */
export function isTooSlow(error: unknown): boolean {
	const { code = '', message = '' } = error as DriverError;
	return SLOW_STATES.has(code) || /timeout exceeded when trying to connect/i.test(message);
}

/** Nobody is there: refused, no such host, or starting up. More than a connection that broke. */
export function isAway(error: unknown): boolean {
	const { code = '' } = error as DriverError;
	return (SOCKET_CODES.has(code) && code !== 'ECONNRESET' && code !== 'EPIPE') || code === '57P03';
}

/** Another writer was at the same rows: doing it again decides it. */
export function isContention(error: unknown): boolean {
	const { code = '', constraint } = error as DriverError;
	return CONTENTION_STATES.has(code) || (code === '23505' && constraint === ATTEMPT_CONSTRAINT);
}

/** True for a lack of permission, also of one to change a read-only database. */
export function isDenied(error: unknown): boolean {
	return (error as DriverError).code === '42501';
}

/**
 * @param error what the driver threw
 * @param where the database without secrets, "host:port/name"
 * @param what the thing that was tried, "writing usage"
 */
export function postgresError(error: unknown, where: string, what: string): RouterError {
	if (error instanceof RouterError) return error;
	const { code = '', message = String(error) } = error as DriverError;
	const make = (errorCode: ErrorCode, happened: string, hint: string): RouterError =>
		new RouterError({
			code: errorCode,
			message: `${what} failed: ${happened} (${where}${code ? `, ${code}` : ''}).`,
			hint,
		});
	if (code === '25006') {
		return make(
			'POSTGRES_READ_ONLY',
			'the database is read-only',
			'Connect to the primary, or set default_transaction_read_only to off for this role.',
		);
	}
	if (/^28/.test(code) || code === '3D000') {
		const happened = code === '3D000' ? 'there is no such database' : 'the login was refused';
		return make('POSTGRES_UNAUTHORIZED', happened, 'Check user, password, database and SSL mode.');
	}
	if (isSslFailure(code, message)) {
		return make(
			'POSTGRES_UNREACHABLE',
			`no trusted encrypted connection: ${message}`,
			'Give the CA certificate, or use an SSL mode that this server supports.',
		);
	}
	if (isConnectionLoss(error) || SOCKET_CODES.has(code)) {
		return make(
			'POSTGRES_UNREACHABLE',
			'no answer from the database',
			'Check that it runs and that host and port are right. Calling again is safe: rows are never written twice.',
		);
	}
	if (isDenied(error)) {
		return make(
			'POSTGRES_PERMISSION',
			message,
			'Grant INSERT on model_usage_log and vram_usage_log.',
		);
	}
	if (/^42(P01|703|883)$/.test(code) || code === '3F000') return schemaOutdated(where, message);
	return make('POSTGRES_FAILED', message, "See PostgreSQL's log for the statement.");
}

export function schemaOutdated(where: string, missing: string): RouterError {
	return new RouterError({
		code: 'POSTGRES_SCHEMA_OUTDATED',
		message: `The tables of ${where} are missing or older than this version needs: ${missing}.`,
		hint: `Run ${MIGRATE_COMMAND} as a role that owns the schema.`,
	});
}

function isSslFailure(code: string, message: string): boolean {
	return (
		/CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO|EPROTO/.test(code) ||
		/does not support SSL|SSL connection/i.test(message)
	);
}
