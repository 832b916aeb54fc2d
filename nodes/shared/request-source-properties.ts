/** Where a request comes from, and whether its model is chosen for it, as fields. */
import type { INodeProperties } from 'n8n-workflow';

import { withList } from './with-list';

export const requestSource: INodeProperties[] = [
	{
		displayName: 'Request',
		name: 'requestFrom',
		type: 'options',
		default: 'fields',
		description: 'Where the wishes for the image come from',
		options: [
			{ name: 'Fields Below', value: 'fields' },
			{
				name: 'Incoming Item',
				value: 'item',
				description:
					'Fields of the item named as in a request: purpose, urgency, quality, width, ... Others are left alone.',
			},
			{
				name: 'JSON',
				value: 'json',
				description: 'An object that holds the request and nothing else',
			},
		],
	},
	{
		displayName: 'Request JSON',
		name: 'requestJson',
		type: 'json',
		default: '={{ $json.body }}',
		required: true,
		description:
			'Only purpose is required. Unknown names are refused, so that typing errors are found.',
		displayOptions: { show: { requestFrom: ['json'] } },
	},
];

export const modelChoice: INodeProperties[] = [
	{
		displayName: 'Model',
		name: 'modelChoice',
		type: 'options',
		default: 'best',
		description: 'Whether the model is chosen for you',
		options: [
			{ name: 'The Best for the Job', value: 'best' },
			{
				name: 'A Certain One',
				value: 'pinned',
				description:
					'The server is chosen, and the preset too if you name none. A model_name in the request goes before this one.',
			},
		],
	},
	{
		...withList('searchModels', 'e.g. flux1-schnell'),
		displayName: 'Model Name',
		name: 'model',
		required: true,
		description: 'The model to use',
		displayOptions: { show: { modelChoice: ['pinned'] } },
	},
	{
		...withList('searchPresets', 'e.g. standard', ['model.value']),
		displayName: 'Preset',
		name: 'presetName',
		description: "One of the model's ways to run. Left empty: the best of them for the job.",
		displayOptions: { show: { modelChoice: ['pinned'] } },
	},
];
