/** From the Postgres credential to a connection's description. */
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { parseSslMode, type PostgresTarget } from '../../adapters/postgres/connection';
import { invalidInput, type Problem } from '../../lib/errors';

const MAX_PORT = 65_535;
const CONNECT_TIMEOUT_MS = 10_000;

function required(value: string, path: string): Problem[] {
	return value === ''
		? [{ path, message: 'is empty.', hint: 'Fill in the Postgres credential.' }]
		: [];
}

/** @throws RouterError OPTIONS_INVALID naming every fault, without a secret */
export function postgresTarget(credential: ICredentialDataDecryptedObject): PostgresTarget {
	const text = (name: string) => String(credential[name] ?? '').trim();
	const port = Number(credential.port ?? 5432);
	const problems = ['host', 'database', 'user'].flatMap((name) => required(text(name), name));
	if (!Number.isInteger(port) || port < 1 || port > MAX_PORT) {
		problems.push({
			path: 'port',
			message: 'is not a port.',
			hint: 'Postgres listens on 5432 by default.',
		});
	}
	if (problems.length > 0)
		throw invalidInput('OPTIONS_INVALID', 'The Postgres credential', problems);
	return {
		host: text('host'),
		port,
		database: text('database'),
		user: text('user'),
		password: String(credential.password ?? ''),
		schema: text('schema') || undefined,
		sslMode: parseSslMode(text('ssl') || undefined),
		sslCa: text('ca') || undefined,
		applicationName: 'n8n-nodes-comfyui-router',
		connectTimeoutMs: CONNECT_TIMEOUT_MS,
	};
}
