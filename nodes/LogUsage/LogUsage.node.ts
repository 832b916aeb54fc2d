/** Log Usage: writes what a job planned and what it really took. A shell: no rule of the domain. */
import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';

import { nodeDocumentation } from '../shared/documentation';
import { testComfyUi } from '../shared/test-comfyui';
import { testPostgres } from '../shared/test-postgres';
import { logUsageProperties } from './description';
import { execute } from './execute';

export class LogUsage implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'ComfyUI: Log Usage',
		name: 'logUsage',
		icon: { light: 'file:logUsage.svg', dark: 'file:logUsage.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle:
			'={{ $parameter["operation"] === "feedback" ? "record feedback" : $parameter["operation"] === "links" ? "make feedback links" : "times " + ({ comfyui: "from ComfyUI", given: "given", wall: "since the selection" })[$parameter["timing"]] }}',
		description:
			'Writes the usage of a ComfyUI model to Postgres: selection, estimate, real times, cost and result, and what people think of it',
		documentationUrl: nodeDocumentation('log-usage'),
		defaults: { name: 'Log Usage' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
		credentials: [
			{
				name: 'comfyUiRouterPostgresApi',
				displayName: 'Postgres',
				required: true,
				testedBy: 'testPostgres',
			},
			{
				name: 'comfyUiApi',
				displayName: 'ComfyUI',
				required: true,
				testedBy: 'testComfyUi',
				displayOptions: { show: { operation: ['log'], timing: ['comfyui'] } },
			},
		],
		properties: logUsageProperties,
	};

	methods = { credentialTest: { testComfyUi, testPostgres } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
