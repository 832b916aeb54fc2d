/** Plan Batch's run: all items are one batch over the fleet as it is now. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { systemClock } from '../../adapters/system-clock';
import type { Catalog } from '../../lib/catalog/schema';
import { RouterError } from '../../lib/errors';
import type { FleetSnapshot } from '../../lib/fleet/types';
import { CostOptimizer } from '../../lib/optimizer/cost-optimizer';
import type { BatchOptions, BatchPlan } from '../../lib/optimizer/types';
import { readFleet } from '../../service/fleet';
import { showCatalogAdvice } from '../shared/catalog-advice';
import { readCatalog } from '../shared/catalog-source';
import { comfyUiClients } from '../shared/comfyui-servers';
import { failedItem } from '../shared/failed-item';
import { toNodeError } from '../shared/to-node-error';
import { plannedItems, refusedItem, summaryItem, unreadableItem } from './output-items';
import { readItems } from './read-items';

const MS_PER_SECOND = 1000;
/** Nobody waits for a batch: a busy server gets more time to answer than in Select Model. */
const DEFAULT_TIMEOUT_SECONDS = 10;

interface Options {
	frontierPoints?: number;
	ifInfeasible?: 'output' | 'stop';
	timeoutSeconds?: number;
}

interface Outputs {
	planned: INodeExecutionData[];
	notPlanned: INodeExecutionData[];
	summary: INodeExecutionData[];
}

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = context.getInputData();
	let outputs: Outputs;
	try {
		outputs = await planAll(context, items);
	} catch (error) {
		// what could not be prepared fails every item alike
		if (!context.continueOnFail()) throw toNodeError(context.getNode(), error);
		const planned = items.map((item, itemIndex) => failedItem(context, item, itemIndex, error));
		outputs = { planned, notPlanned: [], summary: [] };
	}
	const { planned, notPlanned, summary } = outputs;
	// an agent's tool has one output; older versions of n8n do not have the method
	if (context.isToolExecution?.() === true) return [[...planned, ...notPlanned, ...summary]];
	return [planned, notPlanned, summary];
}

async function planAll(context: IExecuteFunctions, items: INodeExecutionData[]): Promise<Outputs> {
	const read = readItems(context);
	const [unreadable] = read.failed;
	if (unreadable && !context.continueOnFail()) {
		throw toNodeError(context.getNode(), unreadable.error, unreadable.itemIndex);
	}
	const options = context.getNodeParameter('options', 0, {}) as Options;
	const { catalog, optimizer, fleet } = await prepare(context, options);
	const batch = batchOptions(context, options);
	const { plan, selections } = optimizer.planSelections(read.requests, fleet, batch);
	stopIfWanted(options, plan);
	const planned = plannedItems(items, read.itemIndices, plan, selections);
	const notPlanned = [
		...read.refused.map(({ itemIndex, error }) => unreadableItem(items, itemIndex, error)),
		...plan.refused.map((job) => refusedItem(items, read.itemIndices[job.index] ?? 0, job)),
	].sort((a, b) => itemOf(a) - itemOf(b));
	for (const { itemIndex, error } of read.failed) {
		planned.push(failedItem(context, items[itemIndex] ?? { json: {} }, itemIndex, error));
	}
	showHints(context, fleet, plan, notPlanned);
	const chosen = selections.map(({ selection }) => selection);
	await showCatalogAdvice(context, catalog, fleet.servers, chosen);
	return { planned, notPlanned, summary: [summaryItem(plan, items.length)] };
}

function itemOf({ pairedItem }: INodeExecutionData): number {
	return (pairedItem as { item: number }).item;
}

async function prepare(
	context: IExecuteFunctions,
	{ timeoutSeconds = DEFAULT_TIMEOUT_SECONDS }: Options,
): Promise<{ catalog: Catalog; optimizer: CostOptimizer; fleet: FleetSnapshot }> {
	const catalog = await readCatalog(context, (name) => context.getNodeParameter(name, 0));
	const servers = comfyUiClients(await context.getCredentials('comfyUiApi'), timeoutSeconds);
	try {
		const fleet = await readFleet({
			catalog,
			servers,
			clock: systemClock,
			timeoutMs: timeoutSeconds * MS_PER_SECOND,
			signal: context.getExecutionCancelSignal?.(),
		});
		return { catalog, optimizer: new CostOptimizer(catalog), fleet };
	} finally {
		for (const server of servers) server.close();
	}
}

function batchOptions(context: IExecuteFunctions, { frontierPoints }: Options): BatchOptions {
	const deadline = numberOf(context, 'batchDeadlineSeconds', 'Deadline (Seconds)');
	const wantsQuality = context.getNodeParameter('goal', 0) === 'best_quality';
	return {
		nowMs: systemClock.nowMs(),
		budget: wantsQuality ? numberOf(context, 'budget', 'Budget') : null,
		deadlineSeconds: deadline === 0 ? null : deadline,
		...(frontierPoints === undefined ? {} : { frontierPoints }),
	};
}

function numberOf(context: IExecuteFunctions, name: string, label: string): number {
	const raw = context.getNodeParameter(name, 0);
	const value = typeof raw === 'number' || (typeof raw === 'string' && raw !== '') ? +raw : NaN;
	if (value >= 0 && value < Infinity) return value;
	throw new RouterError({
		code: 'OPTIONS_INVALID',
		message: `${label} is not a number, 0 or more.`,
		hint: 'It is one for the whole batch: an expression is read for the first item.',
	});
}

function stopIfWanted({ ifInfeasible }: Options, { shortfalls }: BatchPlan): void {
	const [first] = shortfalls;
	if (ifInfeasible !== 'stop' || first === undefined) return;
	throw new RouterError({
		code: 'NOT_SERVED',
		message: first.message,
		hint: 'Allow more, ask for less quality, or set If It Does Not Fit to Go On.',
	});
}

/** What a person looking at the run should notice; older versions of n8n do not have the method. */
function showHints(
	context: IExecuteFunctions,
	fleet: FleetSnapshot,
	plan: BatchPlan,
	notPlanned: readonly INodeExecutionData[],
): void {
	const messages = fleet.servers
		.filter((server) => !server.reachable)
		.map((server) => `${server.name}: ${server.error ?? 'The server did not answer.'}`);
	messages.push(...plan.shortfalls.slice(0, 3).map(({ message }) => message));
	const [first] = notPlanned;
	if (first && plan.shortfalls[0]?.of !== 'budget') {
		const reason = String(first.json.selection_reason);
		messages.push(`Not planned: ${notPlanned.length}. First reason: ${reason}`);
	}
	for (const message of messages) {
		context.addExecutionHints?.({ message, type: 'warning', location: 'outputPane' });
	}
}
