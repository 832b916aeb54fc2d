/** The fields of Log Usage: which run, how it ended, and where its times come from. */
import type { INodeProperties } from 'n8n-workflow';

import { credentialsSlot } from '../shared/credentials-slot';
import { feedbackProperties } from './feedback-description';

const seconds = { minValue: 0, numberPrecision: 3 };

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'log',
	options: [
		{
			name: 'Log Usage',
			value: 'log',
			description: 'Write what a job planned and what it really took',
			action: 'Log usage',
		},
		{
			name: 'Make Feedback Links',
			value: 'links',
			description: 'Make addresses by which people can say what they think of a job',
			action: 'Make feedback links',
		},
		{
			name: 'Record Feedback',
			value: 'feedback',
			description: 'Write what somebody thinks of a job: a rating, a thumb, or the better of two',
			action: 'Record feedback',
		},
	],
};

/** The same fields, for logging only. */
function onlyForLogging(properties: INodeProperties[]): INodeProperties[] {
	return properties.map((property) => ({
		...property,
		displayOptions: {
			...property.displayOptions,
			show: { ...property.displayOptions?.show, operation: ['log'] },
		},
	}));
}

const subject: INodeProperties[] = [
	{
		displayName: 'Selection',
		name: 'selection',
		type: 'json',
		default: '={{ $json.selection }}',
		required: true,
		description:
			'What Select Model returned for this job. If a node in between replaced the item, refer to it by name.',
		hint: "Example: {{ $('Select Model').item.json.selection }}",
	},
	{
		displayName: 'Times',
		name: 'timing',
		type: 'options',
		default: 'comfyui',
		description: 'Where the figures of the run come from',
		options: [
			{
				name: 'From ComfyUI',
				value: 'comfyui',
				description:
					"The server's own stamps of the prompt: queue and run time apart, result, cold or warm",
			},
			{ name: 'Given', value: 'given', description: 'From the fields below' },
			{
				name: 'Since the Selection',
				value: 'wall',
				description:
					'The time from the selection until now, waiting included; marked as such in the log',
			},
		],
	},
	{
		displayName: 'Prompt ID',
		name: 'promptId',
		type: 'string',
		default: '={{ $json.prompt_id }}',
		description: 'What ComfyUI answered when the workflow was queued',
	},
	{
		displayName: 'Total (Seconds)',
		name: 'actualSeconds',
		type: 'number',
		typeOptions: seconds,
		default: 0,
		required: true,
		description: 'From asking to the finished image, in seconds',
		displayOptions: { show: { timing: ['given'] } },
	},
	{
		displayName: 'Status',
		name: 'status',
		type: 'options',
		default: 'auto',
		description: 'How the run ended',
		options: [
			{
				name: 'Automatic',
				value: 'auto',
				description: 'What ComfyUI says; else success, or rejected where nothing was selected',
			},
			{ name: 'Cancelled', value: 'cancelled' },
			{ name: 'Error', value: 'error' },
			{ name: 'Out of Memory', value: 'oom' },
			{ name: 'Rejected', value: 'rejected' },
			{ name: 'Success', value: 'success' },
			{ name: 'Timeout', value: 'timeout' },
		],
	},
];

const additionalFields: INodeProperties = {
	displayName: 'Additional Fields',
	name: 'additionalFields',
	type: 'collection',
	placeholder: 'Add Field',
	default: {},
	options: [
		{
			displayName: 'Actual Cost',
			name: 'actual_cost',
			type: 'number',
			typeOptions: { minValue: 0, numberPrecision: 6 },
			default: 0,
			description: "In the catalog's currency",
		},
		{
			displayName: 'Attempt',
			name: 'attempt',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 1,
			description: 'Left out: another prompt of the same job is its next attempt',
		},
		{
			displayName: 'Cold',
			name: 'cold',
			type: 'boolean',
			default: false,
			description: 'Whether the model had to be loaded first',
		},
		{
			displayName: 'Error Code',
			name: 'error_code',
			type: 'string',
			default: '',
			description: 'A short code of what went wrong, instead of the one from ComfyUI',
		},
		{
			displayName: 'Error Message',
			name: 'error_message',
			type: 'string',
			default: '',
			description: 'What went wrong, in words',
		},
		{
			displayName: 'Load (Seconds)',
			name: 'load_seconds',
			type: 'number',
			typeOptions: seconds,
			default: 0,
			description: 'Time to load the model',
		},
		{
			displayName: 'Peak VRAM (Bytes)',
			name: 'vram_peak_bytes',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description: 'Most VRAM that the run used, if it was measured',
		},
		{
			displayName: 'Quality Feedback',
			name: 'quality_feedback',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 3 },
			default: 1,
			description: 'How good the result was, from 0 to 1, as a person or a check judged it',
		},
		{
			displayName: 'Queue (Seconds)',
			name: 'queue_seconds',
			type: 'number',
			typeOptions: seconds,
			default: 0,
			description: 'Time in the queue of the server',
		},
		{
			displayName: 'Run Only (Seconds)',
			name: 'run_seconds',
			type: 'number',
			typeOptions: seconds,
			default: 0,
			description: 'Time of the run without queue and load',
		},
		{
			displayName: 'Server',
			name: 'server',
			type: 'string',
			default: '',
			description: "Name of the server that ran it, if not the selection's",
		},
	],
};

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add Option',
	default: {},
	displayOptions: { show: { timing: ['comfyui'] } },
	options: [
		{
			displayName: 'Wait for the Run (Seconds)',
			name: 'waitSeconds',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 86400 },
			default: 60,
			description: 'How long to wait for runs that have not ended yet. Left out: not at all.',
		},
	],
};

export const logUsageProperties: INodeProperties[] = [
	credentialsSlot,
	operation,
	...onlyForLogging([...subject, additionalFields, options]),
	...feedbackProperties,
];
