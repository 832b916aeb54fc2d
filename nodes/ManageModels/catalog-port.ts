/** The catalog that the node's parameters point at, as one that can be changed. */
import type { IExecuteFunctions } from 'n8n-workflow';

import { applyChanges, parseText } from '../../adapters/files/catalog-text';
import { SyncedCatalogFile } from '../../adapters/files/synced-catalog';
import {
	createStoredCatalog,
	readStoredCatalog,
	replaceStoredCatalog,
} from '../../adapters/postgres/stored-catalog';
import type { PostgresStore } from '../../adapters/postgres/store';
import type { SyncChange } from '../../lib/catalog-sync';
import { RouterError } from '../../lib/errors';
import type { ManagedCatalogPort } from '../../lib/ports';
import { catalogFilePath, managedCatalog } from '../shared/catalog-source';
import { postgresOf } from './postgres';
import { shippedCatalog } from './shipped-catalog';

interface CatalogContent {
	text: string;
	value: unknown;
}

export interface OpenCatalog {
	port: ManagedCatalogPort;
	/** For people: a path, or which row of which database. */
	where: string;
	/** What the last `edit` made of it, for a catalog that cannot be written; null otherwise. */
	edited: (() => unknown) | null;
}

/** Text as it would be in a file; the database keeps neither order of keys nor comments. */
function asText(value: unknown): string {
	return `${JSON.stringify(value, null, '\t')}\n`;
}

function edit(text: string, changes: readonly SyncChange[]): CatalogContent {
	const after = applyChanges(text, changes);
	return { text: after, value: parseText(after).value };
}

class StoredCatalog implements ManagedCatalogPort {
	constructor(
		private readonly store: PostgresStore,
		private readonly name: string,
		private readonly createMissing: boolean,
	) {}

	async read(): Promise<CatalogContent> {
		const { pool } = this.store;
		await this.store.migrate();
		if (this.createMissing) await createStoredCatalog(pool, this.name, await shippedCatalog());
		const value = await readStoredCatalog(pool, this.name);
		return { text: asText(value), value };
	}

	edit(text: string, changes: readonly SyncChange[]): CatalogContent {
		return edit(text, changes);
	}

	async write(before: string, after: string): Promise<string> {
		return await replaceStoredCatalog(
			this.store.pool,
			this.name,
			JSON.parse(before),
			JSON.parse(after),
		);
	}
}

/** Comes with the item and goes with it: changes are shown, not kept. */
class GivenCatalog implements ManagedCatalogPort {
	edited: unknown = null;

	constructor(private readonly given: unknown) {}

	read(): Promise<CatalogContent> {
		const text = typeof this.given === 'string' ? this.given : asText(this.given);
		return Promise.resolve({ text, value: parseText(text).value });
	}

	edit(text: string, changes: readonly SyncChange[]): CatalogContent {
		const after = edit(text, changes);
		this.edited = after.value;
		return after;
	}

	write(): Promise<string | null> {
		throw new RouterError({
			code: 'OPTIONS_INVALID',
			message: 'A catalog that is given as JSON cannot be written.',
			hint: 'Switch Write Changes off and take the field updated_catalog, or use another Catalog.',
		});
	}
}

/** @throws RouterError CATALOG_INVALID, FILE_*, OPTIONS_INVALID */
export async function openCatalog(
	context: IExecuteFunctions,
	itemIndex: number,
	{ createMissing }: { createMissing: boolean },
): Promise<OpenCatalog> {
	const parameter = (name: string) => context.getNodeParameter(name, itemIndex, '') as string;
	switch (parameter('catalogSource')) {
		case 'file':
			return await openFile(parameter('catalogPath'));
		case 'postgres': {
			const store = await postgresOf(context, itemIndex);
			const name = parameter('catalogName');
			const port = new StoredCatalog(store, name, createMissing);
			return { port, where: `${name} in ${store.pool.where}`, edited: null };
		}
		case 'json': {
			const port = new GivenCatalog(parameter('catalogJson'));
			return { port, where: 'Catalog JSON', edited: () => port.edited };
		}
		default: {
			const { path } = await managedCatalog();
			return { port: new SyncedCatalogFile(path), where: path, edited: null };
		}
	}
}

async function openFile(parameter: string): Promise<OpenCatalog> {
	const path = await catalogFilePath(parameter);
	return { port: new SyncedCatalogFile(path), where: path, edited: null };
}
