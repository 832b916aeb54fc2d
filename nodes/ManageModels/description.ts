/** The fields of Manage Models: the operation, then what only that operation needs. */
import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import { MAX_REPORT_DAYS } from '../../lib/usage-report';
import { catalogPropertiesWithPostgres } from '../shared/catalog-properties';
import { credentialsSlot } from '../shared/credentials-slot';
import { withList } from '../shared/with-list';
import { benchmarkProperties } from './benchmark-description';
import { options } from './options-description';

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'list',
	options: [
		{
			name: 'Benchmark',
			value: 'benchmark',
			action: 'Benchmark models',
			description:
				'Measure times and VRAM on a server that is idle, and suggest figures for the catalog',
		},
		{
			name: 'Calibrate',
			value: 'calibrate',
			action: 'Calibrate the catalog',
			description: 'Learn times, loads and VRAM from the runs that were logged',
		},
		{
			name: 'Free VRAM',
			value: 'freeVram',
			action: 'Free VRAM',
			description: 'Unload the models that a server holds, and report what that gave',
		},
		{
			name: 'List',
			value: 'list',
			action: 'List models',
			description:
				'Models of the catalog: where they are installed, licences, figures and where each is from',
		},
		{
			name: 'Prewarm',
			value: 'prewarm',
			action: 'Prewarm a model',
			description: 'Load a model before it is needed, with the smallest job there is',
		},
		{
			name: 'Report',
			value: 'report',
			action: 'Make a usage report',
			description:
				'One HTML page about cost, times, deadlines, quality and VRAM, as a file of the item; needs the Postgres credential',
		},
		{
			name: 'Sync',
			value: 'sync',
			action: 'Sync the catalog with the installed models',
			description:
				'Add new models, disable those whose files are gone; what a person wrote is never touched',
		},
		{
			name: 'Tend Servers',
			value: 'tend',
			action: 'Tend servers',
			description:
				'Load the models that are pinned or expected, unload those that nobody uses; for idle servers, every minute',
		},
	],
};

const shownFor = (...operations: string[]): IDisplayOptions => ({
	show: { operation: operations },
});

const server: INodeProperties = {
	displayName: 'Server',
	name: 'server',
	type: 'resourceLocator',
	default: { mode: 'list', value: '' },
	description: 'One of the credential. Left empty: each of them, one after the other.',
	displayOptions: shownFor('benchmark', 'freeVram', 'prewarm'),
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			typeOptions: { searchListMethod: 'searchServers', searchable: true },
		},
		{ displayName: 'By Name', name: 'name', type: 'string', placeholder: 'e.g. gpu1' },
	],
};

const model: INodeProperties = {
	...withList('searchModels', 'e.g. flux1-schnell'),
	displayName: 'Model Name',
	name: 'model',
	required: true,
	description: 'The model to load',
	displayOptions: shownFor('prewarm'),
};

const sync: INodeProperties[] = [
	{
		displayName: 'Installed Models',
		name: 'inventory',
		type: 'options',
		default: 'servers',
		description: 'How to find out what is installed',
		displayOptions: shownFor('sync'),
		options: [
			{
				name: 'Ask the Servers',
				value: 'servers',
				description:
					'All servers of the credential. They tell names, sizes and metadata, not what is in a file.',
			},
			{
				name: 'Read a Folder',
				value: 'folder',
				description: "The headers of the files in ComfyUI's models folder: knows architectures",
			},
		],
	},
	{
		displayName: 'Models Folder',
		name: 'modelsFolder',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. /mnt/comfyui/models',
		description: 'Path on the machine that runs n8n',
		displayOptions: { show: { operation: ['sync'], inventory: ['folder'] } },
	},
];

const learnFrom: INodeProperties = {
	displayName: 'Learn From',
	name: 'learnFrom',
	type: 'options',
	default: 'log',
	description: 'Where the runs come from',
	displayOptions: shownFor('calibrate'),
	options: [
		{
			name: 'Log',
			value: 'log',
			description: 'The table model_usage_log; needs the Postgres credential',
		},
		{
			name: 'Log and Servers',
			value: 'both',
			description: "Also the servers' own histories: jobs that nobody logged",
		},
		{
			name: 'Servers',
			value: 'servers',
			description: "Only the servers' own histories; needs no database",
		},
	],
};

const write: INodeProperties = {
	displayName: 'Write Changes',
	name: 'write',
	type: 'boolean',
	default: false,
	description:
		'Whether the catalog is changed; else the item only says what would change. The version before is kept.',
	displayOptions: shownFor('calibrate', 'sync'),
};

const force: INodeProperties = {
	displayName: 'Force',
	name: 'force',
	type: 'boolean',
	default: false,
	description:
		'Whether to go on although jobs run or wait on the server (they are delayed), or although the model to load does not fit at full speed',
	displayOptions: shownFor('freeVram', 'prewarm'),
};

const reportDays: INodeProperties = {
	displayName: 'Days',
	name: 'reportDays',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_REPORT_DAYS },
	default: 7,
	description: 'How many whole days (UTC) before today; today so far is added',
	displayOptions: shownFor('report'),
};

/** Most operations work on a catalog. */
const catalog = catalogPropertiesWithPostgres.map((property) => ({
	...property,
	displayOptions: { ...property.displayOptions, hide: { operation: ['freeVram', 'report'] } },
}));

export const manageModelsProperties: INodeProperties[] = [
	credentialsSlot,
	operation,
	server,
	model,
	...sync,
	learnFrom,
	write,
	force,
	reportDays,
	...benchmarkProperties,
	...catalog,
	options,
];
