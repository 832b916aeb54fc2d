/**
 * The catalog in use: a copy of the shipped one in n8n's user folder, made at first use and from then on the user's own.
 * Owns where it is, and a cache so that many items cost one read. Never writes in the package's folder.
 */
import { dirname, join, resolve, sep } from 'node:path';

import { parseCatalogText } from '../../lib/catalog/parse';
import type { Catalog } from '../../lib/catalog/schema';
import { RouterError } from '../../lib/errors';
import { createFileOnce, fileStamp, readTextFile } from './json-file';

export interface ReadCatalog {
	/** Shared between callers and therefore frozen: copy before changing. */
	catalog: Catalog;
	/** As the file has it, for edits that keep what a person wrote. */
	text: string;
}

export interface ManagedCatalog extends ReadCatalog {
	path: string;
	/** True when this call made the copy. */
	created: boolean;
}

export interface ManagedCatalogOptions {
	/** n8n's own folder: `.n8n` in N8N_USER_FOLDER, or in the home folder where that is not set. */
	userFolder: string;
	/** The models_config.json of this package. */
	shippedPath: string;
}

interface CacheEntry {
	stamp: string;
	reading: Promise<ReadCatalog>;
}

/** More catalogs than one process uses; keeps a path that changes per item from growing the cache. */
const CACHED_FILES = 16;
const cache = new Map<string, CacheEntry>();

/** Where the managed copy is: `<userFolder>/comfyui-router/models_config.json`. */
export function managedCatalogPath(userFolder: string): string {
	return join(resolve(userFolder), 'comfyui-router', 'models_config.json');
}

/**
 * The managed copy, made from the shipped catalog where there is none; what is there is never overwritten.
 * Safe when several processes start at once.
 * @throws RouterError FILE_* where it can neither be read nor made, CATALOG_INVALID with every fault in it
 */
export async function resolveManagedCatalog(
	options: ManagedCatalogOptions,
): Promise<ManagedCatalog> {
	const path = managedCatalogPath(options.userFolder);
	refusePackageFolder(path, options.shippedPath);
	try {
		return { ...(await readCatalogFile(path)), path, created: false };
	} catch (error) {
		if (!(error instanceof RouterError) || error.code !== 'FILE_NOT_FOUND') throw error;
	}
	const created = await createFileOnce(path, await readTextFile(options.shippedPath));
	return { ...(await readCatalogFile(path)), path, created };
}

/**
 * A catalog file, parsed. Read again only when it changed (times, size or inode); callers share one frozen catalog.
 * @throws RouterError FILE_NOT_FOUND, FILE_UNREADABLE, CATALOG_INVALID
 */
export async function readCatalogFile(path: string): Promise<ReadCatalog> {
	const file = resolve(path);
	const { mtimeNs, ctimeNs, size, ino } = await fileStamp(file);
	const stamp = `${mtimeNs}/${ctimeNs}/${size}/${ino}`;
	const known = cache.get(file);
	if (known?.stamp === stamp) return await known.reading;
	const entry = { stamp, reading: readAndParse(file) };
	remember(file, entry);
	try {
		return await entry.reading;
	} catch (error) {
		if (cache.get(file) === entry) cache.delete(file);
		throw error;
	}
}

async function readAndParse(path: string): Promise<ReadCatalog> {
	const text = await readTextFile(path);
	return { catalog: frozen(parseCatalogText(text, path)), text };
}

function remember(file: string, entry: CacheEntry): void {
	cache.delete(file);
	cache.set(file, entry);
	if (cache.size <= CACHED_FILES) return;
	const oldest = cache.keys().next().value;
	if (oldest !== undefined) cache.delete(oldest);
}

function frozen<Value>(value: Value): Value {
	if (typeof value !== 'object' || value === null) return value;
	for (const part of Object.values(value)) frozen(part);
	return Object.freeze(value);
}

/** Updates of the package would delete it there. */
function refusePackageFolder(path: string, shippedPath: string): void {
	const packageFolder = dirname(resolve(shippedPath));
	if (!path.startsWith(packageFolder + sep)) return;
	throw new RouterError({
		code: 'FILE_UNWRITABLE',
		message: `The managed catalog would lie in the package's own folder (${path}).`,
		hint: 'Set N8N_USER_FOLDER to a folder outside the package: an update would delete the catalog there.',
	});
}
