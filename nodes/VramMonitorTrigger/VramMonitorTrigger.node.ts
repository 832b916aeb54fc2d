/** VRAM Monitor Trigger: reads every server at n8n's poll times. A shell: no rule of the domain. */
import {
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IPollFunctions,
	NodeConnectionTypes,
} from 'n8n-workflow';

import { nodeDocumentation } from '../shared/documentation';
import { testComfyUi } from '../shared/test-comfyui';
import { testPostgres } from '../shared/test-postgres';
import { vramMonitorProperties } from './description';
import { poll } from './poll';

export class VramMonitorTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'ComfyUI: VRAM Monitor Trigger',
		name: 'vramMonitorTrigger',
		icon: { light: 'file:vramMonitor.svg', dark: 'file:vramMonitor.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ $parameter["emit"] === "changes" ? "on changes" : "each reading" }}',
		description:
			'Reads the VRAM and queue of every ComfyUI server on a schedule, records them and reports changes',
		documentationUrl: nodeDocumentation('vram-monitor-trigger'),
		defaults: { name: 'VRAM Monitor Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [
			{ name: 'comfyUiApi', displayName: 'ComfyUI', required: true, testedBy: 'testComfyUi' },
			{
				name: 'comfyUiRouterPostgresApi',
				displayName: 'Postgres',
				required: true,
				testedBy: 'testPostgres',
				displayOptions: { show: { record: [true] } },
			},
		],
		properties: vramMonitorProperties,
	};

	methods = { credentialTest: { testComfyUi, testPostgres } };

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		return await poll(this);
	}
}
