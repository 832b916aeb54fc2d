/** Log Usage's run: all items in one write. Each item has its own result; one that is wrong keeps no other from the log. */
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { ComfyUiClient } from '../../adapters/comfyui';
import { systemClock } from '../../adapters/system-clock';
import { RouterError } from '../../lib/errors';
import { logUsage, type LogUsageInput, type LogUsageResult } from '../../service/log-usage';
import { settlingStore } from '../../service/settling-store';
import { comfyUiClients } from '../shared/comfyui-servers';
import { failedItem } from '../shared/failed-item';
import { jobIdPrefix } from '../shared/job-id';
import { knowledgeOf } from '../shared/knowledge';
import { toNodeError } from '../shared/to-node-error';
import { usageStore } from '../shared/usage-store';
import { executeFeedback, type FeedbackOperation } from './feedback';
import { readUsage } from './read-usage';

const MS_PER_SECOND = 1000;

/** What became of one item before and in the write. */
type Outcome = { result: LogUsageResult } | { error: unknown };

/** Clients of the ComfyUI credential, where the times come from there. */
async function serversOf(context: IExecuteFunctions): Promise<ComfyUiClient[]> {
	if (context.getNodeParameter('timing', 0) !== 'comfyui') return [];
	return comfyUiClients(await context.getCredentials('comfyUiApi'));
}

async function logAll(
	context: IExecuteFunctions,
	inputs: LogUsageInput[],
): Promise<LogUsageResult[]> {
	const options = context.getNodeParameter('options', 0, {}) as { waitSeconds?: number };
	const store = usageStore(await context.getCredentials('comfyUiRouterPostgresApi'));
	const servers = await serversOf(context);
	try {
		const settling = settlingStore(store, knowledgeOf(store).quota);
		return await logUsage({ store: settling, servers, clock: systemClock }, inputs, {
			waitMs: (options.waitSeconds ?? 0) * MS_PER_SECOND,
			signal: context.getExecutionCancelSignal?.(),
		});
	} finally {
		for (const server of servers) server.close();
	}
}

/** Inputs of all items that could be read; the others' outcomes are their errors. */
async function outcomesOf(context: IExecuteFunctions, count: number): Promise<Outcome[]> {
	const jobIds = jobIdPrefix(context);
	const outcomes: (Outcome | null)[] = new Array(count).fill(null);
	const inputs: LogUsageInput[] = [];
	for (let itemIndex = 0; itemIndex < count; itemIndex += 1) {
		try {
			inputs.push(readUsage(context, itemIndex, `${jobIds}${itemIndex}`));
		} catch (error) {
			outcomes[itemIndex] = { error };
		}
	}
	const results = await logAll(context, inputs);
	let next = 0;
	return outcomes.map((outcome) => outcome ?? { result: results[next++] as LogUsageResult });
}

function loggedItem(
	item: INodeExecutionData,
	itemIndex: number,
	result: LogUsageResult & { logged: true },
): INodeExecutionData {
	const { row, receipt, note } = result;
	const usage = { ...row, inserted: receipt.inserted, ...(note ? { note } : {}) };
	return {
		json: { ...item.json, usage: usage as unknown as IDataObject },
		...(item.binary ? { binary: item.binary } : {}),
		pairedItem: { item: itemIndex },
	};
}

function errorOf(outcome: Outcome): unknown {
	if ('error' in outcome) return outcome.error;
	return outcome.result.logged ? null : outcome.result.error;
}

/** The same code, and that the rest is safe: whoever reads it need not fear to run the node again. */
function afterOthers(error: unknown, loggedCount: number): unknown {
	if (!(error instanceof RouterError) || loggedCount === 0) return error;
	return new RouterError({
		code: error.code,
		message: error.message,
		hint: `${error.hint} The other ${loggedCount} items are logged; running again does not log them twice.`,
		problems: error.problems,
	});
}

async function allOutcomes(
	context: IExecuteFunctions,
	items: INodeExecutionData[],
): Promise<Outcome[]> {
	try {
		return await outcomesOf(context, items.length);
	} catch (error) {
		if (!context.continueOnFail()) throw toNodeError(context.getNode(), error);
		return items.map(() => ({ error }));
	}
}

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const operation = context.getNodeParameter('operation', 0, 'log') as 'log' | FeedbackOperation;
	if (operation !== 'log') return await executeFeedback(context, operation);
	const items = context.getInputData();
	const outcomes = await allOutcomes(context, items);
	const loggedCount = outcomes.filter((outcome) => errorOf(outcome) === null).length;
	const output = items.map((item, itemIndex): INodeExecutionData => {
		const outcome = outcomes[itemIndex] as Outcome;
		if ('result' in outcome && outcome.result.logged) {
			return loggedItem(item, itemIndex, outcome.result);
		}
		const error = errorOf(outcome);
		if (context.continueOnFail()) return failedItem(context, item, itemIndex, error);
		throw toNodeError(context.getNode(), afterOthers(error, loggedCount), itemIndex);
	});
	return [output];
}
