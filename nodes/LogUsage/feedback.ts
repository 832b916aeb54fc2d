/** Record Feedback and Make Feedback Links: opinions in, receipts and addresses out. */
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { RouterError } from '../../lib/errors';
import { parseOpinion } from '../../lib/feedback/parse';
import type { OpinionReceipt } from '../../lib/feedback/types';
import type { FeedbackPort } from '../../lib/ports';
import { failedItem } from '../shared/failed-item';
import { knowledgeOf } from '../shared/knowledge';
import { toNodeError } from '../shared/to-node-error';
import { usageStore } from '../shared/usage-store';

export type FeedbackOperation = 'feedback' | 'links';

export async function executeFeedback(
	context: IExecuteFunctions,
	operation: FeedbackOperation,
): Promise<INodeExecutionData[][]> {
	const port = await portOf(context);
	const work = operation === 'feedback' ? record : makeLinks;
	const output: INodeExecutionData[] = [];
	for (const [itemIndex, item] of context.getInputData().entries()) {
		try {
			const json = await work(context, itemIndex, port);
			output.push({
				json: { ...item.json, ...json },
				...(item.binary ? { binary: item.binary } : {}),
				pairedItem: { item: itemIndex },
			});
		} catch (error) {
			if (!context.continueOnFail()) throw toNodeError(context.getNode(), error, itemIndex);
			output.push(failedItem(context, item, itemIndex, error));
		}
	}
	return [output];
}

async function portOf(context: IExecuteFunctions): Promise<FeedbackPort> {
	try {
		const store = usageStore(await context.getCredentials('comfyUiRouterPostgresApi'));
		return knowledgeOf(store).opinions;
	} catch (error) {
		throw toNodeError(context.getNode(), error);
	}
}

async function record(
	context: IExecuteFunctions,
	itemIndex: number,
	port: FeedbackPort,
): Promise<IDataObject> {
	const parameter = (name: string): unknown =>
		context.getNodeParameter(name, itemIndex, undefined as never);
	const kind = String(parameter('feedbackKind'));
	const mustHaveToken = parameter('requireToken') === true;
	const opinion = parseOpinion({
		kind,
		job_id: String(parameter('feedbackJobId') ?? ''),
		user_id: String(parameter('feedbackUserId') ?? ''),
		token: mustHaveToken ? String(parameter('token') ?? '') : null,
		...(kind === 'preference'
			? { other_job_id: String(parameter('otherJobId') ?? '') }
			: { [kind]: parameter(kind) }),
	});
	const receipt = await port.record(opinion);
	if (!receipt.recorded) throw notRecorded(receipt);
	return { feedback: receipt as unknown as IDataObject };
}

async function makeLinks(
	context: IExecuteFunctions,
	itemIndex: number,
	port: FeedbackPort,
): Promise<IDataObject> {
	const jobId = String(context.getNodeParameter('feedbackJobId', itemIndex, '') ?? '').trim();
	const address = String(context.getNodeParameter('feedbackUrl', itemIndex, '')).trim();
	if (jobId === '' || !URL.canParse(address)) throw badLink(jobId);
	const token = (await port.tokens([jobId])).get(jobId) ?? '';
	const link = (more: Record<string, string>): string => {
		const url = new URL(address);
		for (const [name, value] of Object.entries({ job_id: jobId, token, ...more })) {
			url.searchParams.set(name, value);
		}
		return url.toString();
	};
	return {
		feedback_links: {
			job_id: jobId,
			token,
			up: link({ thumb: 'up' }),
			down: link({ thumb: 'down' }),
			stars: [1, 2, 3, 4, 5].map((stars) => link({ stars: String(stars) })),
		},
	};
}

function notRecorded(receipt: OpinionReceipt & { recorded: false }): RouterError {
	const { why, job_id: jobId } = receipt;
	const [message, hint] = {
		job: [
			`No successful run of job "${jobId}" is in the log.`,
			'Log the job with Log Usage (or Generate Image) first, and give the same Job ID.',
		],
		purpose: [
			'The two jobs had different purposes.',
			'Ask for a preference between results of the same purpose.',
		],
		token: [
			'The token does not belong to this job.',
			'Use the link that Make Feedback Links made.',
		],
	}[why] as [string, string];
	return new RouterError({ code: 'FEEDBACK_INVALID', message, hint });
}

function badLink(jobId: string): RouterError {
	return new RouterError({
		code: 'OPTIONS_INVALID',
		message: jobId === '' ? 'The job ID is empty.' : 'Address is not an address.',
		hint: 'Give the job ID that was logged, and the address of the webhook: https://n8n.example.com/webhook/feedback.',
	});
}
