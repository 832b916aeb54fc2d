/** Brings a catalog in line with the models that are installed, or says what that would change. */
import { planSync, type SyncPlan } from '../lib/catalog-sync';
import { parseCatalog } from '../lib/catalog/parse';
import type { Catalog } from '../lib/catalog/schema';
import { RouterError } from '../lib/errors';
import type { InventoryPort, ManagedCatalogPort } from '../lib/ports';

export interface SyncOptions {
	catalog: ManagedCatalogPort;
	inventory: InventoryPort;
	/** The catalog that comes with the package, as written: what is known about files by their names. */
	shipped: unknown;
	/** False: only say what would change. */
	write: boolean;
	signal?: AbortSignal;
}

export interface SyncResult {
	plan: SyncPlan;
	/** True where the catalog was changed. */
	written: boolean;
	/** Where the catalog as it was is kept; null where nothing was written. */
	backup: string | null;
	/** The catalog as it is, or would be, afterwards. */
	catalog: Catalog;
}

/** @throws RouterError CATALOG_INVALID for a catalog that has problems: nothing is changed then */
export async function syncModels(options: SyncOptions): Promise<SyncResult> {
	const before = await options.catalog.read();
	parseCatalog(before.value);
	parseCatalog(options.shipped);
	const inventory = await options.inventory.list(options.signal);
	const plan = planSync(modelsOf(before.value), inventory, modelsOf(options.shipped));
	const after = options.catalog.edit(before.text, plan.changes);
	const catalog = checked(after.value);
	const changed = after.text !== before.text;
	if (!options.write || !changed) return { plan, written: false, backup: null, catalog };
	const backup = await options.catalog.write(before.text, after.text);
	return { plan, written: true, backup, catalog };
}

/** As written, without defaults; the schema has been checked before. */
function modelsOf(catalog: unknown): Array<Record<string, unknown>> {
	return (catalog as { models: Array<Record<string, unknown>> }).models;
}

/** What a sync writes must be a catalog again; anything else is a fault of ours and must not reach the disk. */
function checked(value: unknown): Catalog {
	try {
		return parseCatalog(value);
	} catch (cause) {
		throw new RouterError({
			code: 'INTERNAL',
			message: 'The sync would have made the catalog invalid; nothing was written.',
			hint: 'Please report this with the catalog and the list of model files.',
			cause,
		});
	}
}
