/** Generate Image behind a webhook in a real n8n, for benchmarks: started, called, read out, stopped. */
import { join } from 'node:path';

import type { Catalog } from '../../lib/catalog/schema';
import { startN8n } from '../../scripts/n8n-instance/instance.mjs';
import { provisionPostgres } from '../../scripts/provision/postgres.mjs';
import { postgresCredential } from '../../scripts/start/credentials.mjs';

const ROOT = join(__dirname, '..', '..');
const PATH = 'bench-generate';
const NODE = 'Generate Image';
const SAVED_WITHIN_MS = 20_000;

export interface RunningWorkflow {
	pid: number;
	/** n8n's address. */
	url: string;
	/** What the workflow answers: an entry per item. @throws Error with what n8n says instead */
	call(body: Record<string, unknown>): Promise<Record<string, unknown>[]>;
	/** n8n's own `executionTime` of the node in the execution that made this prompt, ms. */
	executionMs(promptId: string): Promise<number>;
	/** Rows in model_usage_log by status. */
	logged(): Promise<Record<string, number>>;
	close(): Promise<void>;
}

export interface WorkflowOptions {
	catalog: Catalog;
	/** As the credential has it. */
	servers: string;
	/** Log attempts in Postgres. */
	log: boolean;
	/** Node parameters over the defaults. */
	parameters?: Record<string, unknown>;
	env?: Record<string, string>;
}

type Rest = Awaited<ReturnType<typeof startN8n>>['rest'];

export async function startWorkflow(options: WorkflowOptions): Promise<RunningWorkflow> {
	const postgres = await provisionPostgres();
	const [databaseUrl, logUrl] = [await makeDatabase(postgres.url, 'n8n'), postgres.url];
	const env = { N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem', ...options.env };
	const n8n = await startN8n({ databaseUrl, packageDir: ROOT, env });
	const { rest } = n8n;
	const workflow = await rest.createWorkflow(await workflowOf(rest, options, logUrl));
	await rest.activate(workflow);
	await rest.webhook(PATH, { items: [] });
	return {
		pid: n8n.pid,
		url: n8n.url,
		call: (body) => call(rest, body),
		executionMs: (promptId) => executionMs(rest, workflow.id, promptId),
		logged: () => loggedRows(logUrl),
		close: async () => {
			await n8n.stop();
			await postgres.stop();
		},
	};
}

async function workflowOf(rest: Rest, options: WorkflowOptions, logUrl: string): Promise<object> {
	const comfyui = await rest.createCredential('ComfyUI', 'comfyUiApi', {
		servers: options.servers,
		authentication: 'none',
	});
	const log = options.log
		? await rest.createCredential(
				'Postgres',
				'comfyUiRouterPostgresApi',
				postgresCredential(logUrl),
			)
		: null;
	const node = (
		name: string,
		type: string,
		typeVersion: number,
		parameters: object,
		x: number,
	) => ({
		id: name,
		name,
		type,
		typeVersion,
		parameters,
		position: [x, 0],
	});
	const to = (target: string) => ({ main: [[{ node: target, type: 'main', index: 0 }]] });
	return {
		name: 'bench',
		nodes: [
			{
				...node('Webhook', 'n8n-nodes-base.webhook', 2, webhookParameters, 0),
				webhookId: PATH,
			},
			node('Items', 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'body.items' }, 200),
			{
				...node(
					NODE,
					'n8n-nodes-comfyui-router.generateImage',
					1,
					{
						requestFrom: 'item',
						catalogSource: 'json',
						catalogJson: JSON.stringify(options.catalog),
						...options.parameters,
					},
					400,
				),
				credentials: {
					comfyUiApi: { id: comfyui.id, name: comfyui.name },
					...(log ? { comfyUiRouterPostgresApi: { id: log.id, name: log.name } } : {}),
				},
			},
		],
		connections: { Webhook: to('Items'), Items: to(NODE) },
		settings: { executionOrder: 'v1' },
	};
}

const webhookParameters = {
	httpMethod: 'POST',
	path: PATH,
	responseMode: 'lastNode',
	responseData: 'allEntries',
	options: {},
};

async function call(rest: Rest, body: Record<string, unknown>): Promise<Record<string, unknown>[]> {
	const answer = await rest.webhook(PATH, body);
	if (answer.status === 200 && Array.isArray(answer.body)) return answer.body;
	throw new Error(`n8n answered ${answer.status}: ${JSON.stringify(answer.body).slice(0, 500)}`);
}

interface SavedExecution {
	data?: { resultData?: { runData?: Record<string, { executionTime: number }[]> } };
}

async function executionMs(rest: Rest, workflowId: string, promptId: string): Promise<number> {
	const query = `workflowId=${workflowId}&includeData=true&limit=3`;
	const endMs = Date.now() + SAVED_WITHIN_MS;
	while (Date.now() < endMs) {
		const { data } = (await rest.call('GET', `/api/v1/executions?${query}`)) as {
			data: SavedExecution[];
		};
		const found = data.find((one) => JSON.stringify(one.data ?? null).includes(promptId));
		const [task] = found?.data?.resultData?.runData?.[NODE] ?? [];
		if (task) return task.executionTime;
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	throw new Error(`n8n saved no execution of the prompt ${promptId}.`);
}

async function makeDatabase(adminUrl: string, name: string): Promise<string> {
	const { default: pg } = await import('pg');
	const client = new pg.Client({ connectionString: adminUrl });
	await client.connect();
	await client.query(`create database ${name}`);
	await client.end();
	const url = new URL(adminUrl);
	url.pathname = `/${name}`;
	return url.toString();
}

async function loggedRows(url: string): Promise<Record<string, number>> {
	const { default: pg } = await import('pg');
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	const text = 'select status, count(*)::int as rows from model_usage_log group by status';
	const { rows } = await client.query<{ status: string; rows: number }>(text);
	await client.end();
	return Object.fromEntries(rows.map((row) => [row.status, row.rows]));
}
