/** Saves what was generated. Owns that files are inside the folder, appear when they are whole, and never over another file. */
import { createWriteStream } from 'node:fs';
import { link, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { safeName } from '../adapters/files/safe-name';
import { RouterError } from '../lib/errors';
import type { GeneratedFile } from '../service/generate';

const MOST_TRIES = 10_000;

/** @throws RouterError FILE_UNWRITABLE */
export async function makeFolder(folder: string): Promise<void> {
	await mkdir(folder, { recursive: true }).catch((error: unknown) => {
		throw unwritable(folder, error);
	});
}

/**
 * @returns the path written; the file appears there when it is whole
 * @throws RouterError of the server, or FILE_UNWRITABLE
 */
export async function saveOutput(
	folder: string,
	jobId: string,
	file: GeneratedFile,
	signal?: AbortSignal,
): Promise<string> {
	const name = safeName(`${jobId.replace(/[\\/]/g, '_')}-${safeName(file.filename)}`);
	const part = join(folder, `.${name}.${process.pid}-${Date.now()}.part`);
	const { stream } = await file.open(signal);
	try {
		await pipeline(stream, createWriteStream(part, { flags: 'wx' }), { signal });
		return await place(part, folder, name);
	} catch (error) {
		await rm(part, { force: true });
		throw isFileFault(error) ? unwritable(folder, error) : error;
	}
}

/** Linking fails where the name is taken, so that nothing is ever written over. */
async function place(part: string, folder: string, name: string): Promise<string> {
	const dot = name.lastIndexOf('.');
	const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
	for (let n = 1; n < MOST_TRIES; n++) {
		const path = join(folder, n === 1 ? name : `${stem}-${n}${extension}`);
		try {
			await link(part, path);
			await rm(part, { force: true });
			return path;
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			if (code === 'EEXIST') continue;
			// file systems without hard links
			if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
			await rename(part, path);
			return path;
		}
	}
	throw unwritable(folder, new Error('too many files of the same name'));
}

function isFileFault(error: unknown): boolean {
	const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
	return /^(EACCES|EPERM|ENOSPC|EROFS|EDQUOT|ENOENT|ENOTDIR|EMFILE|EISDIR|ENAMETOOLONG)$/.test(
		code,
	);
}

function unwritable(folder: string, cause: unknown): RouterError {
	const code = (cause as NodeJS.ErrnoException | null)?.code ?? 'unknown error';
	return new RouterError({
		code: 'FILE_UNWRITABLE',
		message: `${folder} cannot be written (${code}).`,
		hint: 'Check the folder of --out: its rights, and the space on its disk.',
	});
}
