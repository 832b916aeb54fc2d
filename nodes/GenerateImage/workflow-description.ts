/** The fields for a ComfyUI workflow of the user's own. */
import type { INodeProperties } from 'n8n-workflow';

/** Roles that can be bound by hand, with the words that people know them by. */
const ROLES: { name: string; value: string }[] = [
	{ name: 'Batch Size', value: 'batch_size' },
	{ name: 'CFG', value: 'cfg' },
	{ name: 'Denoise', value: 'denoise' },
	{ name: 'Height', value: 'height' },
	{ name: 'Model Loader', value: 'model' },
	{ name: 'Negative Prompt', value: 'negative' },
	{ name: 'Prompt', value: 'positive' },
	{ name: 'Sampler (Node)', value: 'sampler' },
	{ name: 'Sampler Name', value: 'sampler_name' },
	{ name: 'Scheduler', value: 'scheduler' },
	{ name: 'Seed', value: 'seed' },
	{ name: 'Steps', value: 'steps' },
	{ name: 'Text Encoders', value: 'text_encoders' },
	{ name: 'VAE', value: 'vae' },
	{ name: 'Width', value: 'width' },
];

export const workflowProperties: INodeProperties[] = [
	{
		displayName: 'ComfyUI Workflow',
		name: 'workflowFrom',
		type: 'options',
		default: 'none',
		description:
			'Which workflow is run. The selection is put into your own, as far as it has places.',
		options: [
			{ name: 'Built for the Model', value: 'none' },
			{ name: 'Your Own, From a Field of the Item', value: 'field' },
			{ name: 'Your Own, From JSON', value: 'json' },
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
		displayName: 'Places in the Workflow',
		name: 'bindings',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true },
		placeholder: 'Add Place',
		default: {},
		description:
			'Where values belong, if they are not found by themselves. What was found is in the field <code>workflow_places</code> of the result.',
		displayOptions: { show: { workflowFrom: ['json', 'field'] } },
		options: [
			{
				name: 'places',
				displayName: 'Place',
				values: [
					{
						displayName: 'Input',
						name: 'input',
						type: 'string',
						default: '',
						placeholder: 'e.g. noise_seed',
						description: 'Name of the input of that node. Left out: the usual one.',
					},
					{
						displayName: 'Node',
						name: 'node',
						type: 'string',
						default: '',
						placeholder: 'e.g. 3 or My Sampler',
						description: 'ID or title of the node that holds it',
					},
					{
						displayName: 'Value',
						name: 'role',
						type: 'options',
						default: 'positive',
						description: 'What is put there',
						options: ROLES,
					},
				],
			},
		],
	},
];
