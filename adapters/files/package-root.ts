/** Finds files that are shipped beside the compiled code, from the sources and from `dist` alike. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function folderHolding(fileName: string, from: string): string {
	if (existsSync(join(from, fileName))) return from;
	const parent = dirname(from);
	// the package cannot be installed without its catalog, so the root of the disk is never reached
	return parent === from ? from : folderHolding(fileName, parent);
}

/** The folder with package.json and the shipped catalog, also where the code runs from `dist`. */
export function packageRoot(): string {
	return folderHolding('models_config.json', __dirname);
}

/** Path of the catalog that came with the package. Read it, never write it: updates replace it. */
export function shippedCatalogPath(): string {
	return join(packageRoot(), 'models_config.json');
}
