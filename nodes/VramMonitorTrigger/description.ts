/** The fields of the VRAM Monitor Trigger. n8n adds the poll times itself. */
import type { INodeProperties } from 'n8n-workflow';

import { catalogProperties } from '../shared/catalog-properties';
import { credentialsSlot } from '../shared/credentials-slot';

const emission: INodeProperties[] = [
	{
		displayName: 'Start the Workflow On',
		name: 'emit',
		type: 'options',
		default: 'readings',
		options: [
			{
				name: 'Changes Only',
				value: 'changes',
				description: 'When VRAM runs low or recovers, and when a server stops or starts to answer',
			},
			{
				name: 'Each Reading',
				value: 'readings',
				description: 'One item for each device at each poll',
			},
		],
	},
	{
		displayName: 'Low Below (% Free)',
		name: 'lowPercent',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 100 },
		default: 10,
		description:
			'VRAM counts as low when less than this share of the device can still be had. What ComfyUI holds for models and would give up counts as free.',
		displayOptions: { show: { emit: ['changes'] } },
	},
	{
		displayName: 'Recovered Above (% Free)',
		name: 'recoveredPercent',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 100 },
		default: 20,
		description:
			'After being low it counts as recovered above this share, so that it does not flicker',
		displayOptions: { show: { emit: ['changes'] } },
	},
	{
		displayName: 'Record in Postgres',
		name: 'record',
		type: 'boolean',
		default: false,
		description: 'Whether every reading is written to the table vram_usage_log, emitted or not',
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
			displayName: 'Server Timeout (Seconds)',
			name: 'timeoutSeconds',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 120 },
			default: 5,
			description: 'How long a ComfyUI server may take to answer before it counts as not reachable',
		},
	],
};

export const vramMonitorProperties: INodeProperties[] = [
	credentialsSlot,
	...emission,
	...catalogProperties,
	options,
];
