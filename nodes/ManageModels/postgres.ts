/** The node's Postgres, which most operations can do without. */
import type { IExecuteFunctions } from 'n8n-workflow';

import type { PostgresStore } from '../../adapters/postgres/store';
import { RouterError } from '../../lib/errors';
import { usageStore } from '../shared/usage-store';

const CREDENTIAL = 'comfyUiRouterPostgresApi';

export function hasPostgres(context: IExecuteFunctions): boolean {
	return context.getNode().credentials?.[CREDENTIAL] !== undefined;
}

/** @throws RouterError OPTIONS_INVALID where no credential is set */
export async function postgresOf(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<PostgresStore> {
	if (hasPostgres(context)) {
		return usageStore(await context.getCredentials(CREDENTIAL, itemIndex));
	}
	throw new RouterError({
		code: 'OPTIONS_INVALID',
		message: 'This needs a database, and the node has no Postgres credential.',
		hint: 'Choose a ComfyUI Router Postgres credential in the node.',
	});
}
