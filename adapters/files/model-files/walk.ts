/** Lists the model files below the planned folders, following links and never twice into the same place. Opens no file. */
import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

import type { FolderKind, ModelFolder } from './folders';
import { MODEL_FILE, PARTIAL_MODEL_FILE } from './read-file';

export interface ListedFile {
	path: string;
	/** Relative to its kind's folder with forward slashes, as ComfyUI names it. */
	name: string;
	kind: FolderKind | null;
	/** False for a link that leads nowhere. */
	exists: boolean;
}

export interface Listing {
	files: ListedFile[];
	/** Folders that could not be listed, in sentences. */
	warnings: string[];
}

const MAX_DEPTH = 64;
/** Links can make a tree that is endless in practice without being a circle. */
const MAX_FOLDERS = 50_000;

export function listModelFiles(folders: readonly ModelFolder[]): Listing {
	const walk = new Walk(folders);
	for (const folder of folders) walk.enter(folder.path, '', folder.kind, []);
	return { files: walk.files, warnings: walk.warnings };
}

class Walk {
	readonly files: ListedFile[] = [];
	readonly warnings: string[] = [];
	/** Real paths of the folders of a known kind. */
	private readonly known: readonly string[];
	private readonly entered = new Set<string>();
	private count = 0;

	constructor(folders: readonly ModelFolder[]) {
		this.known = folders.flatMap((folder) =>
			folder.kind === null ? [] : [realPath(folder.path) ?? []].flat(),
		);
	}

	/** @param above real paths of the folders that this one was reached through */
	enter(folder: string, relative: string, kind: FolderKind | null, above: readonly string[]): void {
		const real = realPath(folder);
		if (real !== null && !this.mayEnter(real, relative, kind, above)) return;
		for (const entry of this.list(folder)) {
			if (entry.name.startsWith('.')) continue;
			// plain concatenation: path.join costs more than all else that is done for a file here
			const full = folder + path.sep + entry.name;
			const name = relative === '' ? entry.name : `${relative}/${entry.name}`;
			const type = entry.isSymbolicLink() ? linkTarget(full) : typeOf(entry);
			if (type === 'folder') this.enter(full, name, kind, [...above, real ?? folder]);
			else if (type !== 'other' && isModelFile(entry.name)) {
				this.files.push({ path: full, name, kind, exists: type === 'file' });
			}
		}
	}

	/** False for circles, for links up to where everything would be listed again, and for what was listed already. */
	private mayEnter(
		real: string,
		relative: string,
		kind: FolderKind | null,
		above: readonly string[],
	): boolean {
		const visit = `${kind}|${relative}|${real}`;
		if (above.includes(real) || this.entered.has(visit)) return false;
		this.entered.add(visit);
		if (kind === null && this.known.includes(real)) return false;
		if (kind !== null && this.known.some((other) => other.startsWith(real + path.sep)))
			return false;
		this.count += 1;
		if (above.length <= MAX_DEPTH && this.count <= MAX_FOLDERS) return true;
		if (this.count === MAX_FOLDERS + 1 || above.length > MAX_DEPTH) {
			this.warnings.push(`${real} and what follows was left out: too many or too deep folders.`);
		}
		return false;
	}

	private list(folder: string): Dirent[] {
		try {
			return readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
				a.name < b.name ? -1 : 1,
			);
		} catch (error) {
			const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
			this.warnings.push(`${folder} cannot be listed (${code}).`);
			return [];
		}
	}
}

/** null where there is none: listing it says why. */
function realPath(folder: string): string | null {
	try {
		return realpathSync(folder);
	} catch {
		return null;
	}
}

function isModelFile(name: string): boolean {
	return MODEL_FILE.test(name) || PARTIAL_MODEL_FILE.test(name);
}

type EntryType = 'file' | 'folder' | 'other' | 'missing';

function typeOf(entry: Dirent): EntryType {
	if (entry.isFile()) return 'file';
	return entry.isDirectory() ? 'folder' : 'other';
}

function linkTarget(link: string): EntryType {
	try {
		const target = statSync(link);
		return target.isFile() ? 'file' : target.isDirectory() ? 'folder' : 'other';
	} catch {
		return 'missing';
	}
}
