/** `--server` options as clients. Owns the names that servers get on the command line. */
import { ComfyUiClient } from '../adapters/comfyui';
import type { Catalog } from '../lib/catalog/schema';
import type { Io } from './io';
import { UsageError } from './usage-error';

/**
 * Each is `URL` or `name=URL`. Without a name a server has its catalog's one, else host:port.
 * A bearer token for all of them comes from COMFYUI_TOKEN: arguments are visible to every user of a machine.
 * @throws UsageError for none, for two of the same name; RouterError OPTIONS_INVALID for what is not an address
 */
export function clientsOf(
	servers: readonly string[],
	catalog: Catalog | null,
	io: Io,
	command: string,
	timeoutMs?: number,
): ComfyUiClient[] {
	if (servers.length === 0) {
		throw new UsageError(
			'--server is missing: the address of a ComfyUI server, repeatable.',
			command,
		);
	}
	const token = io.env['COMFYUI_TOKEN'];
	const clients = servers.map((server) => {
		const { name, url } = split(server);
		return new ComfyUiClient({
			name: name ?? nameOf(url, catalog),
			url,
			authentication: token ? { type: 'bearer', token } : undefined,
			timeoutMs,
		});
	});
	const names = clients.map((client) => client.name);
	const twice = names.find((name, index) => names.indexOf(name) !== index);
	if (twice !== undefined) {
		throw new UsageError(
			`Two servers are called ${twice}: name them, as in --server a=http://...`,
			command,
		);
	}
	return clients;
}

function split(server: string): { name: string | null; url: string } {
	const named = /^([^=:/?#]+)=(.*)$/s.exec(server);
	return named
		? { name: (named[1] as string).trim(), url: named[2] as string }
		: { name: null, url: server };
}

function nameOf(url: string, catalog: Catalog | null): string {
	const plain = (address: string): string => address.replace(/\/+$/, '');
	const known = catalog?.servers.find(
		(server) => server.url !== undefined && plain(server.url) === plain(url),
	);
	if (known) return known.name;
	try {
		return new URL(url).host || url;
	} catch {
		// the client refuses the address with a better message
		return 'server';
	}
}
