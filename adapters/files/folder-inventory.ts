/** The models of a directory as an inventory for a sync. */
import { statSync } from 'node:fs';

import type { InstalledFile, Inventory } from '../../lib/catalog-sync';
import { RouterError } from '../../lib/errors';
import type { InventoryPort } from '../../lib/ports';
import { cleanText, isPlainName } from '../../lib/text';
import {
	type FileProblemCode,
	type ScannedFile,
	scanModels,
	type ScanOptions,
} from './model-files';

/** Problems that do not keep ComfyUI from loading the file: they only keep us from reading it. */
const HARMLESS: readonly FileProblemCode[] = ['PICKLE'];

export class FolderInventory implements InventoryPort {
	constructor(
		private readonly root: string,
		private readonly options: Omit<ScanOptions, 'signal'> = {},
	) {}

	/** @throws RouterError FILE_NOT_FOUND where the directory is absent, so that a typing error disables nothing */
	async list(signal?: AbortSignal): Promise<Inventory> {
		if (!statSync(this.root, { throwIfNoEntry: false })?.isDirectory()) {
			throw new RouterError({
				code: 'FILE_NOT_FOUND',
				message: `There is no folder ${this.root}.`,
				hint: "Give ComfyUI's models folder; relative paths start at the current folder.",
			});
		}
		const report = await scanModels(this.root, { ...this.options, signal });
		const files = report.files.map(installed);
		const odd = files.filter(({ name }) => !isPlainName(name));
		return {
			files: files.filter(({ name }) => isPlainName(name)),
			warnings: [...report.warnings, ...odd.map(oddName)],
		};
	}
}

/** No catalog entry can name it, so that it must not keep the others from being synced. */
function oddName({ name }: InstalledFile): string {
	return `${cleanText(name, 100)}: its name has control characters or is too long; rename it to use it.`;
}

function installed(file: ScannedFile): InstalledFile {
	const { name, kind, bytes, detection, problem, parts } = file;
	const usable = problem === null || HARMLESS.includes(problem.code);
	return { name, kind, bytes, detection, problem: problem?.message ?? null, usable, parts };
}
