/** Manage Models' run: one operation for each item, each with its own result. */
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { failedItem } from '../shared/failed-item';
import { toNodeError } from '../shared/to-node-error';
import { benchmarkOn } from './operations/benchmark';
import { calibrateOn } from './operations/calibrate';
import { freeVramOn } from './operations/free-vram';
import { listOn } from './operations/list';
import { prewarmOn } from './operations/prewarm';
import { reportOn } from './operations/report';
import { syncOn } from './operations/sync';

type Operation = (context: IExecuteFunctions, itemIndex: number) => Promise<INodeExecutionData[]>;

/** Operations that make no files. */
const plain =
	(of: (context: IExecuteFunctions, itemIndex: number) => Promise<IDataObject[]>): Operation =>
	async (context, itemIndex) =>
		(await of(context, itemIndex)).map((json) => ({ json }));

const OPERATIONS: Record<string, Operation> = {
	benchmark: plain(benchmarkOn),
	calibrate: plain(calibrateOn),
	freeVram: plain(freeVramOn),
	list: plain(listOn),
	prewarm: plain(prewarmOn),
	report: async (context, itemIndex) => [await reportOn(context, itemIndex)],
	sync: plain(syncOn),
};

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const output: INodeExecutionData[] = [];
	for (const [itemIndex, item] of context.getInputData().entries()) {
		try {
			const operation = context.getNodeParameter('operation', itemIndex) as string;
			const results = await (OPERATIONS[operation] as Operation)(context, itemIndex);
			output.push(...results.map((result) => ({ ...result, pairedItem: { item: itemIndex } })));
		} catch (error) {
			// a cancelled execution ends here, whatever the node does with errors
			const cancelled = context.getExecutionCancelSignal?.()?.aborted === true;
			if (cancelled || !context.continueOnFail())
				throw toNodeError(context.getNode(), error, itemIndex);
			output.push(failedItem(context, item, itemIndex, error));
		}
	}
	return [output];
}
