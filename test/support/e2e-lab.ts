/** What an end-to-end file works with: n8n, a stand-in ComfyUI, a database of its own, and credentials for both. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { N8nRestClient } from '../../scripts/n8n-instance/rest-client.mjs';
import { postgresCredential } from '../../scripts/start/credentials.mjs';
import { withCredentials } from '../../scripts/start/content.mjs';
import { modelsFromCatalog, type StandIn, startComfyUiStandIn } from '../../simulator';
import { checkpointModels, ROOT } from './checkpoint-models';
import { connectN8n } from './n8n';
import { createTestDatabase, type TestDatabase } from './postgres';

export { ROOT };

/** Simulated seconds per second: a run of a minute takes a second or two. */
const SPEED_UP = 40;

export interface CredentialReference {
	id: string;
	name: string;
	type: string;
}

export interface Lab {
	rest: N8nRestClient;
	comfyui: StandIn;
	database: TestDatabase;
	credentials: CredentialReference[];
	/** Imports a workflow with this lab's credentials in it. */
	importWorkflow(workflow: WorkflowJson): Promise<ImportedWorkflow>;
	/** Deletes its workflows and stops what it started. */
	close(): Promise<void>;
}

export interface WorkflowNode {
	name: string;
	type: string;
	parameters: Record<string, unknown>;
	webhookId?: string;
	[key: string]: unknown;
}

export interface WorkflowJson {
	name: string;
	nodes: WorkflowNode[];
	connections: Record<string, unknown>;
	settings?: Record<string, unknown>;
}

export interface ImportedWorkflow extends WorkflowJson {
	id: string;
	versionId: string;
}

/** A server that is known by `name` in selections and logs. */
export async function openLab(serverName: string): Promise<Lab> {
	const rest = await connectN8n();
	const database = await createTestDatabase('router');
	const models = modelsFromCatalog(checkpointModels());
	const comfyui = await startComfyUiStandIn({ models, speedUp: SPEED_UP });
	const credentials = [
		await rest.createCredential(`ComfyUI ${serverName}`, 'comfyUiApi', {
			servers: `${serverName}=${comfyui.url}`,
			authentication: 'none',
		}),
		await rest.createCredential(
			`Postgres ${serverName}`,
			'comfyUiRouterPostgresApi',
			postgresCredential(database.url),
		),
	];
	const imported: ImportedWorkflow[] = [];
	return {
		rest,
		comfyui,
		database,
		credentials,
		async importWorkflow(workflow) {
			const created = await rest.createWorkflow(withCredentials(workflow, credentials));
			imported.push(created);
			return created;
		},
		async close() {
			for (const workflow of imported) await rest.deactivate(workflow);
			await comfyui.close();
			await database.close();
		},
	};
}

/** A shipped example, as a person would import it. */
export function readExample(file: string): WorkflowJson {
	return JSON.parse(readFileSync(join(ROOT, 'examples', file), 'utf8')) as WorkflowJson;
}

/** The workflow with a webhook path that nothing else in the shared n8n listens on. @returns both */
export function withOwnWebhook(workflow: WorkflowJson): { workflow: WorkflowJson; path: string } {
	const path = `test-${randomBytes(6).toString('hex')}`;
	const nodes = workflow.nodes.map((node) =>
		node.type === 'n8n-nodes-base.webhook'
			? { ...node, webhookId: path, parameters: { ...node.parameters, path } }
			: node,
	);
	return { workflow: { ...workflow, name: `${workflow.name} ${path}`, nodes }, path };
}

/** The workflow with some parameters of one node set otherwise. */
export function withParameters(
	workflow: WorkflowJson,
	nodeName: string,
	parameters: Record<string, unknown>,
): WorkflowJson {
	const nodes = workflow.nodes.map((node) =>
		node.name === nodeName ? { ...node, parameters: { ...node.parameters, ...parameters } } : node,
	);
	return { ...workflow, nodes };
}
