/** What is under Options, by operation. */
import type { INodeProperties } from 'n8n-workflow';

const answerSeconds = { minValue: 1, maxValue: 600 };

const timeout: INodeProperties = {
	displayName: 'Server Timeout (Seconds)',
	name: 'timeoutSeconds',
	type: 'number',
	typeOptions: answerSeconds,
	default: 30,
	description: 'How long a server may take for one answer. A running job has no such limit.',
};

const outputField: INodeProperties = {
	displayName: 'Put Images Into',
	name: 'outputField',
	type: 'string',
	default: 'image',
	description:
		'Name of the binary field. Further files get a number: image_1, image_2, ... A field that the item has already stays.',
};

const inputFiles: INodeProperties[] = [
	{
		displayName: 'Input Image Files',
		name: 'imageFiles',
		type: 'string',
		default: '',
		placeholder: 'e.g. /data/in.png',
		description:
			'Paths of images on the machine that runs n8n, separated by commas. They come after those of the binary fields.',
	},
	{
		displayName: 'Mask Field',
		name: 'maskField',
		type: 'string',
		default: '',
		placeholder: 'e.g. mask',
		description: 'Name of a binary field with a mask: what is white is made anew',
	},
	{
		displayName: 'Mask File',
		name: 'maskFile',
		type: 'string',
		default: '',
		description: 'Path of a mask on the machine that runs n8n',
	},
];

const explain: INodeProperties = {
	displayName: 'Explain',
	name: 'explain',
	type: 'boolean',
	default: false,
	description: 'Whether the selection lists the alternatives and why each of them lost',
};

const ifLate: INodeProperties = {
	displayName: 'If Late',
	name: 'ifLate',
	type: 'options',
	default: 'best_effort',
	description: 'What to do when the deadline cannot be kept and the request does not say',
	options: [
		{ name: 'Make the Image All the Same', value: 'best_effort' },
		{ name: 'Fail the Item', value: 'reject' },
	],
};

const concurrency: INodeProperties = {
	displayName: 'Items at the Same Time',
	name: 'concurrency',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 10_000 },
	default: 100,
	description: 'How many items are waiting or running at once. Left out: all of them.',
};

const allFailed: INodeProperties = {
	displayName: 'If Every Item Failed',
	name: 'ifAllFailed',
	type: 'options',
	default: 'output',
	description: 'Whether the execution goes on. A single failed item never stops the others.',
	options: [
		{ name: 'Go On With the Output Failed', value: 'output' },
		{ name: 'Stop the Execution', value: 'stop' },
	],
};

/** In the order of the editor: by name. */
function options(...fields: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: fields.sort((a, b) => (a.displayName < b.displayName ? -1 : 1)),
	};
}

export const generateOptions = options(
	concurrency,
	explain,
	ifLate,
	allFailed,
	...inputFiles,
	outputField,
	timeout,
	{
		displayName: 'Commit on Arrival',
		name: 'commitOnArrival',
		type: 'boolean',
		default: false,
		description:
			'Whether a job goes into the queue of a server at once, before jobs of ours that can wait, instead of being held until its turn and decided then',
	},
	{
		displayName: 'Smaller Images',
		name: 'sizeRungs',
		type: 'options',
		default: 'upscale',
		description: 'What Auto-Quality may do about the size',
		options: [
			{ name: 'Make Smaller and Enlarge', value: 'upscale' },
			{ name: 'Make Smaller', value: 'smaller' },
			{ name: 'Keep the Size', value: 'never' },
		],
	},
);

export const submitOptions = options(
	concurrency,
	explain,
	ifLate,
	allFailed,
	...inputFiles,
	timeout,
);

export const resumeOptions = options(concurrency, allFailed, outputField, timeout, {
	displayName: 'Wait at Most (Seconds)',
	name: 'waitSeconds',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 86400 },
	default: 0,
	description:
		'How long to wait for the end of the job; then the item comes out of Done with the status pending or running. Left out: until it has ended.',
});
