/** Tend Servers: loads what is pinned or expected, unloads what nobody uses. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { PostgresPastDemand } from '../../../adapters/postgres/past-demand';
import { systemClock } from '../../../adapters/system-clock';
import { systemRandom } from '../../../adapters/system-random';
import type { Catalog } from '../../../lib/catalog/schema';
import { tendServers, type TendOptions } from '../../../service/tend-servers';
import { readCatalog } from '../../shared/catalog-source';
import { comfyUiClients } from '../../shared/comfyui-servers';
import { knowledgeOf } from '../../shared/knowledge';
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
			...(await knownOf(context, itemIndex, catalog)),
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
async function knownOf(
	context: IExecuteFunctions,
	itemIndex: number,
	catalog: Catalog,
): Promise<Pick<TendOptions, 'history' | 'feedback'>> {
	if (!hasPostgres(context)) return {};
	const store = await postgresOf(context, itemIndex);
	await store.migrate();
	const feedback = await knowledgeOf(store).feedback(catalog);
	return { history: new PostgresPastDemand(store.pool), feedback };
}
