/** Generate and Submit: all readable items go to the generator together; each has its own outcome. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { findBindings } from '../../lib/workflow/bindings';
import type { ApiGraph } from '../../lib/workflow/graph';
import type {
	GenerateItem,
	GenerateOptions,
	Generator,
	GenerateResult,
} from '../../service/generate';
import { jobIdPrefix } from '../shared/job-id';
import { progressTeller } from './news';
import { type TakenFile, takeFile } from './output-files';
import { readItem } from './read-item';
import { readOptions } from './read-options';
import type { Outcome } from './result-items';

interface ReadItem {
	itemIndex: number;
	item: GenerateItem;
}

export async function makeAll(
	context: IExecuteFunctions,
	generator: Generator,
	operation: 'generate' | 'submit',
): Promise<Outcome[]> {
	const { readable, outcomes } = readAll(context);
	const taken = new Map<number, TakenFile[]>();
	const options = optionsOf(context, readable, taken);
	const items = readable.map(({ item }) => item);
	const results =
		operation === 'submit'
			? await generator.submit(items, options)
			: await generator.generate(items, options);
	for (const result of results) {
		const { itemIndex, item } = readable[result.index] as ReadItem;
		outcomes[itemIndex] = {
			result,
			error: result.error,
			taken: ofLastAttempt(result, taken.get(result.index) ?? []),
			more: placesOf(item),
		};
	}
	return outcomes;
}

/** A job that ran again because a file of it was gone has brought some twice; of a failed one all that came is kept. */
function ofLastAttempt({ status, outputs }: GenerateResult, taken: TakenFile[]): TakenFile[] {
	return status === 'failed' ? taken : taken.filter(({ file }) => outputs.includes(file));
}

/** One item that is wrong keeps no other from being made. */
function readAll(context: IExecuteFunctions): { readable: ReadItem[]; outcomes: Outcome[] } {
	const jobIds = jobIdPrefix(context);
	const readable: ReadItem[] = [];
	const outcomes = context.getInputData().map((_item, itemIndex): Outcome => {
		try {
			readable.push({ itemIndex, item: readItem(context, itemIndex, `${jobIds}${itemIndex}`) });
			return { result: null, error: null, taken: [] };
		} catch (error) {
			return { result: null, error, taken: [] };
		}
	});
	return { readable, outcomes };
}

function optionsOf(
	context: IExecuteFunctions,
	readable: readonly ReadItem[],
	taken: Map<number, TakenFile[]>,
): GenerateOptions {
	const { concurrency, commitOnArrival, sizeRungs } = readOptions(context);
	const signal = context.getExecutionCancelSignal?.();
	return {
		signal,
		concurrency,
		commitOnArrival,
		sizeRungs,
		autoQuality: context.getNodeParameter('autoQuality', 0, true) as boolean,
		onProgress: progressTeller(context, (index) => readable[index]?.itemIndex ?? index),
		onOutput: async (file, { index }) => {
			const one = await takeFile(context, file, signal);
			taken.set(index, [...(taken.get(index) ?? []), one]);
		},
	};
}

/** Where the values of a selection go in the caller's own workflow. */
function placesOf({ workflow, overrides }: GenerateItem): IDataObject {
	if (workflow === undefined) return {};
	try {
		const { description, sampler, model, values } = findBindings(workflow as ApiGraph, overrides);
		const places = Object.entries(values).map(([name, refs]) => [
			name,
			refs.map(({ nodeId, input }) => `${nodeId}.${input}`),
		]);
		return {
			workflow_places: {
				description,
				sampler: sampler.nodeId,
				model: model ? `${model.nodeId}.${model.input}` : null,
				...Object.fromEntries(places),
			},
		};
	} catch {
		// the job has failed by the same fault, which its outcome names
		return {};
	}
}
