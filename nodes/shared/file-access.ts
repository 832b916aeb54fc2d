/** Where a path that a workflow names may point: n8n's own limit, for reads that do not go through n8n's helpers. */
import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

import { RouterError } from '../../lib/errors';

/** As n8n reads N8N_RESTRICT_FILE_ACCESS_TO: folders between semicolons, `~` for the home folder; none is no limit. */
function allowedFolders(): string[] {
	return (process.env.N8N_RESTRICT_FILE_ACCESS_TO ?? '')
		.split(';')
		.map((folder) => folder.trim())
		.filter((folder) => folder !== '')
		.map((folder) => (folder.startsWith('~') ? folder.replace('~', homedir()) : folder));
}

/** Without symbolic links, as far as the path exists: a link must not lead out of an allowed folder. */
async function withoutLinks(path: string): Promise<string> {
	try {
		return await realpath(path);
	} catch {
		const parent = dirname(path);
		return parent === path ? path : join(await withoutLinks(parent), relative(parent, path));
	}
}

function contains(folder: string, path: string): boolean {
	const way = relative(folder, path);
	return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** @throws RouterError FILE_UNREADABLE where N8N_RESTRICT_FILE_ACCESS_TO names folders and the path is in none of them */
export async function requireAllowedPath(path: string): Promise<void> {
	const folders = allowedFolders();
	if (folders.length === 0) return;
	const real = await withoutLinks(resolve(path));
	for (const folder of folders) {
		if (contains(await withoutLinks(resolve(folder)), real)) return;
	}
	throw new RouterError({
		code: 'FILE_UNREADABLE',
		message: `n8n does not allow workflows to use the file ${path}.`,
		hint: 'Put it into a folder that N8N_RESTRICT_FILE_ACCESS_TO names, or set Catalog to Managed Copy.',
	});
}
