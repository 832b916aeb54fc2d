/** Where a request comes from, and whether its model is chosen for it, as fields. */
import type { INodeProperties } from 'n8n-workflow';

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
					'Only preset and server are chosen. A model_name in the request goes before this one.',
			},
		],
	},
	{
		displayName: 'Model Name',
		name: 'model',
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		required: true,
		description: 'The model to use',
		displayOptions: { show: { modelChoice: ['pinned'] } },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: { searchListMethod: 'searchModels', searchable: true },
			},
			{ displayName: 'By Name', name: 'name', type: 'string', placeholder: 'e.g. flux1-schnell' },
		],
	},
];
