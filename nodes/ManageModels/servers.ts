/** The servers of the ComfyUI credential that an item is about. */
import type {
	IDataObject,
	IExecuteFunctions,
	ILoadOptionsFunctions,
	INodeListSearchResult,
} from 'n8n-workflow';

import type { ComfyUiClient } from '../../adapters/comfyui';
import { RouterError } from '../../lib/errors';
import { closest } from '../../lib/schema/did-you-mean';
import { comfyUiClients } from '../shared/comfyui-servers';
import { contains } from '../shared/fields';
import { errorDetails, toNodeError } from '../shared/to-node-error';

const DEFAULT_TIMEOUT_SECONDS = 20;

/** Lists the servers for the field; asks none of them. */
export async function searchServers(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	try {
		const clients = comfyUiClients(await this.getCredentials('comfyUiApi'));
		const results = clients
			.filter(({ name, url }) => contains(`${name} ${url}`, filter))
			.map(({ name, url }) => ({ name: `${name} (${url})`, value: name }));
		for (const client of clients) client.close();
		return { results };
	} catch (error) {
		throw toNodeError(this.getNode(), error);
	}
}

/** Clients of all servers, closed when the work is done. */
export async function withServers<T>(
	context: IExecuteFunctions,
	itemIndex: number,
	work: (servers: ComfyUiClient[]) => Promise<T>,
): Promise<T> {
	const { timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = context.getNodeParameter(
		'options',
		itemIndex,
		{},
	) as { timeoutSeconds?: number };
	const credential = await context.getCredentials('comfyUiApi', itemIndex);
	const servers = comfyUiClients(credential, timeoutSeconds);
	try {
		return await work(servers);
	} finally {
		for (const server of servers) server.close();
	}
}

/** @throws RouterError OPTIONS_INVALID for a name that the credential does not have */
function chosenServers(
	context: IExecuteFunctions,
	itemIndex: number,
	servers: ComfyUiClient[],
): ComfyUiClient[] {
	const name = context.getNodeParameter('server', itemIndex, '', { extractValue: true }) as string;
	if (name === '') return servers;
	const found = servers.filter((server) => server.name === name);
	if (found.length > 0) return found;
	const names = servers.map((server) => server.name);
	const near = closest(name, names);
	throw new RouterError({
		code: 'OPTIONS_INVALID',
		message: `The ComfyUI credential has no server "${name}".`,
		hint: near ? `Did you mean "${near}"?` : `It has: ${names.join(', ')}.`,
	});
}

/**
 * Does the work on the chosen server, or on every one after the other. Of several, one that fails has its error as its
 * result and keeps no other from its turn.
 * @throws what a single server, or the first of servers that all failed, threw
 */
export async function onEachServer(
	context: IExecuteFunctions,
	itemIndex: number,
	work: (server: ComfyUiClient) => Promise<IDataObject>,
): Promise<IDataObject[]> {
	return await withServers(context, itemIndex, async (all) => {
		const servers = chosenServers(context, itemIndex, all);
		const results: IDataObject[] = [];
		const failures: unknown[] = [];
		for (const server of servers) {
			try {
				results.push({ server: server.name, ...(await work(server)) });
			} catch (error) {
				if (!(error instanceof RouterError)) throw toNodeError(context.getNode(), error, itemIndex);
				failures.push(error);
				results.push({ server: server.name, error: error.message, details: errorDetails(error) });
				warn(context, `${server.name}: ${error.message}`);
			}
		}
		if (failures.length === servers.length) throw failures[0];
		return results;
	});
}

/** Older versions of n8n do not have the method. */
export function warn(context: IExecuteFunctions, message: string): void {
	context.addExecutionHints?.({ message, type: 'warning', location: 'outputPane' });
}
