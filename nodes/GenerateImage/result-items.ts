/** What comes out: an item for each job, with what the item had, what was done, and the files. */
import type {
	IBinaryKeyData,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
} from 'n8n-workflow';

import type { GenerateResult } from '../../service/generate';
import { errorDetails, toNodeError } from '../shared/to-node-error';
import { placeFiles, type TakenFile } from './output-files';

/** What became of one item. */
export interface Outcome {
	/** null: it could not even be read, or it is still under way. */
	result: GenerateResult | null;
	/** null: it has not failed. */
	error: unknown;
	taken: TakenFile[];
	/** More for the item. */
	more?: IDataObject;
}

export function isDone({ error }: Outcome): boolean {
	return error === null;
}

function facts(result: GenerateResult): IDataObject {
	const { selection, attempts } = result;
	const selected = selection?.decision === 'selected' ? selection : null;
	const last = attempts.at(-1);
	return {
		// in the order in which n8n's table shows them: what a person wants to know first
		status: result.status,
		model_name: selected?.model_name ?? null,
		preset: selected?.preset ?? null,
		server: last?.server ?? selected?.server ?? null,
		selection_reason: result.reason,
		on_time: result.on_time,
		degraded: result.degraded,
		job_id: result.job_id,
		prompt_id: last?.prompt_id ?? null,
		selection: selection as unknown as IDataObject,
		attempts: attempts as unknown as IDataObject[],
		...(result.texts.length > 0
			? { texts: result.texts.map(({ nodeId, text }) => ({ node_id: nodeId, text })) }
			: {}),
		...(result.log_errors.length > 0
			? { log_errors: result.log_errors.map((error) => error.message) }
			: {}),
	};
}

function withBinary(
	item: INodeExecutionData,
	itemIndex: number,
	json: IDataObject,
	binary: IBinaryKeyData,
): INodeExecutionData {
	return {
		json,
		...(Object.keys(binary).length > 0 ? { binary } : {}),
		pairedItem: { item: itemIndex },
	};
}

export function doneItem(
	item: INodeExecutionData,
	itemIndex: number,
	{ result, taken, more }: Outcome,
	outputField?: string,
): INodeExecutionData {
	const { binary, files } = placeFiles(taken, item.binary, outputField || undefined);
	const known = result ? facts(result) : {};
	const json = { ...item.json, ...known, files, ...more };
	return withBinary(item, itemIndex, json, binary);
}

/**
 * With "Continue (using error output)" n8n sends an item there when its JSON is nothing but `error`, `message` and
 * `details`, and puts the input's data back itself. In all other cases it is for the output Failed.
 */
export function failedGeneration(
	context: IExecuteFunctions,
	item: INodeExecutionData,
	itemIndex: number,
	{ result, error, taken, more }: Outcome,
	outputField?: string,
): INodeExecutionData {
	const shown = toNodeError(context.getNode(), error, itemIndex);
	const details = { message: shown.message, ...errorDetails(error) };
	const { binary, files } = placeFiles(taken, item.binary, outputField || undefined);
	const known = result ? facts(result) : { status: 'failed', attempts: [] };
	if (context.getNode().onError === 'continueErrorOutput') {
		const json = { error: shown.message, details: { ...details, ...known, ...more } };
		return withBinary(item, itemIndex, json, binary);
	}
	const json = { ...item.json, ...known, ...more, files, error: shown.message, details };
	return withBinary(item, itemIndex, json, binary);
}
