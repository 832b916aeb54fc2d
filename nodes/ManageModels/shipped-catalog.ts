/** The catalog that came with the package, as written: what is known of files by their names. Never written. */
import { readTextFile } from '../../adapters/files/json-file';
import { shippedCatalogPath } from '../../adapters/files/package-root';

export async function shippedCatalog(): Promise<unknown> {
	return JSON.parse(await readTextFile(shippedCatalogPath()));
}
