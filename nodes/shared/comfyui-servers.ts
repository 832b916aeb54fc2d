/** From the ComfyUI credential to clients, one for each server. */
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { type ComfyUiAuthentication, ComfyUiClient, type ComfyUiTls } from '../../adapters/comfyui';
import { parseServerLines } from './server-lines';

const MS_PER_SECOND = 1000;

type Credential = ICredentialDataDecryptedObject;

function text(credential: Credential, name: string): string {
	return String(credential[name] ?? '').trim();
}

function authenticationOf(credential: Credential): ComfyUiAuthentication {
	switch (credential.authentication) {
		case 'basic':
			// a password may begin or end with a blank
			return {
				type: 'basic',
				user: text(credential, 'user'),
				password: String(credential.password ?? ''),
			};
		case 'bearer':
			return { type: 'bearer', token: text(credential, 'token') };
		case 'header':
			return {
				type: 'header',
				name: text(credential, 'headerName'),
				value: text(credential, 'headerValue'),
			};
		default:
			return { type: 'none' };
	}
}

function tlsOf(credential: Credential): ComfyUiTls {
	if (credential.ignoreSslIssues === true) return { rejectUnauthorized: false };
	const ca = text(credential, 'ca');
	return ca === '' ? {} : { ca };
}

/**
 * @param timeoutSeconds of one answer of a server
 * @throws RouterError OPTIONS_INVALID naming every fault, without a secret
 */
export function comfyUiClients(credential: Credential, timeoutSeconds?: number): ComfyUiClient[] {
	const authentication = authenticationOf(credential);
	const tls = tlsOf(credential);
	return parseServerLines(text(credential, 'servers')).map(
		({ name, url }) =>
			new ComfyUiClient({
				name,
				url,
				authentication,
				tls,
				...(timeoutSeconds ? { timeoutMs: timeoutSeconds * MS_PER_SECOND } : {}),
			}),
	);
}
