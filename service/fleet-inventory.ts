/** The models of several servers as one inventory: installed is what at least one of them has. */
import type { InstalledFile, Inventory } from '../lib/catalog-sync';
import { RouterError } from '../lib/errors';
import type { InventoryPort } from '../lib/ports';

export interface NamedInventory {
	/** Of the server. */
	name: string;
	inventory: InventoryPort;
}

export class FleetInventory implements InventoryPort {
	constructor(private readonly servers: readonly NamedInventory[]) {}

	/** @throws RouterError of the first server that cannot be read: what only it has must not count as gone */
	async list(signal?: AbortSignal): Promise<Inventory> {
		const lists = await Promise.all(
			this.servers.map(async ({ name, inventory }) => {
				try {
					return await inventory.list(signal);
				} catch (error) {
					throw error instanceof RouterError ? incomplete(name, error) : error;
				}
			}),
		);
		return {
			files: merged(lists.flatMap(({ files }) => files)),
			warnings: [...new Set(lists.flatMap(({ warnings }) => warnings))],
		};
	}
}

/** A file that is damaged on one server and sound on another can be used; a known content beats an unknown one. */
function merged(files: readonly InstalledFile[]): InstalledFile[] {
	const byKey = new Map<string, InstalledFile>();
	for (const file of files) {
		const key = `${file.kind}|${file.name}`;
		const known = byKey.get(key);
		if (!known || isBetter(file, known)) byKey.set(key, file);
	}
	return [...byKey.values()];
}

function isBetter(file: InstalledFile, known: InstalledFile): boolean {
	if (file.usable !== known.usable) return file.usable;
	return known.detection === null && file.detection !== null;
}

function incomplete(name: string, error: RouterError): RouterError {
	return new RouterError({
		code: error.code,
		message: `The models of ${name} cannot be listed, so nothing is compared. ${error.message}`,
		hint: `${error.hint} Models that only ${name} has would otherwise count as gone.`,
	});
}
