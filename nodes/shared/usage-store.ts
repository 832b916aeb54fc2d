/** One store for each database this process writes to: connections and migrations are shared by all executions. */
import { createHash } from 'node:crypto';

import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { createPostgresStore, type PostgresStore } from '../../adapters/postgres/store';
import { postgresTarget } from './postgres-target';

const stores = new Map<string, PostgresStore>();

/**
 * The store of a Postgres credential. It creates or upgrades its tables before its first use, once per process; its
 * idle connections close by themselves, so nobody has to close it.
 * @throws RouterError OPTIONS_INVALID
 */
export function usageStore(credential: ICredentialDataDecryptedObject): PostgresStore {
	const target = postgresTarget(credential);
	// the key holds a password, so it is kept as a hash only
	const key = createHash('sha256').update(JSON.stringify(target)).digest('hex');
	const known = stores.get(key);
	if (known) return known;
	const store = createPostgresStore({ connection: target });
	stores.set(key, store);
	return store;
}
