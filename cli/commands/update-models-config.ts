/** `update-models-config`: brings a catalog in line with the installed models, or prints what that would change. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { FolderInventory } from '../../adapters/files/folder-inventory';
import { SyncedCatalogFile } from '../../adapters/files/synced-catalog';
import { describePlan } from '../../lib/catalog-sync';
import type { InventoryPort } from '../../lib/ports';
import { ServerInventory } from '../../service/server-inventory';
import { syncModels, type SyncResult } from '../../service/sync-models';
import type { Command, OptionValues } from '../command';
import { EXIT, type Io } from '../io';
import { clientsOf } from '../servers';
import { UsageError } from '../usage-error';
import { required, text } from '../values';

const NAME = 'update-models-config';

const HELP = `Usage: comfyui-router update-models-config --catalog F (--models-dir D | --server URL) [--write]

Finds out which models are installed and compares them with the catalog. Adds entries for new
files, disables entries whose files are gone, enables those again that come back. What a person
wrote is never touched: names, qualities, order, formatting and comments stay as they are.

  --catalog F            models_config.json
  --models-dir D         ComfyUI's models folder: reads the headers of .safetensors and .gguf
                         files, never the weights. Pickles (.ckpt, .pt) are never opened
  --extra-model-paths F  an extra_model_paths.yaml (default: the one in or beside D)
  --server URL           a ComfyUI server instead: names, sizes and metadata, no headers. A bearer
                         token comes from the variable COMFYUI_TOKEN
  --write                change the catalog; the version before is kept as F.bak
  --json                 the changes as JSON

Exit code: 0 nothing to change, or written; 2 something would change; 1 failed; 64 bad input.

Examples:
  comfyui-router update-models-config --catalog models_config.json --models-dir ~/ComfyUI/models
  comfyui-router update-models-config --catalog models_config.json --server http://10.0.0.5:8188 --write
`;

export const updateModelsConfig: Command = {
	name: NAME,
	summary: 'bring the catalog in line with the models that are installed',
	help: HELP,
	options: {
		catalog: { type: 'string' },
		'models-dir': { type: 'string' },
		'extra-model-paths': { type: 'string' },
		server: { type: 'string' },
		write: { type: 'boolean' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const file = required(values, 'catalog', 'the models_config.json to update', NAME);
	const { inventory, close } = inventoryOf(values, io);
	const write = values['write'] === true;
	try {
		const shipped = JSON.parse(await readFile(shippedCatalog(), 'utf8')) as unknown;
		const catalog = new SyncedCatalogFile(file);
		const result = await syncModels({ catalog, inventory, shipped, write, signal: io.signal });
		io.out(values['json'] === true ? asJson(result) : asText(result, file));
		return result.written || result.plan.changes.length === 0 ? EXIT.done : EXIT.unserved;
	} finally {
		close();
	}
}

function inventoryOf(
	values: OptionValues,
	io: Io,
): { inventory: InventoryPort; close: () => void } {
	const folder = text(values, 'models-dir');
	const server = text(values, 'server');
	if ((folder === undefined) === (server === undefined)) {
		throw new UsageError('Give either --models-dir D or --server URL.', NAME);
	}
	if (folder !== undefined) {
		const extraPathsFile = text(values, 'extra-model-paths');
		return { inventory: new FolderInventory(folder, { extraPathsFile }), close: () => undefined };
	}
	const [client] = clientsOf([server!], null, io, NAME);
	return { inventory: new ServerInventory(client!), close: () => client!.close() };
}

/** In the package's own folder: two levels up from source, three from dist. */
function shippedCatalog(): string {
	const built = path.basename(path.join(__dirname, '../..')) === 'dist';
	return path.join(__dirname, built ? '../../..' : '../..', 'models_config.json');
}

function asJson(result: SyncResult): string {
	const { plan, written, backup } = result;
	return `${JSON.stringify({ changes: plan.changes, notes: plan.notes, written, backup }, null, 2)}\n`;
}

function asText(result: SyncResult, file: string): string {
	const count = result.plan.changes.length;
	const changes = `${count} change${count === 1 ? '' : 's'}`;
	const body = describePlan(result.plan);
	if (count === 0) return `${body}${file} is up to date.\n`;
	if (!result.written) return `${body}${changes}; nothing was written. Add --write to make them.\n`;
	return `${body}${changes} written to ${file}; the version before is ${result.backup}.\n`;
}
