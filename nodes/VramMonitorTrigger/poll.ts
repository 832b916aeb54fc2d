/** One poll: read every server, record, emit. Keeps what it has seen in the workflow's static data. */
import type { IDataObject, INodeExecutionData, IPollFunctions } from 'n8n-workflow';

import { systemClock } from '../../adapters/system-clock';
import {
	type VramChange,
	watchTransitions,
	type WatchState,
} from '../../lib/vram-watch/transitions';
import type { VramReading } from '../../lib/vram-watch/types';
import { collectVram } from '../../service/monitor';
import { readCatalog } from '../shared/catalog-source';
import { comfyUiClients } from '../shared/comfyui-servers';
import { toNodeError } from '../shared/to-node-error';
import { usageStore } from '../shared/usage-store';

const PERCENT = 100;
const MS_PER_SECOND = 1000;
const DEFAULT_TIMEOUT_SECONDS = 5;

async function readServers(context: IPollFunctions): Promise<VramReading[]> {
	const catalog = await readCatalog(context, (name) => context.getNodeParameter(name));
	const options = context.getNodeParameter('options', {}) as { timeoutSeconds?: number };
	const credential = await context.getCredentials('comfyUiApi');
	const servers = comfyUiClients(credential, options.timeoutSeconds);
	try {
		return await collectVram(servers, catalog, systemClock, {
			timeoutMs: (options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * MS_PER_SECOND,
		});
	} finally {
		for (const server of servers) server.close();
	}
}

async function record(context: IPollFunctions, readings: VramReading[]): Promise<void> {
	if (context.getNodeParameter('record', false) !== true) return;
	const store = usageStore(await context.getCredentials('comfyUiRouterPostgresApi'));
	await store.recordVram(readings);
}

interface Watched {
	events: VramChange[];
	/** Makes the next poll compare with this one. */
	remember(): void;
}

/** What changed since the polls before. */
function watch(context: IPollFunctions, readings: VramReading[]): Watched {
	const memory = context.getWorkflowStaticData('node') as { watch?: WatchState };
	const ratio = (name: string) => ({ ratio: Number(context.getNodeParameter(name)) / PERCENT });
	const { state, events } = watchTransitions(memory.watch ?? {}, readings, {
		lowBelow: ratio('lowPercent'),
		recoveredAbove: ratio('recoveredPercent'),
	});
	return {
		events,
		remember: () => {
			memory.watch = state;
		},
	};
}

function changeItem({ kind, ...event }: VramChange): INodeExecutionData {
	return { json: { change: kind, ...event } };
}

function readingItem(reading: VramReading): INodeExecutionData {
	return { json: { ...reading } as unknown as IDataObject };
}

async function emitReadings(
	context: IPollFunctions,
	readings: VramReading[],
): Promise<INodeExecutionData[]> {
	await record(context, readings);
	return readings.map(readingItem);
}

/** An alert is worth more than its record: with the database down it goes out all the same, and says so. */
async function emitChanges(
	context: IPollFunctions,
	readings: VramReading[],
): Promise<INodeExecutionData[]> {
	const { events, remember } = watch(context, readings);
	const items = events.map(changeItem);
	try {
		await record(context, readings);
	} catch (error) {
		if (items.length === 0) throw toNodeError(context.getNode(), error);
		for (const item of items)
			item.json.record_error = toNodeError(context.getNode(), error).message;
	}
	remember();
	return items;
}

export async function poll(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	try {
		const readings = await readServers(context);
		// a test in the editor shows what there is, and leaves what the activated workflow has seen alone
		const onlyChanges =
			context.getMode() !== 'manual' && context.getNodeParameter('emit') === 'changes';
		const items = await (onlyChanges ? emitChanges : emitReadings)(context, readings);
		return items.length > 0 ? [items] : null;
	} catch (error) {
		throw toNodeError(context.getNode(), error);
	}
}
