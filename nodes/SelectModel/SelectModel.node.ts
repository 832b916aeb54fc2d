/** Select Model: picks the best ComfyUI model, preset and server for every item. A shell: no rule of the domain. */
import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';

import { searchBranches } from '../shared/search-models';
import { nodeDocumentation } from '../shared/documentation';
import { testComfyUi } from '../shared/test-comfyui';
import { testPostgres } from '../shared/test-postgres';
import { outputsExpression } from './branches';
import { selectModelProperties } from './description';
import { execute } from './execute';
import { listSearch } from '../shared/list-search';

export class SelectModel implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'ComfyUI: Select Model',
		name: 'selectModel',
		icon: { light: 'file:selectModel.svg', dark: 'file:selectModel.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ $parameter["modelChoice"] === "pinned" ? "only " + (($parameter["model"] || {}).value || $parameter["model"] || "a certain model") : $parameter["requestFrom"] === "fields" ? $parameter["purpose"] + ", " + $parameter["urgency"] : "as requested" }}',
		description:
			'Picks the best ComfyUI model, preset and server for an image job: urgency, purpose, quality, cost and free VRAM',
		documentationUrl: nodeDocumentation('select-model'),
		defaults: { name: 'Select Model' },
		inputs: [NodeConnectionTypes.Main],
		outputs: outputsExpression,
		usableAsTool: true,
		credentials: [
			{ name: 'comfyUiApi', displayName: 'ComfyUI', required: true, testedBy: 'testComfyUi' },
			{
				name: 'comfyUiRouterPostgresApi',
				displayName: 'Postgres (Optional, for Quotas, Feedback and Reservations)',
				required: false,
				testedBy: 'testPostgres',
			},
		],
		properties: selectModelProperties,
	};

	methods = {
		listSearch: { ...listSearch, searchBranches },
		credentialTest: { testComfyUi, testPostgres },
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
