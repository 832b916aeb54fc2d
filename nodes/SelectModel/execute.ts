/** Select Model's run: one fleet and one catalog for all items, each item decided after the ones before it. */
import { randomInt } from 'node:crypto';

import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { systemClock } from '../../adapters/system-clock';
import type { Catalog } from '../../lib/catalog/schema';
import { afterSelection } from '../../lib/fleet/after-selection';
import type { FleetSnapshot } from '../../lib/fleet/types';
import { ModelRouter } from '../../lib/router/model-router';
import type {
	FeedbackEntry,
	QuotaState,
	SelectedDecision,
	Selection,
	SelectOptions,
} from '../../lib/selection/types';
import { applySelection } from '../../lib/workflow/apply-selection';
import type { ApiGraph } from '../../lib/workflow/graph';
import { withServerFileNames } from '../../lib/workflow/server-file-names';
import { unfitModels } from '../../lib/workflow/unfit-models';
import { readFleet } from '../../service/fleet';
import { QuotaDesk } from '../../service/quota-desk';
import {
	DEFAULT_LEASE_SECONDS,
	type Outcome,
	type QuotaJob,
	selectAndReserveWithinQuota,
} from '../../service/select-and-reserve';
import { showCatalogAdvice } from '../shared/catalog-advice';
import { readCatalog } from '../shared/catalog-source';
import { comfyUiClients } from '../shared/comfyui-servers';
import { listOf } from '../shared/fields';
import { failedItem } from '../shared/failed-item';
import { jobIdPrefix } from '../shared/job-id';
import { knowledgeOf } from '../shared/knowledge';
import { readGraph } from '../shared/read-graph';
import { type RawRequest, readRequest } from '../shared/read-request';
import {
	POSTGRES_CREDENTIAL as POSTGRES,
	type NodeReservations,
	reservationsFor,
} from '../shared/reservations';
import { toNodeError } from '../shared/to-node-error';
import { usageStore } from '../shared/usage-store';
import { emptyOutputs, outputOf, readBranches, SELECTED } from './branches';

/** Items decided in one step, between two turns of n8n's event loop: a long run neither freezes the editor nor keeps others from deciding. */
const ITEMS_PER_TURN = 50;
const MS_PER_SECOND = 1000;
const RANDOM_STEPS = 2 ** 32;
/** A server that does not answer must not use up an urgent job's time. */
const DEFAULT_TIMEOUT_SECONDS = 5;

interface Deciding {
	catalog: Catalog;
	router: ModelRouter;
	fleet: FleetSnapshot;
	readBeganMs: number;
	jobIds: string;
	reservations: NodeReservations;
	leaseSeconds: number;
	/** null: no credential for a database. */
	desk: QuotaDesk | null;
	feedback: FeedbackEntry[] | undefined;
	/** Why quotas could not be looked up. */
	warnings: string[];
}

interface Decided {
	selection: Selection;
	workflow: IDataObject | undefined;
}

/** Quotas and opinions, where the node has a database. */
async function knowledge(
	context: IExecuteFunctions,
	catalog: Catalog,
): Promise<Pick<Deciding, 'desk' | 'feedback' | 'warnings'>> {
	const warnings: string[] = [];
	if (context.getNode().credentials?.[POSTGRES] === undefined) {
		return { desk: null, feedback: undefined, warnings };
	}
	const { quota, feedback } = knowledgeOf(usageStore(await context.getCredentials(POSTGRES)));
	const desk = new QuotaDesk(quota, ({ message }) => {
		warnings.push(`Quotas are not checked: ${message}`);
	});
	return { desk, feedback: await feedback(catalog), warnings };
}

async function prepare(context: IExecuteFunctions): Promise<Deciding> {
	const catalog = await readCatalog(context, (name) => context.getNodeParameter(name, 0));
	const options = context.getNodeParameter('options', 0, {}) as {
		timeoutSeconds?: number;
		reserveSeconds?: number;
	};
	const { timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = options;
	// somebody who tries a workflow out by hand wants to see the servers as they are
	const leaseSeconds =
		options.reserveSeconds ?? (context.getMode() === 'manual' ? 0 : DEFAULT_LEASE_SECONDS);
	const reservations = await reservationsFor(context);
	const readBeganMs = systemClock.nowMs();
	const servers = comfyUiClients(await context.getCredentials('comfyUiApi'), timeoutSeconds);
	try {
		const fleet = await readFleet({
			catalog,
			servers,
			clock: systemClock,
			timeoutMs: timeoutSeconds * MS_PER_SECOND,
			signal: context.getExecutionCancelSignal?.(),
		});
		const known = await knowledge(context, catalog);
		const router = new ModelRouter(catalog);
		const reading = { fleet, readBeganMs, reservations, leaseSeconds };
		return { catalog, router, ...reading, jobIds: jobIdPrefix(context), ...known };
	} finally {
		for (const server of servers) server.close();
	}
}

/** A seed that a JavaScript number holds exactly. */
function drawSeed(): number {
	return randomInt(2 ** 47);
}

/** Leaves out models that the graph cannot load. A pinned one stays: filling in then says why it does not fit. */
function forGraph(request: RawRequest, graph: ApiGraph, catalog: Catalog): RawRequest {
	const unfit = request.model_name ? [] : unfitModels(graph, catalog);
	if (unfit.length === 0) return request;
	return { ...request, exclude_models: [...listOf(request.exclude_models), ...unfit] };
}

function filledIn(graph: ApiGraph, selection: SelectedDecision, fleet: FleetSnapshot): IDataObject {
	const seed = selection.parameters.seed ?? drawSeed();
	const applied = applySelection(graph, selection, { seed });
	const server = fleet.servers.find(({ name }) => name === selection.server);
	const named = withServerFileNames(applied.graph, server?.installed_files ?? null);
	return named as unknown as IDataObject;
}

interface Wanted {
	request: RawRequest;
	graph: ApiGraph | undefined;
	exploration: SelectOptions['exploration'];
}

/** What an item asks for, or why that cannot be read. */
function wantedOf(
	context: IExecuteFunctions,
	itemIndex: number,
	{ jobIds, catalog }: Deciding,
): Wanted | { error: unknown } {
	try {
		const wanted = readRequest(context, itemIndex, `${jobIds}${itemIndex}`);
		const graph = readGraph(context, itemIndex);
		const request = graph ? forGraph(wanted, graph, catalog) : wanted;
		return { request, graph, exploration: explorationOf(context, itemIndex) };
	} catch (error) {
		return { error };
	}
}

function explorationOf(
	context: IExecuteFunctions,
	itemIndex: number,
): SelectOptions['exploration'] {
	const { exploreShare = 0 } = context.getNodeParameter('options', itemIndex, {}) as {
		exploreShare?: number;
	};
	if (exploreShare <= 0) return undefined;
	return { share: exploreShare, random: randomInt(RANDOM_STEPS) / RANDOM_STEPS };
}

function decide(
	{ request, graph, exploration }: Wanted,
	fleet: FleetSnapshot,
	{ router, feedback }: Deciding,
	quotas?: QuotaState[],
): Decided {
	const nowMs = systemClock.nowMs();
	const selection = router.select(request, fleet, { nowMs, feedback, exploration, quotas });
	if (selection.decision !== 'selected') return { selection, workflow: undefined };
	return {
		selection,
		workflow: graph === undefined ? undefined : filledIn(graph, selection, fleet),
	};
}

function quotaJobOf({ request }: Wanted): QuotaJob {
	const { job_id: jobId, user_id: userId } = request;
	return {
		jobId: typeof jobId === 'string' ? jobId : null,
		userId: typeof userId === 'string' ? userId : null,
	};
}

/** Some items in one step, each seeing the ones before it and what others have reserved. */
async function decideSome(
	context: IExecuteFunctions,
	itemIndexes: readonly number[],
	deciding: Deciding,
): Promise<Outcome<Decided>[]> {
	const all = itemIndexes.map((itemIndex) => wantedOf(context, itemIndex, deciding));
	const wanted = all.filter((one): one is Wanted => 'request' in one);
	const decided = await selectAndReserveWithinQuota(
		{ ...deciding, port: deciding.reservations.port, clock: systemClock },
		deciding.desk,
		wanted.map(quotaJobOf),
		(index, fleet, quotas) => decide(wanted[index] as Wanted, fleet, deciding, quotas),
	);
	if (deciding.leaseSeconds === 0) deciding.fleet = afterAll(deciding.fleet, decided);
	let next = 0;
	return all.map((one) => ('request' in one ? (decided[next++] as Outcome<Decided>) : one));
}

/** What is not reserved is known to this run alone. */
function afterAll(fleet: FleetSnapshot, outcomes: readonly Outcome<Decided>[]): FleetSnapshot {
	return outcomes.reduce(
		(now, outcome) => ('decided' in outcome ? afterSelection(now, outcome.decided.selection) : now),
		fleet,
	);
}

function decidedItem(
	item: INodeExecutionData,
	itemIndex: number,
	{ selection, workflow }: Decided,
): INodeExecutionData {
	return {
		json: {
			...item.json,
			model_name: selection.decision === 'selected' ? selection.model_name : null,
			selection_reason: selection.selection_reason,
			selection: selection as unknown as IDataObject,
			...(workflow ? { workflow } : {}),
		},
		...(item.binary ? { binary: item.binary } : {}),
		pairedItem: { item: itemIndex },
	};
}

/** What could not be prepared fails every item alike. */
async function prepareOrFail(
	context: IExecuteFunctions,
	items: INodeExecutionData[],
): Promise<Deciding | INodeExecutionData[]> {
	try {
		return await prepare(context);
	} catch (error) {
		if (!context.continueOnFail()) throw toNodeError(context.getNode(), error);
		return items.map((item, itemIndex) => failedItem(context, item, itemIndex, error));
	}
}

function isTool(context: IExecuteFunctions): boolean {
	// older versions of n8n do not have the method
	return context.isToolExecution?.() === true;
}

/** What a person looking at the run should notice; older versions of n8n do not have the method. */
async function showHints(
	context: IExecuteFunctions,
	deciding: Deciding,
	selections: Selection[],
): Promise<void> {
	const warnings = deciding.fleet.servers
		.filter((server) => !server.reachable)
		.map((server) => `${server.name}: ${server.error ?? 'The server did not answer.'}`);
	const notice = deciding.reservations.notice();
	warnings.push(...deciding.warnings, ...(notice === null ? [] : [notice]));
	const rejected = selections.filter(({ decision }) => decision === 'rejected');
	const [first] = rejected;
	if (first) warnings.push(`Rejected: ${rejected.length}. First reason: ${first.selection_reason}`);
	for (const message of warnings) {
		context.addExecutionHints?.({ message, type: 'warning', location: 'outputPane' });
	}
	const chosen = selections.filter((selection) => selection.decision === 'selected');
	await showCatalogAdvice(context, deciding.catalog, deciding.fleet.servers, chosen);
}

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = context.getInputData();
	const deciding = await prepareOrFail(context, items);
	if (Array.isArray(deciding)) return [deciding, []];
	// an agent's tool has one output: what was rejected is an answer, too
	const branches = isTool(context) ? null : readBranches(context);
	const outputs = emptyOutputs<INodeExecutionData>(branches ?? []);
	const selections: Selection[] = [];
	const put = (output: number, item: INodeExecutionData) =>
		outputs[branches === null ? SELECTED : output]?.push(item);
	for (let first = 0; first < items.length; first += ITEMS_PER_TURN) {
		if (first > 0) await systemClock.sleep(0);
		const some = items.slice(first, first + ITEMS_PER_TURN);
		const indexes = some.map((_item, index) => first + index);
		const outcomes = await decideSome(context, indexes, deciding);
		for (const [index, outcome] of outcomes.entries()) {
			const itemIndex = first + index;
			const item = items[itemIndex] as INodeExecutionData;
			if ('error' in outcome) {
				const { error } = outcome;
				if (!context.continueOnFail()) throw toNodeError(context.getNode(), error, itemIndex);
				put(SELECTED, failedItem(context, item, itemIndex, error));
				continue;
			}
			const { selection } = outcome.decided;
			selections.push(selection);
			const output = outputOf(selection, branches ?? [], deciding.catalog);
			put(output, decidedItem(item, itemIndex, outcome.decided));
		}
	}
	await showHints(context, deciding, selections);
	return branches === null ? outputs.slice(0, 1) : outputs;
}
