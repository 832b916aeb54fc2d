/** Links to rate an image, in a real n8n: opening one changes nothing, its button saves the rating. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore } from '../../adapters/postgres/store';
import { until } from '../../scripts/n8n-instance/rest-client.mjs';
import { type Lab, openLab, readExample, withOwnWebhook } from '../support/e2e-lab';

let lab: Lab;
let address: string;

beforeAll(async () => {
	lab = await openLab('gpu-feedback');
	const example = withOwnWebhook(readExample('feedback-links.json'));
	address = `${lab.rest.url}/webhook/${example.path}`;
	const workflow = await lab.importWorkflow(example.workflow);
	await lab.rest.activate(workflow);
	const store = createPostgresStore({ connection: lab.database.url });
	try {
		await store.migrate();
	} finally {
		await store.close();
	}
	await lab.database.sql
		.query(`insert into model_usage_log (job_id, attempt, model_name, preset, purpose, status, user_id)
		values ('rated', 1, 'sdxl-base', 'full', 'photo', 'success', 'ana')`);
});

afterAll(async () => {
	await lab?.close();
});

const rating = async (): Promise<unknown> => {
	const text = `select quality_feedback from model_usage_log where job_id = 'rated'`;
	return (await lab.database.sql.query(text)).rows[0].quality_feedback;
};

describe('a link to rate an image', () => {
	it('shows a button when it is opened, and saves nothing', async () => {
		const page = await until(30_000, 'the page', async () => {
			const response = await fetch(`${address}?job_id=rated&stars=4&key=any`);
			return response.status === 200 ? response : null;
		});
		expect(page.headers.get('content-type')).toContain('text/html');
		const html = await page.text();
		expect(html).toContain('<form method="post">');
		// the address, with the key in it, is not repeated in the page
		expect(html).not.toContain('rated');
		expect(await rating()).toBeNull();
	});

	it('is not taken with a key that the database did not make', async () => {
		const response = await fetch(`${address}?job_id=rated&stars=4&key=forged`, { method: 'POST' });
		expect(await response.text()).toContain('This link is not valid');
		expect(response.status).toBe(400);
		expect(await rating()).toBeNull();
	});

	it('saves the rating at the click', async () => {
		const { rows } = await lab.database.sql.query(
			`select token from comfyui_router_feedback_tokens(array['rated'])`,
		);
		const link = `${address}?job_id=rated&stars=4&key=${rows[0].token}`;
		const response = await fetch(link, { method: 'POST' });
		expect(await response.text()).toContain('Thank you');
		expect(response.status).toBe(200);
		expect(await rating()).toBe(0.75);
	});
});
