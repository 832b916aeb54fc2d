/**
 * The few nodes of n8n's own set that the examples use, as far as the examples use them: enough to run an example's
 * expressions and wiring. How n8n's real ones behave is for the end-to-end tests.
 */
import {
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	NodeConnectionTypes,
	NodeOperationError,
} from 'n8n-workflow';

type Run = (context: IExecuteFunctions) => Promise<INodeExecutionData[][]>;

function coreNode(name: string, parameters: string[], outputs: number, run: Run): INodeType {
	return {
		description: {
			displayName: name,
			name,
			group: ['transform'],
			version: 1,
			description: name,
			defaults: {},
			inputs: [NodeConnectionTypes.Main],
			outputs: new Array(outputs).fill(NodeConnectionTypes.Main),
			properties: parameters.map((parameter) => ({
				displayName: parameter,
				name: parameter,
				type: 'json',
				default: '',
			})),
		},
		async execute(this: IExecuteFunctions) {
			return await run(this);
		},
	};
}

const passOn: Run = async (context) => [context.getInputData()];

async function send(context: IExecuteFunctions, item: number): Promise<IDataObject> {
	const method = (context.getNodeParameter('method', item) as string) || 'GET';
	const body =
		method === 'POST' ? (context.getNodeParameter('jsonBody', item) as string) : undefined;
	try {
		const answer = await fetch(context.getNodeParameter('url', item) as string, { method, body });
		if (!answer.ok) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`);
		return (await answer.json()) as IDataObject;
	} catch (error) {
		if (context.continueOnFail()) return { error: (error as Error).message };
		throw new NodeOperationError(context.getNode(), error as Error);
	}
}

const request: Run = async (context) => {
	const answers = context.getInputData().map(async (_item, item): Promise<INodeExecutionData> => ({
		json: await send(context, item),
		pairedItem: { item },
	}));
	return [await Promise.all(answers)];
};

const fork: Run = async (context) => {
	const branches: INodeExecutionData[][] = [[], []];
	for (const [index, item] of context.getInputData().entries()) {
		const { conditions } = context.getNodeParameter('conditions', index) as {
			conditions: { leftValue: unknown }[];
		};
		branches[conditions[0]?.leftValue ? 0 : 1]?.push(item);
	}
	return branches;
};

const pause: Run = async (context) => {
	await new Promise((resolve) => setTimeout(resolve, 20));
	return [context.getInputData()];
};

const setJson: Run = async (context) => [
	context.getInputData().map((_item, item) => ({
		json: JSON.parse(context.getNodeParameter('jsonOutput', item) as string),
		pairedItem: { item },
	})),
];

const splitOut: Run = async (context) => [
	context.getInputData().flatMap(({ json }, item) => {
		const field = context.getNodeParameter('fieldToSplitOut', item) as string;
		const parts = json[field] as IDataObject[];
		return parts.map((part) => ({ json: part, pairedItem: { item } }));
	}),
];

const respond: Run = async (context) => [
	context.getInputData().map((given, item) => {
		const kind = context.getNodeParameter('respondWith', item);
		if (kind === 'binary') return given;
		const body = context.getNodeParameter('responseBody', item) as string;
		if (kind === 'text') return { json: { body }, pairedItem: { item } };
		return { json: JSON.parse(body), pairedItem: { item } };
	}),
];

/** What would be sent: the fields, and the attached files as text. */
const mail: Run = async (context) => {
	const mails = context.getInputData().map(async (_item, item): Promise<INodeExecutionData> => {
		const field = (name: string) => context.getNodeParameter(name, item) as string;
		const { attachments } = context.getNodeParameter('options', item) as { attachments: string };
		const content = (await context.helpers.getBinaryDataBuffer(item, attachments)).toString();
		const { fileName, mimeType } = context.helpers.assertBinaryData(item, attachments);
		return {
			json: {
				to: field('toEmail'),
				subject: field('subject'),
				text: field('text'),
				attachment: { fileName: fileName ?? '', mimeType, content },
			},
			pairedItem: { item },
		};
	});
	return [await Promise.all(mails)];
};

/** What the last page of a form says, with the file that it shows. */
const lastPage: Run = async (context) => [
	context.getInputData().map((given, item) => ({
		...given,
		json: {
			title: context.getNodeParameter('completionTitle', item) as string,
			message: context.getNodeParameter('completionMessage', item) as string,
		},
		pairedItem: { item },
	})),
];

const B = 'n8n-nodes-base';
const AI = '@n8n/n8n-nodes-langchain';
export const CORE_NODES: Record<string, INodeType> = {
	[`${B}.webhook`]: coreNode(
		'webhook',
		['httpMethod', 'path', 'responseMode', 'options'],
		1,
		passOn,
	),
	[`${B}.formTrigger`]: coreNode(
		'formTrigger',
		['formTitle', 'formDescription', 'formFields', 'responseMode', 'options'],
		1,
		passOn,
	),
	[`${B}.form`]: coreNode(
		'form',
		[
			'operation',
			'respondWith',
			'completionTitle',
			'completionMessage',
			'inputDataFieldName',
			'options',
		],
		1,
		lastPage,
	),
	[`${AI}.chatTrigger`]: coreNode('chatTrigger', ['options'], 1, passOn),
	[`${AI}.agent`]: coreNode('agent', ['options'], 1, passOn),
	[`${AI}.lmChatOpenAi`]: coreNode('lmChatOpenAi', ['options'], 1, passOn),
	[`${B}.scheduleTrigger`]: coreNode('scheduleTrigger', ['rule'], 1, passOn),
	[`${B}.emailSend`]: coreNode(
		'emailSend',
		['fromEmail', 'toEmail', 'subject', 'emailFormat', 'text', 'options'],
		1,
		mail,
	),
	[`${B}.manualTrigger`]: coreNode('manualTrigger', [], 1, passOn),
	[`${B}.noOp`]: coreNode('noOp', [], 1, passOn),
	[`${B}.stickyNote`]: coreNode('stickyNote', ['content', 'width', 'height'], 1, passOn),
	[`${B}.httpRequest`]: coreNode(
		'httpRequest',
		['method', 'url', 'sendBody', 'specifyBody', 'jsonBody', 'options'],
		1,
		request,
	),
	[`${B}.if`]: coreNode('if', ['conditions', 'options'], 2, fork),
	[`${B}.wait`]: coreNode('wait', ['amount', 'unit'], 1, pause),
	[`${B}.set`]: coreNode('set', ['mode', 'jsonOutput', 'options'], 1, setJson),
	[`${B}.splitOut`]: coreNode('splitOut', ['fieldToSplitOut', 'options'], 1, splitOut),
	[`${B}.respondToWebhook`]: coreNode(
		'respondToWebhook',
		['respondWith', 'responseBody', 'responseDataSource', 'inputFieldName', 'options'],
		1,
		respond,
	),
};
