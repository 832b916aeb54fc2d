/** The templates for usual cases, run: an urgent post, a form with a quota, and what an agent's tool is given. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { INode } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore } from '../../adapters/postgres/store';
import { parseCatalog } from '../../lib/catalog/parse';
import { type StandIn, startComfyUiStandIn } from '../../simulator/comfyui';
import { modelsFromCatalog } from '../../simulator/gpu';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { openBinaryStore } from './support/binary-store';
import { CORE_NODES } from './support/core-nodes';
import { comfyUiCredential, postgresCredential } from './support/fixtures';
import { runWorkflow, type WorkflowFile } from './support/harness';

const ROOT = resolve(__dirname, '../..');
const load = (file: string) =>
	JSON.parse(readFileSync(join(ROOT, 'examples', file), 'utf8')) as WorkflowFile;

describe('the templates, run', () => {
	let server: StandIn;
	let database: TestDatabase;
	beforeAll(async () => {
		await openBinaryStore();
		const text = readFileSync(join(ROOT, 'models_config.json'), 'utf8');
		const models = modelsFromCatalog(parseCatalog(JSON.parse(text)));
		server = await startComfyUiStandIn({ models, speedUp: 1000 });
		database = await createTestDatabase('templates');
		const store = createPostgresStore({ connection: database.url });
		await store.migrate();
		await store.close();
		// before the first run: limits that are set later hold after some seconds
		await database.sql.query(
			`insert into quota_limit (subject_kind, subject, period, images)
			values ('user', 'ana@example.com', 'day', 1)`,
		);
	});
	afterAll(async () => {
		await server.close();
		await database.close();
	});
	const credentials = () => ({
		...comfyUiCredential(`gpu1=${server.url}`),
		...postgresCredential(database.url),
	});
	const usage = async () => (await database.sql.query('select * from model_usage_log')).rows;

	it('the social post example is urgent, upright, and answers with the image', async () => {
		const { outputs, error } = await runWorkflow(
			load('urgent-social-post.json'),
			'Webhook',
			[{ json: { body: { text: 'a ginger cat wins the chess final' } } }],
			credentials(),
			CORE_NODES,
		);
		expect(error).toBeUndefined();
		const answer = outputs['Answer with the Image']?.[0]?.[0];
		expect(answer?.binary?.image?.mimeType).toBe('image/png');
		const row = (await usage()).find(({ purpose }) => purpose === 'illustration');
		expect(row).toMatchObject({ urgency: 'urgent', width: 1024, height: 1280, status: 'success' });
	});

	it('the form example shows the image, and to whoever has none left, why', async () => {
		const workflow = load('form-with-quota.json');
		const maker = workflow.nodes.find(({ name }) => name === 'Generate Image') as INode;
		// every execution of n8n has a job of its own; here they share one id
		maker.parameters.requestJson = String(maker.parameters.requestJson).replace(
			'user_id:',
			'job_id: $json.job, user_id:',
		);
		const given = {
			'E-mail': 'ana@example.com',
			'What should it show?': 'a boat',
			'What is it for?': 'photo',
		};
		const ask = (job: string) =>
			runWorkflow(workflow, 'Form', [{ json: { ...given, job } }], credentials(), CORE_NODES);
		const first = await ask('form-1');
		expect(first.error).toBeUndefined();
		expect(first.outputs['Show the Image']?.[0]?.[0]).toMatchObject({
			json: { title: 'Here it is' },
			binary: { image: { mimeType: 'image/png' } },
		});
		const second = await ask('form-2');
		expect(second.error).toBeUndefined();
		expect(second.outputs['Show the Image'] ?? []).toEqual([]);
		expect(second.outputs['Show the Reason']?.[0]?.[0]?.json.message).toMatch(/ana@example.com/);
	});

	it('the agent example hands its tool what the agent may decide, and the rest of a request is set', () => {
		const { nodes } = load('ai-agent-tool.json');
		const tool = nodes.find(({ name }) => name === 'Generate Image') as INode;
		const asked = [...JSON.stringify(tool.parameters).matchAll(/\$fromAI\('(\w+)'/g)];
		expect(asked.map(([, name]) => name)).toEqual(['prompt', 'purpose', 'urgency']);
		for (const [, name] of asked) expect(tool.parameters).toHaveProperty(String(name));
	});
});
