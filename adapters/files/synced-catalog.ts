/** A catalog file that a sync changes in place: read as a person wrote it, replaced at once, the version before kept. */
import type { SyncChange } from '../../lib/catalog-sync';
import { RouterError } from '../../lib/errors';
import type { ManagedCatalogPort } from '../../lib/ports';
import { applyChanges, parseText, setServerProperty } from './catalog-text';
import { readTextFile, writeFileAtomically } from './json-file';

export class SyncedCatalogFile implements ManagedCatalogPort {
	constructor(private readonly file: string) {}

	/** @throws RouterError FILE_NOT_FOUND, FILE_UNREADABLE, CATALOG_INVALID */
	async read(): Promise<{ text: string; value: unknown }> {
		const text = await readTextFile(this.file);
		return { text, value: parseText(text).value };
	}

	edit(text: string, changes: readonly SyncChange[]): { text: string; value: unknown } {
		const after = applyChanges(text, changes);
		return { text: after, value: parseText(after).value };
	}

	/** Sets one property of one server, and touches nothing else. */
	editServer(
		text: string,
		index: number,
		key: string,
		value: unknown,
	): { text: string; value: unknown } {
		const after = setServerProperty(text, index, key, value);
		return { text: after, value: parseText(after).value };
	}

	/** @throws RouterError FILE_UNWRITABLE */
	async write(before: string, after: string): Promise<string | null> {
		if ((await readTextFile(this.file)) !== before) {
			throw new RouterError({
				code: 'FILE_UNWRITABLE',
				message: `${this.file} was changed while the models were being read; nothing was written.`,
				hint: 'Run the sync again.',
			});
		}
		return await writeFileAtomically(this.file, after, { backup: true });
	}
}
