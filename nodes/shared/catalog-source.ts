/** Reads the catalog a node's parameters point at. Files are kept parsed by their adapter until they change. */
import { homedir } from 'node:os';
import { join } from 'node:path';

import type { IExecuteFunctions } from 'n8n-workflow';

import {
	type ManagedCatalog,
	readCatalogFile,
	resolveManagedCatalog,
} from '../../adapters/files/managed-catalog';
import { readStoredCatalog } from '../../adapters/postgres/stored-catalog';
import { parseCatalog, parseCatalogText } from '../../lib/catalog/parse';
import type { Catalog } from '../../lib/catalog/schema';
import { RouterError } from '../../lib/errors';
import { shippedCatalogPath } from '../../adapters/files/package-root';
import { requireAllowedPath } from './file-access';
import { usageStore } from './usage-store';

function fromJson(value: unknown): Catalog {
	return typeof value === 'string' ? parseCatalogText(value) : parseCatalog(value);
}

/**
 * The path in a node's Catalog File, trimmed.
 * @throws RouterError OPTIONS_INVALID where it is empty, FILE_UNREADABLE where n8n allows no such file
 */
export async function catalogFilePath(parameter: unknown): Promise<string> {
	const path = String(parameter ?? '').trim();
	if (path === '') {
		throw new RouterError({
			code: 'OPTIONS_INVALID',
			message: 'Catalog File is empty.',
			hint: 'Give the path of a catalog, or set Catalog to Managed Copy.',
		});
	}
	await requireAllowedPath(path);
	return path;
}

/** The managed copy, made where there is none yet. @throws RouterError FILE_*, CATALOG_INVALID */
export async function managedCatalog(): Promise<ManagedCatalog> {
	// as n8n itself finds it
	const userFolder = join(process.env.N8N_USER_FOLDER || homedir(), '.n8n');
	return await resolveManagedCatalog({ userFolder, shippedPath: shippedCatalogPath() });
}

/** The one that came with the package; kept parsed. @throws RouterError FILE_* */
export async function shippedCatalogParsed(): Promise<Catalog> {
	return (await readCatalogFile(shippedCatalogPath())).catalog;
}

async function fromPostgres(context: CatalogContext, name: string): Promise<Catalog> {
	const store = usageStore(await context.getCredentials('comfyUiRouterPostgresApi'));
	await store.migrate();
	return parseCatalog(await readStoredCatalog(store.pool, name));
}

/** What is needed of n8n's contexts, which name their parameters' reading differently. */
export type CatalogContext = Pick<IExecuteFunctions, 'getCredentials'>;

/**
 * @param parameter value of a parameter of the node
 * @throws RouterError CATALOG_INVALID with every problem, FILE_*, OPTIONS_INVALID, POSTGRES_*
 */
export async function readCatalog(
	context: CatalogContext,
	parameter: (name: string) => unknown,
): Promise<Catalog> {
	switch (parameter('catalogSource')) {
		case 'json':
			return fromJson(parameter('catalogJson'));
		case 'file':
			return (await readCatalogFile(await catalogFilePath(parameter('catalogPath')))).catalog;
		case 'postgres':
			return await fromPostgres(context, String(parameter('catalogName') ?? ''));
		default:
			return (await managedCatalog()).catalog;
	}
}
