/** Prewarm: makes a model resident before it is needed. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { systemClock } from '../../../adapters/system-clock';
import { systemRandom } from '../../../adapters/system-random';
import { RouterError } from '../../../lib/errors';
import { prewarm } from '../../../service/prewarm';
import { readCatalog } from '../../shared/catalog-source';
import { onEachServer } from '../servers';

export async function prewarmOn(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<IDataObject[]> {
	const modelName = wantedModel(context, itemIndex);
	const catalog = await readCatalog(context, (name) => context.getNodeParameter(name, itemIndex));
	const force = context.getNodeParameter('force', itemIndex, false) as boolean;
	const signal = context.getExecutionCancelSignal?.();
	const common = { catalog, modelName, force, signal, clock: systemClock, random: systemRandom };
	return await onEachServer(context, itemIndex, async (server) => {
		return (await prewarm({ ...common, server })) as unknown as IDataObject;
	});
}

function wantedModel(context: IExecuteFunctions, itemIndex: number): string {
	const name = context.getNodeParameter('model', itemIndex, '', { extractValue: true }) as string;
	if (name) return name;
	throw new RouterError({
		code: 'OPTIONS_INVALID',
		message: 'No model is given to load.',
		hint: 'Choose one from the list or give its name as in the catalog.',
	});
}
