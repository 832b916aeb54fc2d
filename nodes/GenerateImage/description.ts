/** The fields of Generate Image: what most need first, by operation; the rest under Additional Fields and Options. */
import type { INodeProperties } from 'n8n-workflow';

import { catalogPropertiesWithPostgres } from '../shared/catalog-properties';
import { credentialsSlot } from '../shared/credentials-slot';
import { additionalFields, requestFields } from '../shared/request-properties';
import { modelChoice, requestSource } from '../shared/request-source-properties';
import { generateOptions, resumeOptions, submitOptions } from './options-description';
import { workflowProperties } from './workflow-description';

const MAKING = ['generate', 'submit'];

/** The same fields, for these operations only. */
function onlyFor(operations: string[], properties: INodeProperties[]): INodeProperties[] {
	return properties.map((property) => ({
		...property,
		displayOptions: {
			...property.displayOptions,
			show: { ...property.displayOptions?.show, operation: operations },
		},
	}));
}

/** Fields that a selection made before has decided already. */
function unlessSelected(properties: INodeProperties[]): INodeProperties[] {
	return properties.map((property) => ({
		...property,
		displayOptions: {
			...property.displayOptions,
			hide: { ...property.displayOptions?.hide, requestFrom: ['selection'] },
		},
	}));
}

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'generate',
	options: [
		{
			name: 'Generate',
			value: 'generate',
			description: 'Wait for the images and put them into the items',
			action: 'Generate images',
		},
		{
			name: 'Resume',
			value: 'resume',
			description: 'Get the images of a job that was submitted before',
			action: 'Get the images of a submitted job',
		},
		{
			name: 'Submit',
			value: 'submit',
			description: 'Hand the job to a server and go on at once with its prompt ID',
			action: 'Submit a job without waiting',
		},
	],
};

/** As in Select Model, and what that node has selected. */
const requestSourceWithSelection: INodeProperties[] = [
	...requestSource.map((property) =>
		property.name === 'requestFrom'
			? {
					...property,
					options: [
						...(property.options ?? []),
						{
							name: 'Selection',
							value: 'selection',
							description:
								'What Select Model or Plan Batch chose: it runs first as selected, in the order of the items on each server. Only what goes wrong is decided anew.',
						},
					],
				}
			: property,
	),
	{
		displayName: 'Selection',
		name: 'selection',
		type: 'json',
		default: '={{ $json.selection }}',
		required: true,
		description:
			'What Select Model or Plan Batch returned for this job. If a node in between replaced the item, refer to it by name.',
		hint: "Example: {{ $('Select Model').item.json.selection }}",
		displayOptions: { show: { requestFrom: ['selection'] } },
	},
];

/** What the image shows comes first: it is what nobody can leave as it is. */
const wishes: INodeProperties[] = [
	...requestFields
		.filter(({ name }) => name === 'prompt')
		.map((property) => ({ ...property, description: 'What the image shows' })),
	...requestFields.filter(({ name }) => name !== 'prompt'),
];

const deadline: INodeProperties[] = [
	{
		displayName: 'Target Time (Seconds)',
		name: 'targetSeconds',
		type: 'number',
		typeOptions: { minValue: 0 },
		default: 0,
		hint: '0: the time that the urgency gives',
		description:
			'Seconds from now until the image should be there. A deadline in the request goes before it.',
	},
];

const making: INodeProperties[] = [
	{
		displayName: 'Auto-Quality',
		name: 'autoQuality',
		type: 'boolean',
		default: true,
		description:
			'Whether quality is given up step by step where the target time or the memory demands it, never below the least quality',
	},
	{
		displayName: 'Input Image Fields',
		name: 'imageFields',
		type: 'string',
		default: '',
		placeholder: 'e.g. data',
		description:
			'Names of binary fields of the item with images to start from, separated by commas. They are uploaded first.',
	},
];

const resuming: INodeProperties[] = [
	{
		displayName: 'Prompt ID',
		name: 'promptId',
		type: 'string',
		default: '={{ $json.prompt_id }}',
		description: 'As Submit put it into the item. Empty: the last one of the job below.',
	},
	{
		displayName: 'Server',
		name: 'server',
		type: 'string',
		default: '={{ $json.server }}',
		description:
			'Name of the server that has the job, as the credential names it. Empty: looked up in Postgres.',
	},
	{
		displayName: 'Job ID',
		name: 'resumeJobId',
		type: 'string',
		default: '={{ $json.job_id }}',
		description:
			'With the Postgres credential, what is empty above and below is looked up by it: every prompt is noted there as soon as a server has it, until its end is logged. So jobs can be picked up after n8n was restarted.',
	},
	{
		displayName: 'Selection',
		name: 'resumeSelection',
		type: 'json',
		default: '={{ $json.selection }}',
		description:
			'What Submit put into the item. Empty and not in Postgres either: nothing is logged and nobody knows whether the image is on time.',
	},
];

/** What came out of it: a job that was only submitted is not done. A waiting Resume has both kinds, and says in `status` which. */
export const outputsExpression =
	'={{ [$parameter["operation"] === "submit" ? "Submitted" : "Done", "Failed"].map((displayName) => ({ type: "main", displayName })) }}';

export const generateImageProperties: INodeProperties[] = [
	credentialsSlot,
	operation,
	...onlyFor(MAKING, requestSourceWithSelection),
	...onlyFor(MAKING, wishes),
	...onlyFor(MAKING, unlessSelected(deadline)),
	...onlyFor(MAKING, making),
	...onlyFor(MAKING, unlessSelected(modelChoice)),
	...onlyFor(MAKING, workflowProperties),
	...onlyFor(['resume'], resuming),
	...onlyFor(MAKING, catalogPropertiesWithPostgres),
	...onlyFor(MAKING, [additionalFields]),
	...onlyFor(['generate'], [generateOptions]),
	...onlyFor(['submit'], [submitOptions]),
	...onlyFor(['resume'], [resumeOptions]),
];
