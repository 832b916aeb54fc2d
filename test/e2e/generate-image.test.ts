/** Generate Image in a real n8n: webhook in, image out, rows in Postgres; a stopped execution stops its prompt. */
import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { nodeOutput, until } from '../../scripts/n8n-instance/rest-client.mjs';
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
	lab = await openLab('gpu-images');
	const example = withOwnWebhook(readExample('generate-image-webhook.json'));
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

async function rows(): Promise<Record<string, unknown>[]> {
	const text = 'select * from model_usage_log where job_id = $1 order by attempt';
	return (await lab.database.sql.query(text, [jobId])).rows;
}

function ask(body: Record<string, unknown>): Promise<Response> {
	return fetch(`${lab.rest.url}/webhook/${path}`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
}

describe('Generate Image behind a webhook', () => {
	it('answers a refused request with the reason, and logs it', async () => {
		// waits until the webhook is there
		const { status, body } = await lab.rest.webhook(path, {
			job_id: jobId,
			purpose: 'photo',
			min_quality: 1,
		});
		expect(status, JSON.stringify(body)).toBe(503);
		expect(body).toMatchObject({ details: { code: 'NOT_SERVED' } });
		expect(await rows()).toMatchObject([{ status: 'rejected' }]);
	});

	it('answers with the image itself, and logs the attempt', async () => {
		const response = await ask({
			job_id: jobId,
			purpose: 'photo',
			urgency: 'flexible',
			prompt: 'a lighthouse at dusk',
			user_id: 'ada',
		});
		const image = Buffer.from(await response.arrayBuffer());
		expect(response.status, image.toString('utf8', 0, 300)).toBe(200);
		expect(response.headers.get('content-type')).toBe('image/png');
		expect(image.toString('latin1', 1, 4)).toBe('PNG');
		expect(response.headers.get('x-model')).not.toBe('');
		expect(await rows()).toMatchObject([
			{
				attempt: 1,
				status: 'success',
				server: 'gpu-images',
				user_id: 'ada',
				workflow_id: workflow.id,
				timing_source: 'comfyui',
			},
		]);
	});

	it('keeps the image out of the saved execution', async () => {
		const [newest] = await lab.rest.waitForExecutions(workflow.id, 2);
		const [item] = nodeOutput(newest, 'Generate Image');
		expect(item).toMatchObject({ status: 'done', attempts: [{ status: 'success' }] });
		expect(JSON.stringify(newest).length).toBeLessThan(100_000);
	});

	it('stops its prompt at once when the execution is stopped', async () => {
		const { comfyui } = lab;
		const before = comfyui.events.of('started').length;
		// a long job: it must still run when it is stopped
		const additional = { steps: 1000, width: 1024, height: 1024 };
		const answer = ask({
			job_id: jobId,
			purpose: 'photo',
			urgency: 'flexible',
			...additional,
		});
		await until(30_000, 'the job to run', async () =>
			comfyui.events.of('started').length > before ? true : null,
		);
		const promptId = comfyui.events.of('started').at(-1)?.promptId;
		const { results } = await lab.rest.request(
			'GET',
			`/rest/executions?filter=${encodeURIComponent(JSON.stringify({ workflowId: workflow.id, status: ['running'] }))}`,
		);
		await lab.rest.request('POST', `/rest/executions/${results[0].id}/stop`);
		// without the interrupt it would run for minutes
		await until(10_000, 'the interrupt', async () =>
			comfyui.events.of('interrupted').find((event) => event.promptId === promptId),
		);
		await answer.catch(() => undefined);
		expect(comfyui.events.of('submitted').at(-1)?.promptId).toBe(promptId);
		const logged = await until(15_000, 'the row', async () => (await rows())[0]);
		expect(logged).toMatchObject({ status: 'cancelled', prompt_id: promptId });
	});
});
