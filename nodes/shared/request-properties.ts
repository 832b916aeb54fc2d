/** Fields of a request as n8n shows them. Names are those of the request itself, so that nothing has to be translated. */
import type { INodeProperties } from 'n8n-workflow';

import { withList } from './with-list';

export const CUSTOM = '__custom__';

const inFieldsMode = { requestFrom: ['fields'] };

const purposeOptions = [
	{ name: 'Custom', value: CUSTOM, description: 'A purpose that your own catalog names' },
	{ name: 'Draft', value: 'draft', description: 'Quick sketches to choose from' },
	{ name: 'Edit', value: 'edit', description: 'Change a given image; needs an input image' },
	{ name: 'Illustration', value: 'illustration' },
	{ name: 'Photo', value: 'photo', description: 'Photographic images' },
	{ name: 'Portrait', value: 'portrait', description: 'People and faces' },
	{ name: 'Poster Design', value: 'poster_design', description: 'Layouts of image and lettering' },
	{ name: 'Product', value: 'product', description: 'Product shots' },
	{ name: 'Text Rendering', value: 'text_rendering', description: 'Legible words in the image' },
];

export const requestFields: INodeProperties[] = [
	{
		displayName: 'Purpose',
		name: 'purpose',
		type: 'options',
		default: 'photo',
		description: 'What the image is for: models are rated for each purpose',
		displayOptions: { show: inFieldsMode },
		options: purposeOptions,
	},
	{
		displayName: 'Custom Purpose',
		name: 'customPurpose',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. pixel_art',
		description: 'A purpose as the models of your catalog name it',
		displayOptions: { show: { ...inFieldsMode, purpose: [CUSTOM] } },
	},
	{
		displayName: 'Urgency',
		name: 'urgency',
		type: 'options',
		default: 'normal',
		description: 'How soon the image is needed, and so what is optimised',
		displayOptions: { show: inFieldsMode },
		options: [
			{ name: 'Custom', value: CUSTOM, description: 'An urgency that your own catalog names' },
			{
				name: 'Flexible',
				value: 'flexible',
				description: 'Within an hour: the cheapest that is good enough',
			},
			{
				name: 'Normal',
				value: 'normal',
				description: 'Within 90 seconds: the best quality in time',
			},
			{
				name: 'Urgent',
				value: 'urgent',
				description: 'Within 15 seconds: the most certain to be in time',
			},
		],
	},
	{
		displayName: 'Custom Urgency',
		name: 'customUrgency',
		type: 'string',
		default: '',
		required: true,
		description: 'An urgency as your catalog names it',
		displayOptions: { show: { ...inFieldsMode, urgency: [CUSTOM] } },
	},
	{
		displayName: 'Quality',
		name: 'quality',
		type: 'options',
		default: '',
		description:
			'The least quality that is acceptable. A number can be given under Additional Fields.',
		displayOptions: { show: inFieldsMode },
		options: [
			{ name: 'Any', value: '', description: 'No floor' },
			{ name: 'Best', value: 'best', description: 'At least 0.9' },
			{ name: 'High', value: 'high', description: 'At least 0.75' },
			{ name: 'Standard', value: 'standard', description: 'At least 0.5' },
		],
	},
	{
		displayName: 'Prompt',
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 3 },
		default: '',
		placeholder: 'e.g. a lighthouse at dusk, soft light',
		description: 'What the image shows. Only needed here if the workflow to return should hold it.',
		displayOptions: { show: inFieldsMode },
	},
];

export const additionalFields: INodeProperties = {
	displayName: 'Additional Fields',
	name: 'additionalFields',
	type: 'collection',
	placeholder: 'Add Field',
	default: {},
	displayOptions: { show: inFieldsMode },
	options: [
		{
			displayName: 'Allow Offload',
			name: 'allow_offload',
			type: 'boolean',
			default: false,
			description:
				'Whether a model may be chosen whose weights do not fit into VRAM and are paged (slow)',
		},
		{
			displayName: 'Batch Size',
			name: 'batch_size',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 512 },
			default: 1,
			description: 'Images made in one run',
		},
		{
			displayName: 'CFG',
			name: 'cfg',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 100, numberPrecision: 2 },
			default: 7,
			description: "Instead of the preset's own guidance scale",
		},
		{
			displayName: 'Commercial Use',
			name: 'commercial_use',
			type: 'boolean',
			default: false,
			description: 'Whether models are left out whose licence does not allow commercial use',
		},
		{
			displayName: 'Deadline (Date & Time)',
			name: 'deadline_at',
			type: 'dateTime',
			default: '',
			description: 'When the image must be finished. Overrides the time that the urgency gives.',
		},
		{
			displayName: 'Deadline (Seconds)',
			name: 'deadline_seconds',
			type: 'number',
			typeOptions: { minValue: 0, numberPrecision: 3 },
			default: 60,
			description:
				'Seconds from now until the image must be finished. Overrides the time that the urgency gives.',
		},
		{
			displayName: 'Denoise',
			name: 'denoise',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 2 },
			default: 1,
			description: 'Share of the input image that is made anew; 1 for images from text',
		},
		{
			displayName: 'Exclude Models',
			name: 'exclude_models',
			type: 'string',
			default: '',
			placeholder: 'e.g. flux1-dev, sdxl-base',
			description: 'Names of models that must not be chosen, separated by commas',
		},
		{
			displayName: 'Height',
			name: 'height',
			type: 'number',
			typeOptions: { minValue: 16, maxValue: 16384 },
			default: 1024,
			description: "Pixels. Left out: the preset's own.",
		},
		{
			displayName: 'If Late',
			name: 'if_late',
			type: 'options',
			default: 'best_effort',
			description: 'What to do when nothing is likely to be in time',
			options: [
				{ name: 'Choose the Best Late One', value: 'best_effort' },
				{ name: 'Reject', value: 'reject' },
			],
		},
		{
			displayName: 'Images',
			name: 'images',
			type: 'string',
			default: '',
			placeholder: 'e.g. input.png',
			description: 'Names of input images, separated by commas; needed by models that edit',
		},
		{
			displayName: 'Job ID',
			name: 'job_id',
			type: 'string',
			default: '',
			description: 'Identifies the job in logs. Left out: execution, node and item.',
		},
		{
			displayName: 'Mask',
			name: 'mask',
			type: 'string',
			default: '',
			description: 'Name of a mask image',
		},
		{
			displayName: 'Maximum Cost',
			name: 'max_cost',
			type: 'number',
			typeOptions: { minValue: 0, numberPrecision: 6 },
			default: 0.01,
			description:
				"Most that the job may cost, in the catalog's currency (GPU seconds where no price is known)",
		},
		{
			displayName: 'Minimum Quality',
			name: 'min_quality',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 3 },
			default: 0.5,
			description: 'From 0 to 1, instead of the Quality above',
		},
		{
			displayName: 'Negative Prompt',
			name: 'negative_prompt',
			type: 'string',
			typeOptions: { rows: 2 },
			default: '',
			description:
				'What the image must not show. Some models ignore it, which counts against them.',
		},
		{
			...withList('searchSamplers', 'e.g. euler'),
			displayName: 'Sampler',
			name: 'sampler_name',
			description: "ComfyUI's name of a sampler, instead of the preset's own",
		},
		{
			...withList('searchSchedulers', 'e.g. normal'),
			displayName: 'Scheduler',
			name: 'scheduler',
			description: "ComfyUI's name of a noise schedule, instead of the preset's own",
		},
		{
			displayName: 'Seed',
			name: 'seed',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description: 'Left out: drawn anew for every job',
		},
		{
			displayName: 'Steps',
			name: 'steps',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 1000 },
			default: 20,
			description: "Instead of the preset's own; fewer lower the quality",
		},
		{
			displayName: 'User ID',
			name: 'user_id',
			type: 'string',
			default: '',
			description: 'Whom the job is counted for',
		},
		{
			displayName: 'Width',
			name: 'width',
			type: 'number',
			typeOptions: { minValue: 16, maxValue: 16384 },
			default: 1024,
			description: "Pixels. Left out: the preset's own.",
		},
	],
};
