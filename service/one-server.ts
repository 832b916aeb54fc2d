/** One server and one model for operations that act on them. Owns what is said where one of them is not there. */
import type { Catalog, CatalogModel } from '../lib/catalog/schema';
import { ERROR_CODES, RouterError } from '../lib/errors';
import type { FleetServer } from '../lib/fleet/types';
import type { Clock, ComfyUiPort } from '../lib/ports';
import { closest } from '../lib/schema/did-you-mean';
import { readFleet } from './fleet';

/** @throws RouterError of the server, where it cannot be read */
export async function readServer(
	server: ComfyUiPort,
	catalog: Catalog,
	clock: Clock,
	signal?: AbortSignal,
): Promise<FleetServer> {
	const fleet = await readFleet({ servers: [server], catalog, clock, signal });
	const found = fleet.servers[0]!;
	if (found.reachable) return found;
	const code = ERROR_CODES.find((known) => known === found.error_code);
	throw new RouterError({
		code: code ?? 'COMFYUI_UNREACHABLE',
		message: found.error ?? `${server.name} did not answer.`,
		hint: 'Check that ComfyUI runs and that its address in the credential is right.',
	});
}

/** @throws RouterError OPTIONS_INVALID naming the nearest one */
export function modelNamed(catalog: Catalog, name: string): CatalogModel {
	const model = catalog.models.find((one) => one.name === name);
	if (model) return model;
	const near = closest(
		name,
		catalog.models.map((one) => one.name),
	);
	throw new RouterError({
		code: 'OPTIONS_INVALID',
		message: `The catalog has no model "${name}".`,
		hint: near ? `Did you mean "${near}"?` : 'The operation List shows what there is.',
	});
}
