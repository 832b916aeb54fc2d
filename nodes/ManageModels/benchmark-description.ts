/** The fields of the operation Benchmark: what to measure, and whose jobs come first. */
import type { INodeProperties } from 'n8n-workflow';

const displayOptions = { show: { operation: ['benchmark'] } };

export const benchmarkProperties: INodeProperties[] = [
	{
		displayName: 'Only Estimate',
		name: 'estimateOnly',
		type: 'boolean',
		default: false,
		description:
			'Whether to only say which runs would be made, which not and why, and how long it would take',
		displayOptions,
	},
	{
		displayName: 'Measure',
		name: 'scope',
		type: 'options',
		default: 'missing',
		description: 'Which presets to measure',
		displayOptions,
		options: [
			{ name: 'All Presets', value: 'all', description: 'Also those that were measured before' },
			{
				name: 'What Is Missing',
				value: 'missing',
				description: 'Presets whose time is published by others or only estimated',
			},
		],
	},
	{
		displayName: 'Models',
		name: 'models',
		type: 'string',
		default: '',
		placeholder: 'e.g. flux1-schnell, sdxl-base',
		description: 'Names of models, separated by commas. Left empty: all that are enabled.',
		displayOptions,
	},
	{
		displayName: 'Presets',
		name: 'presets',
		type: 'string',
		default: '',
		placeholder: 'e.g. standard',
		description: 'Names of presets, separated by commas. Left empty: all.',
		displayOptions,
	},
	{
		displayName: 'If Jobs Run or Wait',
		name: 'whenBusy',
		type: 'options',
		default: 'stop',
		description: 'What to do when the server is not idle, looked at before each run',
		displayOptions,
		options: [
			{
				name: 'Run All the Same',
				value: 'run',
				description: "Delays other clients' jobs, and theirs may spoil what is measured",
			},
			{
				name: 'Stop',
				value: 'stop',
				description: 'Ends with what was measured so far',
			},
			{ name: 'Wait', value: 'wait', description: 'For as long as the options say, then stops' },
		],
	},
];
