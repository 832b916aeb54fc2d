/** Free VRAM: unloads what ComfyUI holds and reports what came of it. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { systemClock } from '../../../adapters/system-clock';
import { freeVram } from '../../../service/free-vram';
import { onEachServer } from '../servers';

const MS_PER_SECOND = 1000;

export async function freeVramOn(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<IDataObject[]> {
	const options = context.getNodeParameter('options', itemIndex, {}) as { settleSeconds?: number };
	const { settleSeconds = 30 } = options;
	const force = context.getNodeParameter('force', itemIndex, false) as boolean;
	const signal = context.getExecutionCancelSignal?.();
	const settleMs = settleSeconds * MS_PER_SECOND;
	return await onEachServer(context, itemIndex, async (server) => {
		const result = await freeVram({ server, clock: systemClock, force, settleMs, signal });
		return result as unknown as IDataObject;
	});
}
