/** The example workflows import cleanly, fit our nodes' descriptions, and do what they promise. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { IDataObject, INode, INodeProperties } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { parseCatalog } from '../../lib/catalog/parse';
import { type StandIn, startComfyUiStandIn } from '../../simulator/comfyui';
import { modelsFromCatalog } from '../../simulator/gpu';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { openBinaryStore } from './support/binary-store';
import { CORE_NODES } from './support/core-nodes';
import { comfyUiCredential, postgresCredential } from './support/fixtures';
import { descriptionOf } from './support/description-of';
import { runWorkflow, type WorkflowFile } from './support/harness';

const FOLDER = resolve(__dirname, '../../examples');
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
const load = (file: string) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as WorkflowFile;
const ours = (nodes: INode[]) => nodes.filter((node) => descriptionOf(node) !== undefined);

/** Problems of values against the description that n8n would show them with. */
function unknownParameters(
	values: IDataObject,
	properties: INodeProperties[],
	path: string,
): string[] {
	return Object.entries(values).flatMap(([name, value]) => {
		const property = properties.find((candidate) => candidate.name === name);
		if (!property) return [`${path}${name} is not a field`];
		if (property.type === 'collection') {
			return unknownParameters(
				value as IDataObject,
				property.options as INodeProperties[],
				`${path}${name}.`,
			);
		}
		if (property.type !== 'options' || String(value).startsWith('=')) return [];
		const known = (property.options as { value: unknown }[]).some(
			(option) => option.value === value,
		);
		return known ? [] : [`${path}${name} has no option ${value}`];
	});
}

describe.each(files)('%s', (file) => {
	const workflow = load(file);

	it('names nodes that exist, fields that they have, and credentials that they take', () => {
		expect(ours(workflow.nodes).length).toBeGreaterThan(0);
		for (const node of workflow.nodes) {
			if (descriptionOf(node)) continue;
			expect(Object.keys(CORE_NODES), node.name).toContain(node.type);
		}
		for (const node of ours(workflow.nodes)) {
			const description = descriptionOf(node);
			const properties = [...(description?.properties ?? [])];
			// n8n adds it to every polling trigger
			if (description?.polling) properties.push({ name: 'pollTimes', type: 'json' } as never);
			expect(unknownParameters(node.parameters as IDataObject, properties, '')).toEqual([]);
			const taken = description?.credentials?.map((credential) => credential.name);
			for (const name of Object.keys(node.credentials ?? {})) expect(taken).toContain(name);
		}
	});

	it('connects nodes that are there, and uses ids and names once', () => {
		const names = workflow.nodes.map((node) => node.name);
		const ids = workflow.nodes.map((node) => node.id);
		expect(new Set(names).size).toBe(names.length);
		expect(new Set(ids).size).toBe(ids.length);
		for (const [from, outputs] of Object.entries(workflow.connections)) {
			expect(names).toContain(from);
			const targets = Object.values(outputs).flatMap((lists) =>
				lists.flatMap((list) => list ?? []),
			);
			for (const target of targets) expect(names).toContain(target.node);
		}
		for (const [, name] of JSON.stringify(workflow).matchAll(/\$\('([^']+)'\)/g)) {
			expect(names).toContain(name);
		}
	});

	it('holds no secret and no address of a machine', () => {
		const text = JSON.stringify(workflow);
		expect(text).not.toMatch(/password|token|bearer/i);
		expect(text.match(/https?:\/\/[^\s"\\]+/g) ?? []).toSatisfy((urls: string[]) =>
			urls.every((url) => url.startsWith('http://localhost:5678')),
		);
	});
});

describe('the examples, run', () => {
	let server: StandIn;
	let database: TestDatabase;
	beforeAll(async () => {
		await openBinaryStore();
		const shipped = parseCatalog(
			JSON.parse(readFileSync(resolve(__dirname, '../../models_config.json'), 'utf8')),
		);
		server = await startComfyUiStandIn({ models: modelsFromCatalog(shipped), speedUp: 1000 });
		database = await createTestDatabase('examples');
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

	it('the webhook example selects, runs on ComfyUI, logs its times and answers', async () => {
		const body = { purpose: 'photo', urgency: 'normal', prompt: 'a lighthouse', job_id: 'web-1' };
		const { outputs, error } = await runWorkflow(
			load('select-and-log-webhook.json'),
			'Webhook',
			[{ json: { body } }],
			credentials(),
			CORE_NODES,
		);
		expect(error).toBeUndefined();
		expect(outputs.Answer?.[0]?.[0]?.json).toMatchObject({
			selection: { decision: 'selected', job_id: 'web-1' },
			usage: { status: 'success', timing_source: 'comfyui' },
			outputs: { 9: { images: [{ type: 'output' }] } },
		});
		expect(await usage()).toMatchObject([
			{ job_id: 'web-1', status: 'success', timing_source: 'comfyui' },
		]);
		expect(server.events.of('finished')).toHaveLength(1);
	});

	it('the webhook example answers a request that cannot be served with the reason, and logs it', async () => {
		const body = { purpose: 'photo', min_quality: 1, job_id: 'web-2' };
		const { outputs, error } = await runWorkflow(
			load('select-and-log-webhook.json'),
			'Webhook',
			[{ json: { body } }],
			credentials(),
			CORE_NODES,
		);
		expect(error).toBeUndefined();
		expect(outputs['Answer with the Reason']?.[0]?.[0]?.json).toMatchObject({
			selection: { decision: 'rejected' },
		});
		expect((await usage()).map((row) => row.status).sort()).toEqual(['rejected', 'success']);
	});

	it('the webhook example logs a workflow that ComfyUI refuses as an error, and answers', async () => {
		const workflow = load('select-and-log-webhook.json');
		const router = workflow.nodes.find((node) => node.name === 'Select Model') as INode;
		const graph = String(router.parameters.workflowJson);
		router.parameters.workflowJson = graph.replace('"VAEDecode"', '"NoSuchNode"');
		const body = { purpose: 'photo', job_id: 'web-3' };
		const { outputs, error } = await runWorkflow(
			workflow,
			'Webhook',
			[{ json: { body } }],
			credentials(),
			CORE_NODES,
		);
		expect(error).toBeUndefined();
		expect(outputs['Answer with the Failure']?.[0]?.[0]?.json.error).toMatch(/HTTP 400/);
		const row = (await usage()).find(({ job_id }) => job_id === 'web-3');
		expect(row).toMatchObject({ status: 'error', timing_source: 'wall' });
	});

	it('the example before any ComfyUI node hands over a workflow that is queued', async () => {
		const { outputs, error } = await runWorkflow(
			load('before-any-comfyui-node.json'),
			'Start',
			[{ json: {} }],
			credentials(),
			CORE_NODES,
		);
		expect(error).toBeUndefined();
		expect(outputs['Your ComfyUI Node']?.[0]?.[0]?.json.prompt_id).toBeTypeOf('string');
	});

	it('the nightly example syncs, calibrates and tells what changed; the night after it is silent', async () => {
		const workflow = load('nightly-sync.json');
		for (const node of ours(workflow.nodes)) {
			Object.assign(node.parameters, { catalogSource: 'postgres', catalogName: 'nightly' });
			if (node.name === 'Sync') node.parameters.options = { createMissing: true };
		}
		await database.sql
			.query(`insert into model_usage_log (job_id, attempt, model_name, preset, server,
			status, degraded, width, height, batch_size, steps, cfg, queue_seconds, run_seconds, load_seconds, cold,
			actual_seconds, timing_source)
			select 'night-' || n, 1, 'sdxl-base', 'full', 'gpu1', 'success', false, 1024, 1024, 1, 25, 8, 0, 11, 0,
			false, 11, 'comfyui' from generate_series(1, 20) n`);
		const night = () =>
			runWorkflow(workflow, 'Every Night', [{ json: {} }], credentials(), CORE_NODES);
		const { outputs, error } = await night();
		expect(error).toBeUndefined();
		const told = outputs['Tell Me']?.[0]?.[0]?.json;
		expect(told?.text).toMatch(/^sync: /);
		expect(told?.text).toMatch(/calibrate: \d+ figures learned/);
		expect(told?.text).toMatch(/~ sdxl-base \/ .*avg_time_seconds 5\.6 -> 1\d/);
		const second = await night();
		expect(second.error).toBeUndefined();
		expect(second.outputs['Nothing to Tell']?.[0]).toHaveLength(1);
	});

	it('the nightly example tells of a server that is down, and calibrates all the same', async () => {
		const workflow = load('nightly-sync.json');
		const { outputs, error } = await runWorkflow(
			workflow,
			'Every Night',
			[{ json: {} }],
			{ ...credentials(), ...comfyUiCredential('down=http://127.0.0.1:9') },
			CORE_NODES,
		);
		expect(error).toBeUndefined();
		expect(outputs['Tell Me']?.[0]?.[0]?.json.text).toMatch(
			/^Failed: The models of down cannot be listed[\s\S]*\ncalibrate: /,
		);
	});

	it('the image example answers with the image, and with the reason where there is none', async () => {
		const run = (body: IDataObject) =>
			runWorkflow(
				load('generate-image-webhook.json'),
				'Webhook',
				[{ json: { body } }],
				credentials(),
				CORE_NODES,
			);
		const made = await run({ purpose: 'photo', job_id: 'image-1' });
		expect(made.error).toBeUndefined();
		const answer = made.outputs['Answer with the Image']?.[0]?.[0];
		expect(answer?.binary?.image?.mimeType).toBe('image/png');
		const refused = await run({ purpose: 'photo', min_quality: 1, job_id: 'image-2' });
		expect(refused.outputs['Answer with the Reason']?.[0]?.[0]?.json).toMatchObject({
			details: { code: 'NOT_SERVED' },
		});
		const rows = (await usage()).filter(({ job_id }) => String(job_id).startsWith('image-'));
		expect(rows.map((row) => row.status).sort()).toEqual(['rejected', 'success']);
	});

	it('the example that submits fetches the image later', async () => {
		const { outputs, error } = await runWorkflow(
			load('generate-image-submit-and-fetch.json'),
			'Start',
			[{ json: {} }],
			credentials(),
			CORE_NODES,
		);
		expect(error).toBeUndefined();
		expect(outputs['Other Work']?.[0]?.[0]?.json).toMatchObject({ status: 'submitted' });
		expect(outputs['Fetch the Image']?.[0]?.[0]).toMatchObject({
			json: { status: 'done' },
			binary: { image: { mimeType: 'image/png' } },
		});
	});

	it('the overnight example plans all products together and runs them as planned, in that order', async () => {
		const { outputs, error } = await runWorkflow(
			load('product-shots-overnight.json'),
			'Every Night',
			[{ json: {} }],
			credentials(),
			CORE_NODES,
		);
		expect(error).toBeUndefined();
		const planned = outputs['Plan Batch']?.[0] ?? [];
		expect(planned).toHaveLength(5);
		expect(planned.map(({ json }) => (json.plan as IDataObject).position)).toEqual([1, 2, 3, 4, 5]);
		expect(outputs['What It Costs']?.[0]?.[0]?.json).toMatchObject({
			feasible: true,
			totals: { assigned: 5, late: 0 },
		});
		const made = outputs.Shop?.[0] ?? [];
		expect(made.map(({ binary }) => binary?.image?.mimeType)).toEqual(
			new Array<string>(5).fill('image/png'),
		);
		const as = ({ json }: { json: IDataObject }) => [json.sku, json.model_name, json.preset];
		expect(made.map(as)).toEqual(planned.map(as));
		for (const { json } of made) {
			expect(json.attempts).toMatchObject([{ attempt: 1, rung: null, status: 'success' }]);
		}
	});

	it('the weekly example mails the report of what the log holds, as a page of its own', async () => {
		await database.sql
			.query(`insert into model_usage_log (job_id, attempt, model_name, server, status, on_time,
			actual_cost, batch_size, quality_estimated)
			select 'week-' || n, 1, 'sdxl-base', 'gpu1', 'success', true, 0.5, 1, 0.4 from generate_series(1, 4) n`);
		const { outputs, error } = await runWorkflow(
			load('weekly-report.json'),
			'Every Monday',
			[{ json: {} }],
			credentials(),
			CORE_NODES,
		);
		expect(error).toBeUndefined();
		const report = outputs.Report?.[0]?.[0]?.json;
		expect(report).toMatchObject({ operation: 'report', currency: 'USD' });
		const mailed = outputs['Mail It']?.[0]?.[0]?.json as IDataObject;
		expect(mailed.subject).toMatch(/^ComfyUI: \d+ images from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d$/);
		expect(mailed.text).toMatch(/cost \d+\.\d\d USD\n/);
		const { fileName, mimeType, content } = mailed.attachment as Record<string, string>;
		expect(fileName).toMatch(/^comfyui-usage-\d{4}-\d\d-\d\d\.html$/);
		expect(mimeType).toBe('text/html');
		expect(content).toMatch(/^<!doctype html>[\s\S]*sdxl-base/);
	});

	it('the feedback example takes the links that it made, and no other', async () => {
		await database.sql
			.query(`insert into model_usage_log (job_id, attempt, model_name, preset, purpose, status, user_id)
			values ('job-1', 1, 'sdxl-base', 'full', 'photo', 'success', 'ana')`);
		const example = load('feedback-links.json');
		const run = (start: string, json: IDataObject) =>
			runWorkflow(example, start, [{ json }], credentials(), CORE_NODES);
		const made = await run('Start', {});
		const links = made.outputs['Make Feedback Links']?.[0]?.[0]?.json.feedback_links as {
			down: string;
			stars: string[];
		};
		const click = async (link: string, more: IDataObject = {}) => {
			const query = { ...Object.fromEntries(new URL(link).searchParams), ...more };
			const { outputs } = await run('A Rating', { query });
			return /<h1>(.*?)<\/h1>/.exec(String(outputs['Answer']?.[0]?.[0]?.json.body))?.[1];
		};
		const rated = `select quality_feedback from model_usage_log where job_id = 'job-1'`;
		const quality = async () => (await database.sql.query(rated)).rows[0].quality_feedback;
		const opened = await run('A Link Is Opened', { query: {} });
		expect(Object.keys(opened.outputs)).toEqual(['A Link Is Opened', 'Ask for a Click']);
		expect(await quality()).toBeNull();
		expect([await click(links.stars[3] as string), await quality()]).toEqual(['Thank you', 0.75]);
		expect([await click(links.down), await quality()]).toEqual(['Thank you', 0]);
		expect(await click(links.down, { key: 'forged' })).toBe('Not saved');
	});

	it('the monitor example reads the servers and records them', async () => {
		const { outputs, error } = await runWorkflow(
			load('vram-monitor.json'),
			'VRAM Monitor Trigger',
			null,
			credentials(),
			CORE_NODES,
		);
		expect(error).toBeUndefined();
		expect(outputs['VRAM Monitor Trigger']?.[0]?.[0]?.json).toMatchObject({ server: 'gpu1' });
		const { rows } = await database.sql.query('select server from vram_usage_log');
		expect(rows).toEqual([{ server: 'gpu1' }]);
	});
});
