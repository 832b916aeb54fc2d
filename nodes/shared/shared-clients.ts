/**
 * The clients of a ComfyUI credential, shared by all executions of this process: jobs of one may be followed over the
 * connections of another. Nobody closes them; their idle connections close by themselves.
 */
import { createHash } from 'node:crypto';

import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import type { ComfyUiClient } from '../../adapters/comfyui';
import { comfyUiClients } from './comfyui-servers';

/** More credentials than one process uses; keeps edited ones from piling up. */
const KEPT = 32;
const known = new Map<string, ComfyUiClient[]>();

/** @throws RouterError OPTIONS_INVALID naming every fault, without a secret */
export function sharedComfyUiClients(
	credential: ICredentialDataDecryptedObject,
	timeoutSeconds?: number,
): ComfyUiClient[] {
	// the key holds secrets, so it is kept as a hash only
	const text = JSON.stringify([credential, timeoutSeconds ?? null]);
	const key = createHash('sha256').update(text).digest('hex');
	const clients = known.get(key) ?? comfyUiClients(credential, timeoutSeconds);
	known.delete(key);
	known.set(key, clients);
	const [oldest] = known.keys();
	if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
	return clients;
}
