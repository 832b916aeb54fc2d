/** The fields of Plan Batch: what the batch is to reach first, then what each item asks for. */
import type { INodeProperties } from 'n8n-workflow';

import { catalogPropertiesWithPostgres } from '../shared/catalog-properties';
import { credentialsSlot } from '../shared/credentials-slot';
import { additionalFields, requestFields } from '../shared/request-properties';
import { modelChoice, requestSource } from '../shared/request-source-properties';

const goal: INodeProperties[] = [
	{
		displayName: 'Goal',
		name: 'goal',
		type: 'options',
		noDataExpression: true,
		default: 'least_cost',
		description: 'What the plan is best at. The least quality that each job asks for always holds.',
		options: [
			{
				name: 'Best Quality Within a Budget',
				value: 'best_quality',
				description: 'The highest quality, summed over all jobs, that the money buys',
			},
			{
				name: 'Least Cost',
				value: 'least_cost',
				description: 'The cheapest way that keeps every quality and deadline',
			},
		],
	},
	{
		displayName: 'Budget',
		name: 'budget',
		type: 'number',
		typeOptions: { minValue: 0, numberPrecision: 6 },
		default: 1,
		required: true,
		description:
			"Money for all jobs together, loads included, in the catalog's currency (GPU seconds where no server has a price)",
		displayOptions: { show: { goal: ['best_quality'] } },
	},
	{
		displayName: 'Deadline (Seconds)',
		name: 'batchDeadlineSeconds',
		type: 'number',
		typeOptions: { minValue: 0 },
		default: 0,
		hint: '0: none',
		description:
			'Seconds from now until all jobs are to be done. A deadline that a job brings holds besides; what an urgency gives does not count in a batch.',
	},
];

/** A plan is for jobs that come as items: most often each is a request. */
const requestFrom: INodeProperties[] = requestSource.map((property) =>
	property.name === 'requestFrom' ? { ...property, default: 'item' } : property,
);

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add Option',
	default: {},
	options: [
		{
			displayName: 'If It Does Not Fit',
			name: 'ifInfeasible',
			type: 'options',
			default: 'output',
			description:
				'What to do when the budget or a deadline cannot hold. By how much is in the summary either way.',
			options: [
				{
					name: 'Go On',
					value: 'output',
					description:
						'Jobs come out as near to the deadline as was found; without enough money, none is planned',
				},
				{ name: 'Stop the Execution', value: 'stop' },
			],
		},
		{
			displayName: 'Rows of the What-if Table',
			name: 'frontierPoints',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 50 },
			default: 8,
			description: 'How many budgets the summary shows cost and quality for. 0: none.',
		},
		{
			displayName: 'Server Timeout (Seconds)',
			name: 'timeoutSeconds',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 120 },
			default: 10,
			description: 'How long a ComfyUI server may take to answer before it counts as not reachable',
		},
	],
};

export const planBatchProperties: INodeProperties[] = [
	credentialsSlot,
	...goal,
	...requestFrom,
	...requestFields,
	...modelChoice,
	...catalogPropertiesWithPostgres,
	additionalFields,
	options,
];
