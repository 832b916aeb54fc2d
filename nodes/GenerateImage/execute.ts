/** Generate Image's run: an outcome for every item, none of which costs another its own. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { showCatalogAdvice } from '../shared/catalog-advice';
import { toNodeError } from '../shared/to-node-error';
import { makeAll } from './make';
import { showHints, showNotices } from './news';
import { openGenerator } from './open-generator';
import { readOptions } from './read-options';
import { doneItem, failedGeneration, isDone, type Outcome } from './result-items';
import { resumeAll } from './resume';

type Operation = 'generate' | 'submit' | 'resume';

async function outcomesOf(context: IExecuteFunctions): Promise<Outcome[]> {
	const operation = context.getNodeParameter('operation', 0) as Operation;
	const open = await openGenerator(context, operation);
	if (operation === 'resume') return await resumeAll(context, open);
	const outcomes = await makeAll(context, open.generator, operation);
	showNotices(context, open.notices());
	const chosen = outcomes.flatMap(({ result }) =>
		result?.selection?.decision === 'selected' ? [result.selection] : [],
	);
	// what the servers have is not known here: Select Model says what the catalog lacks
	await showCatalogAdvice(context, open.catalog, [], chosen);
	return outcomes;
}

/** What could not be prepared fails every item alike. */
async function outcomesOrFail(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
): Promise<Outcome[]> {
	try {
		return await outcomesOf(context);
	} catch (error) {
		if (!context.continueOnFail()) throw toNodeError(context.getNode(), error);
		return items.map(() => ({ result: null, error, taken: [] }));
	}
}

/** An agent's tool has one output: what failed is an answer, too. */
function isTool(context: IExecuteFunctions): boolean {
	// older versions of n8n do not have the method
	return context.isToolExecution?.() === true;
}

/** Nothing is lost by stopping where there is nothing to pass on. */
function stopIfWanted(context: IExecuteFunctions, outcomes: readonly Outcome[]): void {
	if (readOptions(context).ifAllFailed !== 'stop' || context.continueOnFail()) return;
	const [first] = outcomes;
	if (first === undefined || outcomes.some(isDone)) return;
	throw toNodeError(context.getNode(), first.error, 0);
}

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = context.getInputData();
	const outcomes = await outcomesOrFail(context, items);
	stopIfWanted(context, outcomes);
	const { outputField } = readOptions(context);
	const done: INodeExecutionData[] = [];
	const failed: INodeExecutionData[] = isTool(context) ? done : [];
	for (const [itemIndex, item] of items.entries()) {
		const outcome = outcomes[itemIndex] as Outcome;
		if (isDone(outcome)) done.push(doneItem(item, itemIndex, outcome, outputField));
		else failed.push(failedGeneration(context, item, itemIndex, outcome, outputField));
	}
	showHints(context, outcomes);
	return isTool(context) ? [done] : [done, failed];
}
