/** Manage Models: keeps the catalog true and the servers ready. A shell: no rule of the domain. */
import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';

import { searchModels } from '../shared/search-models';
import { nodeDocumentation } from '../shared/documentation';
import { testComfyUi } from '../shared/test-comfyui';
import { testPostgres } from '../shared/test-postgres';
import { manageModelsProperties } from './description';
import { execute } from './execute';
import { searchServers } from './servers';

export class ManageModels implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'ComfyUI: Manage Models',
		name: 'manageModels',
		icon: { light: 'file:manageModels.svg', dark: 'file:manageModels.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ ({ benchmark: "benchmark", calibrate: "calibrate", freeVram: "free VRAM", list: "list", prewarm: "prewarm", report: "report", sync: "sync", tend: "tend servers" })[$parameter["operation"]] }}',
		description:
			'Finds the models that ComfyUI servers have, keeps the catalog in line, measures and learns figures, loads models, frees VRAM, and reports usage',
		documentationUrl: nodeDocumentation('manage-models'),
		defaults: { name: 'Manage Models' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
		credentials: [
			{
				name: 'comfyUiApi',
				displayName: 'ComfyUI',
				required: true,
				testedBy: 'testComfyUi',
				displayOptions: {
					hide: { operation: ['report'], learnFrom: ['log'], inventory: ['folder'] },
				},
			},
			// for a catalog in Postgres, for learning from the log, for the report, and for logging what a benchmark measured
			{
				name: 'comfyUiRouterPostgresApi',
				displayName: 'Postgres (Optional, for the Log)',
				required: false,
				testedBy: 'testPostgres',
			},
		],
		properties: manageModelsProperties,
	};

	methods = {
		listSearch: { searchModels, searchServers },
		credentialTest: { testComfyUi, testPostgres },
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
