/** List: the catalog's models, where they are installed, and where their figures are from. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { systemClock } from '../../../adapters/system-clock';
import { listModels } from '../../../lib/model-list/describe';
import { readFleet } from '../../../service/fleet';
import { readCatalog } from '../../shared/catalog-source';
import { warn, withServers } from '../servers';

const MS_PER_SECOND = 1000;

export async function listOn(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<IDataObject[]> {
	const catalog = await readCatalog(context, (name) => context.getNodeParameter(name, itemIndex));
	const {
		enabledOnly,
		installedOnly,
		timeoutSeconds = 20,
	} = context.getNodeParameter('options', itemIndex, {}) as {
		enabledOnly?: boolean;
		installedOnly?: boolean;
		timeoutSeconds?: number;
	};
	const signal = context.getExecutionCancelSignal?.();
	return await withServers(context, itemIndex, async (servers) => {
		const timeoutMs = timeoutSeconds * MS_PER_SECOND;
		const fleet = await readFleet({ catalog, servers, clock: systemClock, timeoutMs, signal });
		for (const server of fleet.servers.filter(({ reachable }) => !reachable)) {
			warn(context, `${server.name}: ${server.error ?? 'The server did not answer.'}`);
		}
		return listModels(catalog, fleet)
			.filter((model) => !enabledOnly || model.enabled)
			.filter((model) => !installedOnly || model.installed_on.length > 0)
			.map((model) => model as unknown as IDataObject);
	});
}
