/** Tend Servers: loads what is pinned or expected, unloads what nobody uses. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { PostgresPastDemand } from '../../../adapters/postgres/past-demand';
import { systemClock } from '../../../adapters/system-clock';
import { systemRandom } from '../../../adapters/system-random';
import { tendServers } from '../../../service/tend-servers';
import { readCatalog } from '../../shared/catalog-source';
import { comfyUiClients } from '../../shared/comfyui-servers';
import { reservationsFor } from '../../shared/reservations';
import { hasPostgres, postgresOf } from '../postgres';

const SECONDS_PER_MINUTE = 60;

export async function tendOn(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<IDataObject[]> {
	const options = context.getNodeParameter('options', itemIndex, {}) as {
		dryRun?: boolean;
		lookAheadMinutes?: number;
	};
	const catalog = await readCatalog(context, (name) => context.getNodeParameter(name, itemIndex));
	const servers = comfyUiClients(await context.getCredentials('comfyUiApi', itemIndex));
	try {
		const { port } = await reservationsFor(context);
		const results = await tendServers({
			servers,
			catalog,
			clock: systemClock,
			random: systemRandom,
			history: await historyOf(context, itemIndex),
			reservations: port,
			horizonSeconds: (options.lookAheadMinutes ?? 30) * SECONDS_PER_MINUTE,
			dryRun: options.dryRun,
			signal: context.getExecutionCancelSignal?.(),
		});
		return results.map(({ modelName, ...rest }: IDataObject & { modelName?: string }) => ({
			...rest,
			model_name: modelName ?? null,
		}));
	} finally {
		for (const server of servers) server.close();
	}
}

/** Without a log nothing is expected: then only pinned and idle models are looked after. */
async function historyOf(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<PostgresPastDemand | null> {
	if (!hasPostgres(context)) return null;
	const store = await postgresOf(context, itemIndex);
	await store.migrate();
	return new PostgresPastDemand(store.pool);
}
