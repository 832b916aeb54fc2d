/**
 * Reads and writes whole text files so that nobody ever sees half of one. Knows nothing of what is in them.
 * Rejects with RouterError (FILE_NOT_FOUND, FILE_UNREADABLE, FILE_UNWRITABLE).
 */
import { randomUUID } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import {
	chmod,
	copyFile,
	link,
	mkdir,
	open,
	readFile,
	realpath,
	rename,
	rm,
	stat,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { RouterError } from '../../lib/errors';
import { fileError } from './file-errors';

/** Far above any catalog; keeps a wrong path (a model file) from filling the memory. */
export const MAX_TEXT_BYTES = 64 * 1024 ** 2;

/** Size, times and identity of a file. @throws RouterError, also when it is not a regular file */
export async function fileStamp(path: string): Promise<BigIntStats> {
	let found: BigIntStats;
	try {
		found = await stat(path, { bigint: true });
	} catch (error) {
		throw fileError('read', path, error);
	}
	if (found.isDirectory())
		throw fileError('read', path, Object.assign(new Error(), { code: 'EISDIR' }));
	if (!found.isFile() || found.size > MAX_TEXT_BYTES) {
		throw new RouterError({
			code: 'FILE_UNREADABLE',
			message: found.isFile()
				? `The file ${path} has ${found.size} bytes, more than the ${MAX_TEXT_BYTES} that are read.`
				: `${path} is not a regular file.`,
			hint: 'Give the path of a text file.',
		});
	}
	return found;
}

/** The whole file as UTF-8 text, a byte order mark included. Refuses other bytes: writing the text back would lose them. */
export async function readTextFile(path: string): Promise<string> {
	await fileStamp(path);
	let bytes: Buffer;
	try {
		bytes = await readFile(path);
	} catch (error) {
		throw fileError('read', path, error);
	}
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch (cause) {
		throw new RouterError({
			code: 'FILE_UNREADABLE',
			message: `The file ${path} is not UTF-8 text.`,
			hint: 'Save it with the encoding UTF-8.',
			cause,
		});
	}
}

export interface WriteOptions {
	/** Keep what was there before as `<path>.bak`. Default false. */
	backup?: boolean;
}

/**
 * Replaces a file at once: written beside it, then renamed over it. Folders are made, links are followed, the mode of
 * an existing file is kept.
 * @returns the path of the backup, or null where none was made
 */
export async function writeFileAtomically(
	path: string,
	text: string,
	options: WriteOptions = {},
): Promise<string | null> {
	const target = await realpath(path).catch(() => path);
	try {
		const before = await stat(target).catch(() => null);
		const backup = options.backup === true && before !== null ? await backUp(target) : null;
		const beside = await writeBeside(target, text);
		try {
			if (before !== null) await chmod(beside, before.mode);
			await rename(beside, target);
		} catch (error) {
			await rm(beside, { force: true });
			throw error;
		}
		return backup;
	} catch (error) {
		throw fileError('write', path, error);
	}
}

/**
 * Makes a file that does not exist yet. Of several processes that try at once exactly one makes it; none replaces what
 * another made, and none sees half of it.
 * @returns false when the file is there already
 */
export async function createFileOnce(path: string, text: string): Promise<boolean> {
	try {
		if (await exists(path)) return false;
		const beside = await writeBeside(path, text);
		try {
			return await placeOnce(beside, path);
		} finally {
			await rm(beside, { force: true });
		}
	} catch (error) {
		throw fileError('write', path, error);
	}
}

/** A hard link fails where the name is taken; file systems without links get an exclusive copy. */
async function placeOnce(from: string, to: string): Promise<boolean> {
	try {
		await link(from, to);
		return true;
	} catch (error) {
		if (codeOf(error) === 'EEXIST') return false;
	}
	try {
		await copyFile(from, to, constants.COPYFILE_EXCL);
		return true;
	} catch (error) {
		if (codeOf(error) === 'EEXIST') return false;
		throw error;
	}
}

async function backUp(target: string): Promise<string> {
	const backup = `${target}.bak`;
	const beside = besideName(backup);
	try {
		await copyFile(target, beside);
		await rename(beside, backup);
	} catch (error) {
		await rm(beside, { force: true });
		throw error;
	}
	return backup;
}

async function writeBeside(target: string, text: string): Promise<string> {
	await mkdir(dirname(target), { recursive: true });
	const beside = besideName(target);
	try {
		const file = await open(beside, 'wx', 0o644);
		try {
			await file.writeFile(text, 'utf8');
			// a rename that reaches the disk before the content would leave an empty file after a power cut
			await file.sync();
		} finally {
			await file.close();
		}
	} catch (error) {
		await rm(beside, { force: true });
		throw error;
	}
	return beside;
}

function besideName(target: string): string {
	return join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
}

async function exists(path: string): Promise<boolean> {
	try {
		await stat(path);
		return true;
	} catch (error) {
		if (codeOf(error) === 'ENOENT') return false;
		throw error;
	}
}

function codeOf(error: unknown): string | undefined {
	return (error as NodeJS.ErrnoException | null)?.code;
}
