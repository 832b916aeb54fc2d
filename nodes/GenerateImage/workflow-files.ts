/** Workflow files that a catalog names for its models. Relative ones lie beside the catalog. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import type { IExecuteFunctions } from 'n8n-workflow';

import { RouterError } from '../../lib/errors';
import { managedCatalog } from '../shared/catalog-source';
import { requireAllowedPath } from '../shared/file-access';

export function workflowReader(context: IExecuteFunctions): (file: string) => Promise<unknown> {
	return async (file) => {
		const folder = await folderOf(context);
		if (folder === null) throw withoutFolder(file);
		const path = resolve(folder, file);
		if (isNamedByWorkflow(context)) await requireAllowedPath(path);
		try {
			return await readFile(path, 'utf8');
		} catch (error) {
			throw unreadable(path, error as NodeJS.ErrnoException);
		}
	};
}

/** The managed copy is n8n's own file: who may edit it may name any other. */
function isNamedByWorkflow(context: IExecuteFunctions): boolean {
	return context.getNodeParameter('catalogSource', 0, 'managed') === 'file';
}

/** null: the catalog is no file. */
async function folderOf(context: IExecuteFunctions): Promise<string | null> {
	switch (context.getNodeParameter('catalogSource', 0, 'managed')) {
		case 'file':
			return dirname(resolve(String(context.getNodeParameter('catalogPath', 0, '')).trim()));
		case 'managed':
			return dirname((await managedCatalog()).path);
		default:
			return null;
	}
}

function withoutFolder(file: string): RouterError {
	return new RouterError({
		code: 'FILE_UNREADABLE',
		message: `The catalog names the workflow file "${file}", but is no file itself.`,
		hint: 'Keep the catalog in a file beside the workflow, or set ComfyUI Workflow to your own.',
	});
}

function unreadable(path: string, { code }: NodeJS.ErrnoException): RouterError {
	return new RouterError({
		code: code === 'ENOENT' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
		message: `The workflow file ${path} cannot be read.`,
		hint: 'A relative path starts at the folder of the catalog.',
	});
}
