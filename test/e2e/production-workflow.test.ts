/** The main job in a real n8n: webhook, Select Model, the graph queued in ComfyUI, Log Usage, the row in Postgres. */
import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { nodeOutput } from '../../scripts/n8n-instance/rest-client.mjs';
import {
	type ImportedWorkflow,
	type Lab,
	openLab,
	readExample,
	withOwnWebhook,
} from '../support/e2e-lab';

let lab: Lab;
/** Of one try: a test that is tried again finds no rows of the first. */
let jobId: string;
let workflow: ImportedWorkflow;
let path: string;

beforeAll(async () => {
	lab = await openLab('gpu-one');
	const example = withOwnWebhook(readExample('select-and-log-webhook.json'));
	path = example.path;
	workflow = await lab.importWorkflow(example.workflow);
	await lab.rest.activate(workflow);
});

beforeEach(() => {
	jobId = `e2e-${randomUUID()}`;
});

afterAll(async () => {
	await lab?.close();
});

async function usageRow(): Promise<Record<string, unknown>> {
	const text = 'select * from model_usage_log where job_id = $1';
	const { rows } = await lab.database.sql.query(text, [jobId]);
	expect(rows).toHaveLength(1);
	return rows[0];
}

type Graph = Record<string, { class_type: string; inputs: Record<string, unknown> }>;

/** What ComfyUI says that it ran: `prompt` is number, id, graph, extra data, outputs. */
async function ranGraph(promptId: string): Promise<Graph> {
	const response = await fetch(`${lab.comfyui.url}/history/${promptId}`);
	const history = (await response.json()) as Record<string, { prompt: unknown[] }>;
	return history[promptId]?.prompt[2] as Graph;
}

describe('the activated production workflow', () => {
	it('answers with the model, its reason and the prompt, and logs the times that ComfyUI measured', async () => {
		const { status, body } = await lab.rest.webhook(path, {
			job_id: jobId,
			purpose: 'photo',
			urgency: 'normal',
			prompt: 'a lighthouse at dusk',
			user_id: 'ada',
		});

		expect(status, JSON.stringify(body)).toBe(200);
		const { selection } = body;
		expect(selection).toMatchObject({
			decision: 'selected',
			job_id: jobId,
			server: 'gpu-one',
			server_url: lab.comfyui.url,
		});
		expect(selection.model_name).not.toBe('');
		expect(selection.selection_reason).toContain(selection.model_name);

		const row = await usageRow();
		expect(row).toMatchObject({
			job_id: jobId,
			attempt: 1,
			user_id: 'ada',
			workflow_id: workflow.id,
			server: 'gpu-one',
			model_name: selection.model_name,
			preset: selection.preset,
			purpose: 'photo',
			urgency: 'normal',
			selection_reason: selection.selection_reason,
			status: 'success',
			timing_source: 'comfyui',
			prompt_id: body.prompt_id,
			cold: true,
		});
		expect(Number(row.actual_seconds)).toBeGreaterThan(0);
	});

	it('hands the job the file and steps of the model that was selected', async () => {
		const { body } = await lab.rest.webhook(path, {
			job_id: jobId,
			purpose: 'draft',
			urgency: 'urgent',
			prompt: 'a red door',
		});

		const graph = await ranGraph(body.prompt_id);
		const byClass = (name: string) =>
			Object.values(graph).find((node) => node.class_type === name)?.inputs;
		expect(byClass('CheckpointLoaderSimple')).toEqual({
			ckpt_name: body.selection.files.checkpoint,
		});
		expect(byClass('KSampler')).toMatchObject({
			steps: body.selection.parameters.steps,
			cfg: body.selection.parameters.cfg,
			sampler_name: body.selection.parameters.sampler_name,
		});
	});

	it('keeps the model name and the reason on the item that leaves Select Model', async () => {
		const executions = await lab.rest.waitForExecutions(workflow.id, 1);
		const [item] = nodeOutput(executions[0], 'Select Model');

		expect(item.model_name).toBe(item.selection.model_name);
		expect(item.selection_reason).toBe(item.selection.selection_reason);
		expect(item.body.purpose).toBe(item.selection.request.purpose);
	});

	it('takes the rejected branch with a code and a hint, and logs the rejection', async () => {
		const { status, body } = await lab.rest.webhook(path, {
			job_id: jobId,
			purpose: 'photo',
			min_quality: 1,
		});

		expect(status).toBe(422);
		expect(body.selection).toMatchObject({ decision: 'rejected', job_id: jobId });
		expect(body.selection.rejection.code).not.toBe('');
		expect(body.selection.rejection.hint).not.toBe('');
		expect(await usageRow()).toMatchObject({ status: 'rejected', prompt_id: null });
	});
});
