/** What an item looks like that failed in a run that goes on: its own data, its error, its pairing. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { errorDetails, toNodeError } from './to-node-error';

/**
 * With "Continue (using error output)" n8n sends an item there when its JSON is nothing but `error`, `message` and
 * `details`, and puts the input's data back itself; an `error` beside the JSON would cost the item its data instead.
 */
export function failedItem(
	context: IExecuteFunctions,
	item: INodeExecutionData,
	itemIndex: number,
	error: unknown,
): INodeExecutionData {
	const shown = toNodeError(context.getNode(), error, itemIndex);
	const failure = { error: shown.message, details: errorDetails(error) };
	const routedByN8n = context.getNode().onError === 'continueErrorOutput';
	return {
		json: routedByN8n ? failure : { ...item.json, ...failure },
		...(item.binary ? { binary: item.binary } : {}),
		pairedItem: { item: itemIndex },
	};
}
