/** A failed Test button: what happened and what to do, in one line. */
import type { INodeCredentialTestResult } from 'n8n-workflow';

import { helpLink } from '../../adapters/files/help-link';
import { RouterError } from '../../lib/errors';

export function credentialTestFailure(error: unknown): INodeCredentialTestResult {
	if (error instanceof RouterError) {
		return {
			status: 'Error',
			message: `${error.message} ${error.hint} More: ${helpLink(error.code)}`,
		};
	}
	return { status: 'Error', message: error instanceof Error ? error.message : String(error) };
}
