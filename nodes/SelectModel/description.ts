/** The fields of Select Model: a few first, the rest under Additional Fields and Options. */
import type { INodeProperties } from 'n8n-workflow';

import { catalogPropertiesWithPostgres } from '../shared/catalog-properties';
import { credentialsSlot } from '../shared/credentials-slot';
import { additionalFields, requestFields } from '../shared/request-properties';
import { modelChoice, requestSource } from '../shared/request-source-properties';
import { branchesProperty } from './branches';

const workflowOutput: INodeProperties[] = [
	{
		displayName: 'Fill in a ComfyUI Workflow',
		name: 'workflowFrom',
		type: 'options',
		default: 'none',
		description:
			'Whether to return your own workflow with the selection put in: model files, steps, CFG, sampler, seed, size and texts',
		options: [
			{ name: 'From a Field of the Item', value: 'field' },
			{ name: 'From JSON', value: 'json' },
			{ name: 'No', value: 'none' },
		],
	},
	{
		displayName: 'Workflow JSON',
		name: 'workflowJson',
		type: 'json',
		default: '{}',
		required: true,
		description: "A workflow in API format: ComfyUI's menu Workflow > Export (API)",
		displayOptions: { show: { workflowFrom: ['json'] } },
	},
	{
		displayName: 'Workflow Field',
		name: 'workflowField',
		type: 'string',
		default: 'graph',
		required: true,
		placeholder: 'e.g. body.graph',
		description: 'Name of the field that holds a workflow in API format; dots lead into objects',
		displayOptions: { show: { workflowFrom: ['field'] } },
	},
	{
		displayName:
			'The result is in the field <code>workflow</code> of the item, ready to be sent to ComfyUI.',
		name: 'workflowNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { workflowFrom: ['json', 'field'] } },
	},
];

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add Option',
	default: {},
	options: [
		{
			displayName: 'Explain',
			name: 'explain',
			type: 'boolean',
			default: true,
			description: 'Whether the selection lists the alternatives and why each of them lost',
		},
		{
			displayName: 'Explore (Share)',
			name: 'exploreShare',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 0.5, numberPrecision: 3 },
			default: 0.02,
			description:
				'Share of flexible requests that try another model which is on time and at most twice as dear, to learn what people think of it. Left out: none.',
		},
		{
			displayName: 'Reserve For (Seconds)',
			name: 'reserveSeconds',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 3600 },
			default: 30,
			description:
				"How long the server's time is kept for the job until its prompt is submitted; Log Usage gives it back. Left out: 30, and 0 (not at all) in runs started by hand. With a Postgres credential all workers see it, without one only this process.",
		},
		{
			displayName: 'Server Timeout (Seconds)',
			name: 'timeoutSeconds',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 120 },
			default: 5,
			description: 'How long a ComfyUI server may take to answer before it counts as not reachable',
		},
	],
};

export const selectModelProperties: INodeProperties[] = [
	credentialsSlot,
	...requestSource,
	...requestFields,
	...modelChoice,
	...workflowOutput,
	branchesProperty,
	...catalogPropertiesWithPostgres,
	additionalFields,
	options,
];
