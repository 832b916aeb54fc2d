/** Generate Image: from a request to images, deadline held. A shell: no rule of the domain. */
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
import { generateImageProperties, outputsExpression } from './description';
import { execute } from './execute';

export class GenerateImage implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'ComfyUI: Generate Image',
		name: 'generateImage',
		icon: { light: 'file:generateImage.svg', dark: 'file:generateImage.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ $parameter["operation"] === "generate" ? ({ fields: $parameter["purpose"] + ", " + $parameter["urgency"], selection: "as selected" })[$parameter["requestFrom"]] || "as requested" : $parameter["operation"] }}',
		description:
			'Makes images with ComfyUI: picks model, preset and server, holds the deadline, survives faults, logs every attempt',
		documentationUrl: nodeDocumentation('generate-image'),
		defaults: { name: 'Generate Image' },
		inputs: [NodeConnectionTypes.Main],
		outputs: outputsExpression,
		usableAsTool: true,
		credentials: [
			{ name: 'comfyUiApi', displayName: 'ComfyUI', required: true, testedBy: 'testComfyUi' },
			{
				name: 'comfyUiRouterPostgresApi',
				displayName: 'Postgres (Optional, for Log, Quotas, Feedback and Reservations)',
				required: false,
				testedBy: 'testPostgres',
			},
		],
		properties: generateImageProperties,
	};

	methods = { listSearch, credentialTest: { testComfyUi, testPostgres } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
