/**
 * Runs our nodes in n8n-core's own execution contexts, without an n8n: real expressions, pairing, error outputs and
 * credential rules. Owns the stand-ins for what only an installed n8n has (node registry, credential store).
 */
// first: n8n-core looks for its user folder while it loads
import './user-folder';
import 'reflect-metadata';

import { Container } from '@n8n/di';
import { ErrorReporter, ExecutionLifecycleHooks, PollContext, WorkflowExecute } from 'n8n-core';
import {
	createRunExecutionData,
	type ICredentialDataDecryptedObject,
	type IConnections,
	type IDataObject,
	type INode,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
	type IRun,
	type IWorkflowExecuteAdditionalData,
	NodeConnectionTypes,
	type OnError,
	Workflow,
} from 'n8n-workflow';

import { ComfyUiApi } from '../../../credentials/ComfyUiApi.credentials';
import { ComfyUiRouterPostgresApi } from '../../../credentials/ComfyUiRouterPostgresApi.credentials';
import { GenerateImage } from '../../../nodes/GenerateImage/GenerateImage.node';
import { LogUsage } from '../../../nodes/LogUsage/LogUsage.node';
import { ManageModels } from '../../../nodes/ManageModels/ManageModels.node';
import { PlanBatch } from '../../../nodes/PlanBatch/PlanBatch.node';
import { SelectModel } from '../../../nodes/SelectModel/SelectModel.node';
import { VramMonitorTrigger } from '../../../nodes/VramMonitorTrigger/VramMonitorTrigger.node';

// n8n's reporter prints every error of a node with its stack; here errors are results
Container.set(ErrorReporter, { error: () => undefined, warn: () => undefined } as never);

export type Credentials = Record<string, ICredentialDataDecryptedObject>;

const PACKAGE = 'n8n-nodes-comfyui-router';
const START = 'test.start';

/** Stands where a trigger would: its items come from pinned data. */
const start: INodeType = {
	description: {
		displayName: 'Start',
		name: 'start',
		group: ['trigger'],
		version: 1,
		description: 'Start',
		defaults: {},
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		properties: [],
	},
	async execute() {
		return [[{ json: {} }]];
	},
};

export const OUR_NODES: Record<string, INodeType> = {
	[`${PACKAGE}.selectModel`]: new SelectModel(),
	[`${PACKAGE}.planBatch`]: new PlanBatch(),
	[`${PACKAGE}.generateImage`]: new GenerateImage(),
	[`${PACKAGE}.logUsage`]: new LogUsage(),
	[`${PACKAGE}.vramMonitorTrigger`]: new VramMonitorTrigger(),
	[`${PACKAGE}.manageModels`]: new ManageModels(),
};
const credentialTypes = [new ComfyUiApi(), new ComfyUiRouterPostgresApi()];

function nodeTypes(extra: Record<string, INodeType> = {}) {
	const known: Record<string, INodeType> = { [START]: start, ...OUR_NODES, ...extra };
	const get = (name: string): INodeType => {
		const found = known[name];
		if (!found) throw new Error(`The harness knows no node ${name}`);
		return found;
	};
	return { getByName: get, getByNameAndVersion: get, getKnownTypes: () => ({}) };
}

function additionalData(credentials: Credentials, name: string): IWorkflowExecuteAdditionalData {
	const typeOf = (type: string) => credentialTypes.find((candidate) => candidate.name === type);
	return {
		executionId: 'execution-7',
		webhookWaitingBaseUrl: 'http://localhost/wait',
		formWaitingBaseUrl: 'http://localhost/form',
		variables: {},
		currentNodeExecutionIndex: 0,
		credentialsHelper: {
			isCredentialUsableByNode: () => true,
			getParentTypes: () => [],
			getCredentialsProperties: (type: string) => typeOf(type)?.properties ?? [],
			getDecrypted: async (_data: unknown, _node: unknown, type: string) => credentials[type],
		},
		hooks: new ExecutionLifecycleHooks('manual', 'execution-7', {
			id: 'workflow-1',
			name,
		} as never),
	} as unknown as IWorkflowExecuteAdditionalData;
}

export interface RunOptions {
	/** Without the package's name. */
	type: string;
	parameters?: INodeParameters;
	items?: INodeExecutionData[];
	credentials?: Credentials;
	onError?: OnError;
	name?: string;
	/** Stops the execution, as the stop button does. */
	stop?: AbortSignal;
	/** What the node tells whoever watches the editor. */
	onMessage?: (message: unknown) => void;
}

export interface RunResult {
	/** Items of each output; the error output is the last one where there is one. */
	outputs: INodeExecutionData[][];
	/** What made the node fail, or undefined. */
	error: (Error & { description?: string; context?: IDataObject }) | undefined;
	hints: string[];
	/** The whole run, for looking for what must not be in it. */
	run: IRun;
}

function node(options: RunOptions): INode {
	const name = options.name ?? 'Subject';
	const type = options.type.includes('.') ? options.type : `${PACKAGE}.${options.type}`;
	const credentials = Object.fromEntries(
		Object.keys(options.credentials ?? {}).map((key) => [key, { id: key, name: key }]),
	);
	return {
		id: name,
		name,
		type,
		typeVersion: 1,
		position: [0, 0],
		parameters: options.parameters ?? {},
		credentials,
		...(options.onError ? { onError: options.onError } : {}),
	};
}

/** One node behind a start node that gives the items. */
export async function runNode(options: RunOptions): Promise<RunResult> {
	const subject = node(options);
	const startNode: INode = { ...node({ type: START, name: 'Start' }), credentials: {} };
	const workflow = new Workflow({
		id: 'workflow-1',
		nodes: [startNode, subject],
		connections: {
			Start: { main: [[{ node: subject.name, type: NodeConnectionTypes.Main, index: 0 }]] },
		},
		active: false,
		nodeTypes: nodeTypes() as never,
	});
	const items = options.items ?? [{ json: {} }];
	const data = additionalData(options.credentials ?? {}, 'harness');
	data.sendDataToUI = (_type, sent) =>
		options.onMessage?.((sent as { messages?: unknown[] }).messages?.[0]);
	const execution = new WorkflowExecute(
		data,
		'manual',
		createRunExecutionData({ resultData: { pinData: { Start: items }, runData: {} } }),
	);
	const running = execution.run({ workflow, startNode, pinData: { Start: items } });
	options.stop?.addEventListener('abort', () => running.cancel());
	const run = await running;
	const task = run.data.resultData.runData[subject.name]?.[0];
	return {
		outputs: (task?.data?.main ?? []).map((output) => output ?? []),
		error: (task?.error ?? run.data.resultData.error) as RunResult['error'],
		hints: (task?.hints ?? []).map((hint) => hint.message),
		run,
	};
}

export interface PollOptions extends Omit<RunOptions, 'items' | 'onError'> {
	mode?: 'manual' | 'trigger';
}

/** A trigger whose static data lives from poll to poll, as in an activated workflow. */
export function pollingNode(options: PollOptions): () => Promise<INodeExecutionData[] | null> {
	const subject = node(options);
	const workflow = new Workflow({
		id: 'workflow-1',
		nodes: [subject],
		connections: {},
		active: true,
		nodeTypes: nodeTypes() as never,
	});
	return async () => {
		const context = new PollContext(
			workflow,
			subject,
			additionalData(options.credentials ?? {}, 'harness'),
			options.mode ?? 'trigger',
			options.mode === 'manual' ? 'manual' : 'activate',
		);
		const type = OUR_NODES[subject.type] as INodeType;
		const result = await type.poll?.call(context);
		return result?.[0] ?? null;
	};
}

/** The file of an exported workflow, as far as it is run here. */
export interface WorkflowFile {
	name: string;
	nodes: INode[];
	connections: IConnections;
}

/**
 * A whole workflow from its trigger on.
 * @param items what the trigger gives; null lets the trigger itself run
 * @returns items of every node's first run by node name and output
 */
export async function runWorkflow(
	file: WorkflowFile,
	trigger: string,
	items: INodeExecutionData[] | null,
	credentials: Credentials,
	extraNodes: Record<string, INodeType>,
): Promise<{ outputs: Record<string, INodeExecutionData[][]>; error: Error | undefined }> {
	const workflow = new Workflow({
		id: 'workflow-1',
		nodes: file.nodes,
		connections: file.connections,
		active: false,
		nodeTypes: nodeTypes(extraNodes) as never,
	});
	const pinData = items ? { [trigger]: items } : {};
	const execution = new WorkflowExecute(
		additionalData(credentials, file.name),
		'manual',
		createRunExecutionData({ resultData: { pinData, runData: {} } }),
	);
	const startNode = workflow.getNode(trigger) ?? undefined;
	const run = await execution.run({ workflow, startNode, pinData });
	const outputs = Object.entries(run.data.resultData.runData).map(([name, tasks]) => [
		name,
		(tasks.at(-1)?.data?.main ?? []).map((output) => output ?? []),
	]);
	return { outputs: Object.fromEntries(outputs), error: run.data.resultData.error };
}
