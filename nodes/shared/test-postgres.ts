/** The Test button of the Postgres credential. */
import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { testConnection } from '../../adapters/postgres/pool';
import { credentialTestFailure } from './credential-test-failure';
import { postgresTarget } from './postgres-target';

export async function testPostgres(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		await testConnection({ connection: postgresTarget(credential.data ?? {}) });
		return { status: 'OK', message: 'Connection successful' };
	} catch (error) {
		return credentialTestFailure(error);
	}
}
