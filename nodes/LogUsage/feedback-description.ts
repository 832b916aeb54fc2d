/** The fields of Record Feedback and Make Feedback Links. */
import type { INodeProperties } from 'n8n-workflow';

const forRecord = { operation: ['feedback'] };
const forLinks = { operation: ['links'] };
const jobDefault = '={{ $json.usage?.job_id ?? $json.job_id }}';

export const feedbackProperties: INodeProperties[] = [
	{
		displayName: 'Job ID',
		name: 'feedbackJobId',
		type: 'string',
		default: jobDefault,
		required: true,
		description: 'Of the job that was logged; of a preference, the one that was liked better',
		displayOptions: { show: { operation: ['feedback', 'links'] } },
	},
	{
		displayName: 'Feedback',
		name: 'feedbackKind',
		type: 'options',
		default: 'stars',
		description: 'What kind of opinion it is',
		options: [
			{ name: 'Preferred of Two', value: 'preference', description: 'This job was liked better' },
			{ name: 'Score', value: 'score', description: 'A number from 0 to 1' },
			{ name: 'Stars', value: 'stars', description: 'A number from 1 to 5' },
			{ name: 'Thumb', value: 'thumb', description: 'Up or down' },
		],
		displayOptions: { show: forRecord },
	},
	{
		displayName: 'Stars',
		name: 'stars',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: 5, numberPrecision: 1 },
		default: 5,
		required: true,
		description: 'From 1, the worst, to 5',
		displayOptions: { show: { ...forRecord, feedbackKind: ['stars'] } },
	},
	{
		displayName: 'Score',
		name: 'score',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 3 },
		default: 1,
		required: true,
		description: 'From 0, the worst, to 1',
		displayOptions: { show: { ...forRecord, feedbackKind: ['score'] } },
	},
	{
		displayName: 'Thumb',
		name: 'thumb',
		type: 'options',
		default: 'up',
		description: 'Whether the result was liked',
		options: [
			{ name: 'Down', value: 'down' },
			{ name: 'Up', value: 'up' },
		],
		displayOptions: { show: { ...forRecord, feedbackKind: ['thumb'] } },
	},
	{
		displayName: 'Job ID Liked Less',
		name: 'otherJobId',
		type: 'string',
		default: '',
		required: true,
		description: 'The other job of the same purpose',
		displayOptions: { show: { ...forRecord, feedbackKind: ['preference'] } },
	},
	{
		displayName: 'User ID',
		name: 'feedbackUserId',
		type: 'string',
		default: '',
		description:
			'Whose opinion it is. Left empty: of the user of the job. A later opinion of the same user replaces the one before.',
		displayOptions: { show: forRecord },
	},
	{
		displayName: 'Require a Token',
		name: 'requireToken',
		type: 'boolean',
		default: false,
		description:
			'Whether the opinion must carry the token that Make Feedback Links gave to this job. Switch it on where everybody can call the workflow.',
		displayOptions: { show: forRecord },
	},
	{
		displayName: 'Token',
		name: 'token',
		type: 'string',
		typeOptions: { password: true },
		default: '={{ $json.query?.token ?? $json.token }}',
		description: 'As it came with the link',
		displayOptions: { show: { ...forRecord, requireToken: [true] } },
	},
	{
		displayName: 'Address',
		name: 'feedbackUrl',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. https://n8n.example.com/webhook/feedback',
		description: 'Of the webhook that records the feedback, as people can reach it',
		displayOptions: { show: forLinks },
	},
];
