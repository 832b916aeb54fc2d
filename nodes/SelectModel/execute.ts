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
} from '../../lib/selection/types';
import { applySelection } from '../../lib/workflow/apply-selection';
import type { ApiGraph } from '../../lib/workflow/graph';
import { withServerFileNames } from '../../lib/workflow/server-file-names';
import { unfitModels } from '../../lib/workflow/unfit-models';
import { readFleet } from '../../service/fleet';
import { QuotaDesk, selectWithinQuota } from '../../service/quota-desk';
import { showCatalogAdvice } from '../shared/catalog-advice';
import { readCatalog } from '../shared/catalog-source';
import { comfyUiClients } from '../shared/comfyui-servers';
import { listOf } from '../shared/fields';
import { failedItem } from '../shared/failed-item';
import { jobIdPrefix } from '../shared/job-id';
import { knowledgeOf } from '../shared/knowledge';
import { readGraph } from '../shared/read-graph';
import { type RawRequest, readRequest } from '../shared/read-request';
import { toNodeError } from '../shared/to-node-error';
import { usageStore } from '../shared/usage-store';

/** Items decided between two turns of n8n's event loop, so that a long run does not freeze the editor. */
const ITEMS_PER_TURN = 50;
const MS_PER_SECOND = 1000;
const RANDOM_STEPS = 2 ** 32;
const POSTGRES = 'comfyUiRouterPostgresApi';
/** A server that does not answer must not use up an urgent job's time. */
const DEFAULT_TIMEOUT_SECONDS = 5;

interface Deciding {
	catalog: Catalog;
	router: ModelRouter;
	fleet: FleetSnapshot;
	jobIds: string;
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
	const { timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = context.getNodeParameter(
		'options',
		0,
		{},
	) as {
		timeoutSeconds?: number;
	};
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
		return { catalog, router, fleet, jobIds: jobIdPrefix(context), ...known };
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

async function decide(
	context: IExecuteFunctions,
	itemIndex: number,
	deciding: Deciding,
): Promise<Decided> {
	const wanted = readRequest(context, itemIndex, `${deciding.jobIds}${itemIndex}`);
	const graph = readGraph(context, itemIndex);
	const request = graph ? forGraph(wanted, graph, deciding.catalog) : wanted;
	const selection = await selectFor(context, itemIndex, deciding, request);
	if (selection.decision !== 'selected') return { selection, workflow: undefined };
	let isDecided = false;
	try {
		const workflow = graph === undefined ? undefined : filledIn(graph, selection, deciding.fleet);
		// only now: an item that fails leaves no job behind that later items would wait for
		deciding.fleet = afterSelection(deciding.fleet, selection);
		isDecided = true;
		return { selection, workflow };
	} finally {
		if (!isDecided && selection.job_id !== null) await deciding.desk?.release(selection.job_id);
	}
}

async function selectFor(
	context: IExecuteFunctions,
	itemIndex: number,
	{ router, fleet, feedback, desk }: Deciding,
	request: RawRequest,
): Promise<Selection> {
	const { exploreShare = 0 } = context.getNodeParameter('options', itemIndex, {}) as {
		exploreShare?: number;
	};
	const exploration =
		exploreShare > 0
			? { share: exploreShare, random: randomInt(RANDOM_STEPS) / RANDOM_STEPS }
			: undefined;
	const decideWith = (quotas?: QuotaState[]): Selection =>
		router.select(request, fleet, { nowMs: systemClock.nowMs(), feedback, exploration, quotas });
	if (desk === null) return decideWith();
	const { job_id: jobId, user_id: userId } = request;
	return await selectWithinQuota(desk, {
		userId: typeof userId === 'string' ? userId : null,
		jobId: typeof jobId === 'string' ? jobId : null,
		decide: decideWith,
	});
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

/** An agent's tool has one output: what was rejected is an answer, too. */
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
	warnings.push(...deciding.warnings);
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
	const selected: INodeExecutionData[] = [];
	const selections: Selection[] = [];
	const rejected = isTool(context) ? selected : [];
	for (const [itemIndex, item] of items.entries()) {
		if (itemIndex % ITEMS_PER_TURN === ITEMS_PER_TURN - 1) await systemClock.sleep(0);
		try {
			const decided = await decide(context, itemIndex, deciding);
			const isRejected = decided.selection.decision === 'rejected';
			selections.push(decided.selection);
			const output = isRejected ? rejected : selected;
			output.push(decidedItem(item, itemIndex, decided));
		} catch (error) {
			if (!context.continueOnFail()) throw toNodeError(context.getNode(), error, itemIndex);
			selected.push(failedItem(context, item, itemIndex, error));
		}
	}
	await showHints(context, deciding, selections);
	return isTool(context) ? [selected] : [selected, rejected];
}
