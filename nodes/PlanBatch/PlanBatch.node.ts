/** Plan Batch: model, preset, server and running order for many image jobs at once. A shell: no rule of the domain. */
import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';

import { listSearch } from '../shared/list-search';
import { nodeDocumentation } from '../shared/documentation';
import { testComfyUi } from '../shared/test-comfyui';
import { testPostgres } from '../shared/test-postgres';
import { planBatchProperties } from './description';
import { execute } from './execute';

export class PlanBatch implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'ComfyUI: Plan Batch',
		name: 'planBatch',
		icon: { light: 'file:planBatch.svg', dark: 'file:planBatch.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ $parameter["goal"] === "best_quality" ? "best quality within " + $parameter["budget"] : "least cost" }}',
		description:
			'Plans many image jobs as a whole: model, preset, server and running order, at least cost or within a budget and a deadline',
		documentationUrl: nodeDocumentation('plan-batch'),
		defaults: { name: 'Plan Batch' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main, NodeConnectionTypes.Main, NodeConnectionTypes.Main],
		outputNames: ['Planned', 'Not Planned', 'Summary'],
		usableAsTool: true,
		credentials: [
			{ name: 'comfyUiApi', displayName: 'ComfyUI', required: true, testedBy: 'testComfyUi' },
			{
				name: 'comfyUiRouterPostgresApi',
				displayName: 'Postgres',
				required: true,
				testedBy: 'testPostgres',
				displayOptions: { show: { catalogSource: ['postgres'] } },
			},
		],
		properties: planBatchProperties,
	};

	methods = { listSearch, credentialTest: { testComfyUi, testPostgres } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
