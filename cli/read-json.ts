/** Reads JSON and catalogs from a file or standard input. Owns the errors: which file, which line, which column. */
import { readFile } from 'node:fs/promises';

import { parseCatalogText } from '../lib/catalog/parse';
import type { Catalog } from '../lib/catalog/schema';
import { type ErrorCode, RouterError } from '../lib/errors';
import type { Io } from './io';
import { findJsonFault } from './json-fault';

/**
 * @param path a file, or `-` for standard input
 * @param code of the error for a text that is not JSON
 * @throws RouterError FILE_NOT_FOUND, FILE_UNREADABLE or `code`
 */
export async function readJson(path: string, io: Io, code: ErrorCode): Promise<unknown> {
	const { name, text } = await readInput(path, io, code);
	try {
		return JSON.parse(text) as unknown;
	} catch {
		const fault = findJsonFault(text) ?? { line: 1, column: 1 };
		throw new RouterError({
			code,
			message: `${name} is not JSON: line ${fault.line}, column ${fault.column}.`,
			hint: 'Look there for a missing or extra comma, bracket or quote. Comments are not allowed in JSON.',
		});
	}
}

/**
 * @param path models_config.json, or `-` for standard input
 * @throws RouterError FILE_NOT_FOUND, FILE_UNREADABLE or CATALOG_INVALID with every fault, keys given twice included
 */
export async function readCatalog(path: string, io: Io): Promise<Catalog> {
	const { name, text } = await readInput(path, io, 'CATALOG_INVALID');
	return parseCatalogText(text, name);
}

async function readInput(
	path: string,
	io: Io,
	code: ErrorCode,
): Promise<{ name: string; text: string }> {
	const name = path === '-' ? 'standard input' : path;
	const text = stripMark(path === '-' ? await io.readStdin() : await readText(path));
	if (text.trim() !== '') return { name, text };
	throw new RouterError({ code, message: `${name} is empty.`, hint: 'It must hold JSON.' });
}

async function readText(path: string): Promise<string> {
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		const { code = '' } = error as NodeJS.ErrnoException;
		const why: Record<string, string> = {
			EACCES: `You may not read ${path}.`,
			EISDIR: `${path} is a folder, not a file.`,
			ENOENT: `There is no file ${path}.`,
		};
		throw new RouterError({
			code: code === 'ENOENT' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
			message: why[code] ?? `${path} cannot be read (${code}).`,
			hint: 'Check the path; relative ones start at the current folder.',
		});
	}
}

/** Editors on Windows begin files with a byte order mark, which JSON.parse refuses. */
function stripMark(text: string): string {
	return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
