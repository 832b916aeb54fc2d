/** Sync: brings the catalog in line with the installed models, or says what that would change. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { FolderInventory } from '../../../adapters/files/folder-inventory';
import { describePlan, type SyncChange } from '../../../lib/catalog-sync';
import { RouterError } from '../../../lib/errors';
import type { InventoryPort } from '../../../lib/ports';
import { FleetInventory } from '../../../service/fleet-inventory';
import { ServerInventory } from '../../../service/server-inventory';
import { syncModels, type SyncResult } from '../../../service/sync-models';
import { openCatalog, type OpenCatalog } from '../catalog-port';
import { withServers } from '../servers';
import { shippedCatalog } from '../shipped-catalog';

export async function syncOn(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<IDataObject[]> {
	const write = context.getNodeParameter('write', itemIndex, false) as boolean;
	const { createMissing = false } = context.getNodeParameter('options', itemIndex, {}) as {
		createMissing?: boolean;
	};
	const catalog = await openCatalog(context, itemIndex, { createMissing: write && createMissing });
	const result = await withInventory(context, itemIndex, async (inventory) =>
		syncModels({
			catalog: catalog.port,
			inventory,
			shipped: await shippedCatalog(),
			write,
			signal: context.getExecutionCancelSignal?.(),
		}),
	);
	return [report(catalog, result)];
}

async function withInventory<T>(
	context: IExecuteFunctions,
	itemIndex: number,
	work: (inventory: InventoryPort) => Promise<T>,
): Promise<T> {
	if (context.getNodeParameter('inventory', itemIndex, 'servers') === 'folder') {
		return await work(folderInventory(context, itemIndex));
	}
	return await withServers(context, itemIndex, (servers) =>
		work(
			new FleetInventory(
				servers.map((server) => ({ name: server.name, inventory: new ServerInventory(server) })),
			),
		),
	);
}

function folderInventory(context: IExecuteFunctions, itemIndex: number): InventoryPort {
	const folder = (context.getNodeParameter('modelsFolder', itemIndex, '') as string).trim();
	const { extraModelPaths } = context.getNodeParameter('options', itemIndex, {}) as {
		extraModelPaths?: string;
	};
	if (folder !== '') {
		return new FolderInventory(folder, { extraPathsFile: extraModelPaths?.trim() || undefined });
	}
	throw new RouterError({
		code: 'OPTIONS_INVALID',
		message: 'Models Folder is empty.',
		hint: "Give the path of ComfyUI's models folder as this machine sees it.",
	});
}

function report({ where, edited }: OpenCatalog, result: SyncResult): IDataObject {
	const { plan, written, backup, catalog } = result;
	const counts = {
		added: countOf(plan.changes, 'add'),
		disabled: countOf(plan.changes, 'disable'),
		enabled: countOf(plan.changes, 'enable'),
		updated: countOf(plan.changes, 'update'),
		notes: plan.notes.length,
		models: catalog.models.length,
	};
	return {
		operation: 'sync',
		catalog: where,
		changed: plan.changes.length > 0,
		written,
		backup,
		counts,
		summary: summaryOf(counts, written),
		difference: describePlan(plan),
		changes: plan.changes as unknown as IDataObject[],
		notes: plan.notes,
		...(edited ? { updated_catalog: edited() as IDataObject } : {}),
	};
}

function countOf(changes: readonly SyncChange[], kind: SyncChange['kind']): number {
	return changes.filter((change) => change.kind === kind).length;
}

function summaryOf(
	{ added, disabled, enabled, updated }: Record<string, number>,
	written: boolean,
): string {
	const parts = Object.entries({ added, disabled, 'enabled again': enabled, updated })
		.filter(([, count]) => Number(count) > 0)
		.map(([what, count]) => `${count} ${what}`);
	if (parts.length === 0) return 'The catalog agrees with the installed models.';
	return `${parts.join(', ')}; ${written ? 'written' : 'nothing was written'}.`;
}
