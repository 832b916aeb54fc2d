/** Every standard graph runs to its picture once its files are installed, and is refused while one is missing. */
import { afterEach, describe, expect, it } from 'vitest';

import { Environment } from './environment';
import { filesOf, workflow, workflowNames } from './recordings';

let environment: Environment | null = null;
afterEach(async () => {
	await environment?.close();
	environment = null;
});

interface Submitted {
	prompt_id: string;
	error?: { type: string };
	node_errors: Record<string, { errors: { type: string }[] }>;
}

interface Ended {
	status: { status_str: string };
	outputs: Record<string, { images: { filename: string; subfolder: string; type: string }[] }>;
}

describe.each(workflowNames())('%s', (name) => {
	const prompt = workflow(name);

	it('runs to an image of the size it asks for', async () => {
		environment = await Environment.start({
			installed: filesOf(prompt),
			models: [],
			speedUp: 1000,
		});
		const submitted = (await environment.post('/prompt', { prompt, client_id: 'c' })) as Submitted;
		expect(submitted.node_errors).toEqual({});
		await environment.untilIdle();
		const history = (await environment.get(`/history/${submitted.prompt_id}`)) as Record<
			string,
			Ended
		>;
		const ended = history[submitted.prompt_id];
		expect(ended?.status.status_str).toBe('success');
		const image = Object.values(ended?.outputs ?? {})[0]?.images[0];
		const query = new URLSearchParams({ ...image });
		const response = await fetch(`${environment.standIn.url}/view?${query.toString()}`);
		const bytes = Buffer.from(await response.arrayBuffer());
		const latent = Object.values(prompt).find((node) => 'width' in node.inputs)?.inputs;
		expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([
			latent?.['width'],
			latent?.['height'],
		]);
	});

	it('is refused with value_not_in_list for each missing file', async () => {
		const files = filesOf(prompt);
		for (const missing of files) {
			environment = await Environment.start({
				installed: files.filter((file) => file !== missing),
				models: [],
			});
			const submitted = (await environment.post('/prompt', { prompt })) as Submitted;
			expect(submitted.error?.type).toBe('prompt_outputs_failed_validation');
			const types = Object.values(submitted.node_errors).flatMap((node) =>
				node.errors.map((e) => e.type),
			);
			expect(types).toEqual(['value_not_in_list']);
			await environment.close();
		}
	});
});
