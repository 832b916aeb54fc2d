/** A generator for one run of the node: catalog, servers and log from its parameters and credentials. */
import type { IExecuteFunctions } from 'n8n-workflow';

import { systemClock } from '../../adapters/system-clock';
import { systemRandom } from '../../adapters/system-random';
import { parseCatalog } from '../../lib/catalog/parse';
import type { Catalog } from '../../lib/catalog/schema';
import type { PostgresStore } from '../../adapters/postgres/store';
import { createGenerator, type Generator } from '../../service/generate';
import type { ComfyUiClient } from '../../adapters/comfyui';
import { readCatalog } from '../shared/catalog-source';
import { knowledgeOf } from '../shared/knowledge';
import { sharedComfyUiClients } from '../shared/shared-clients';
import { POSTGRES_CREDENTIAL, reservationsFor } from '../shared/reservations';
import { usageStore } from '../shared/usage-store';
import { readOptions } from './read-options';
import { workflowReader } from './workflow-files';

/** Executions often follow each other; a new socket for each would cost as much as its submission. */
const KEEP_OPEN_MS = 3_000;

export interface OpenGenerator {
	generator: Generator;
	catalog: Catalog;
	servers: ComfyUiClient[];
	/** What a person should know of how far its reservations reach, and of quotas that are not checked. */
	notices(): string[];
	/** null: no credential for it. */
	store: PostgresStore | null;
}

/** @throws RouterError CATALOG_INVALID, OPTIONS_INVALID, FILE_*, POSTGRES_* */
export async function openGenerator(
	context: IExecuteFunctions,
	operation: string,
): Promise<OpenGenerator> {
	const { timeoutSeconds } = readOptions(context);
	const [catalog, credential, store, reservations] = await Promise.all([
		catalogFor(context, operation),
		context.getCredentials('comfyUiApi'),
		storeOf(context),
		reservationsFor(context),
	]);
	const servers = sharedComfyUiClients(credential, timeoutSeconds);
	const knowledge = store && knowledgeOf(store);
	const unchecked: string[] = [];
	const generator = createGenerator({
		catalog,
		servers,
		clock: systemClock,
		random: systemRandom,
		store,
		reservations: reservations.port,
		prompts: store,
		quota: knowledge?.quota,
		onQuotasAway: ({ message }) => unchecked.push(`Quotas are not checked: ${message}`),
		feedback: await knowledge?.feedback(catalog),
		readWorkflow: workflowReader(context),
		keepOpenMs: KEEP_OPEN_MS,
		workflowId: context.getWorkflow().id ?? null,
		executionId: context.getExecutionId(),
	});
	const notices = (): string[] => {
		const notice = reservations.notice();
		return notice === null ? unchecked : [notice, ...unchecked];
	};
	return { generator, catalog, servers, store, notices };
}

/** A run that is picked up again is decided already. */
async function catalogFor(context: IExecuteFunctions, operation: string): Promise<Catalog> {
	if (operation === 'resume') return parseCatalog({ version: 1, models: [] });
	return await readCatalog(context, (name) => context.getNodeParameter(name, 0));
}

/** The credential is optional: without it nothing is logged. */
async function storeOf(context: IExecuteFunctions): Promise<PostgresStore | null> {
	if (context.getNode().credentials?.[POSTGRES_CREDENTIAL] === undefined) return null;
	return usageStore(await context.getCredentials(POSTGRES_CREDENTIAL));
}
