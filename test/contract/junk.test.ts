/** Whatever is sent, the stand-in answers and goes on: a test must never die of its server. */
import { afterEach, describe, expect, it } from 'vitest';

import { Environment } from './environment';
import { recording } from './recordings';

let environment: Environment | null = null;
afterEach(async () => {
	await environment?.close();
	environment = null;
});

const save = { class_type: 'SaveImage', inputs: { filename_prefix: 'x', images: ['1', 0] } };
const source = {
	class_type: 'EmptyImage',
	inputs: { width: 8, height: 8, batch_size: 1, color: 0 },
};
const sdGraph = (
	recording('sim_oom_ksampler_prompt').request.body as { prompt: Record<string, object> }
).prompt;

const BODIES: unknown[] = [
	null,
	5,
	'x',
	[],
	[1],
	{},
	{ prompt: null },
	{ prompt: 5 },
	{ prompt: [1] },
	{ prompt: { 1: 5 } },
	{ prompt: { 1: null } },
	{ prompt: { 1: { class_type: null } } },
	{ prompt: { 1: { class_type: {} } } },
	{ prompt: { 2: { class_type: 'SaveImage' } } },
	{ prompt: { 2: { class_type: 'SaveImage', inputs: null } } },
	{
		prompt: { 2: { class_type: 'SaveImage', inputs: { images: ['2', 0], filename_prefix: 'x' } } },
	},
	{ prompt: { 1: source, 2: { ...save, inputs: { images: ['1', 9], filename_prefix: 'x' } } } },
	{
		prompt: { 1: source, 2: { ...save, inputs: { images: ['1', 0], filename_prefix: '../../x' } } },
	},
	{
		prompt: { 1: source, 2: { ...save, inputs: { images: ['1', 0], filename_prefix: { a: 1 } } } },
	},
	{ prompt: { 1: source, 2: save, 3: { class_type: 'KSampler' } } },
	{ prompt: { 1: source, 2: save }, extra_data: 7, client_id: { a: 1 }, prompt_id: ['x'] },
	{ prompt: { 1: source, 2: save }, extra_data: { extra_pnginfo: 'x' }, client_id: null },
	{ prompt: { 1: source, 2: save }, number: {} },
	{ prompt: { 1: source, 2: save }, partial_execution_targets: ['9'] },
	{
		prompt: {
			1: { ...source, inputs: { width: '8', height: 8.9, batch_size: true, color: 0 } },
			2: save,
		},
	},
	{
		prompt: {
			...sdGraph,
			5: { class_type: 'EmptyLatentImage', inputs: { width: 16, height: 16, batch_size: 0 } },
		},
	},
	{
		prompt: JSON.parse(
			'{"__proto__":{"class_type":"SaveImage","inputs":{}},"constructor":{"class_type":"x"}}',
		),
	},
];

const PATHS = [
	'/%E0%A4%A',
	'//',
	'/history/%2e%2e',
	'/view?filename=%00',
	'/view?filename=a&subfolder=%2e%2e%2f',
	'/history?max_items=-1',
	'/history?offset=-5&max_items=0',
	'/api/jobs?limit=0',
	'/api/jobs?sort_order=up',
	'/object_info/__proto__',
	'/models/constructor',
	'/view_metadata/loras',
	'/ws',
	'/interrupt',
];

describe('junk', () => {
	it('to POST /prompt never stops the server', async () => {
		const env = (environment = await Environment.start());
		for (const body of BODIES) {
			const sent = { method: 'POST', body: JSON.stringify(body) };
			const { status } = await fetch(`${env.standIn.url}/prompt`, sent);
			expect([200, 400, 500], JSON.stringify(body)).toContain(status);
		}
		await env.untilIdle();
		expect(await env.get('/prompt')).toEqual({ exec_info: { queue_remaining: 0 } });
		expect(await env.get('/api/jobs')).toHaveProperty('jobs');
	});

	it.each(['/queue', '/free', '/history', '/interrupt', '/upload/image'])(
		'to POST %s neither',
		async (path) => {
			const env = (environment = await Environment.start());
			for (const body of [
				'',
				'{',
				'null',
				'[]',
				'5',
				'{"delete":5}',
				'{"delete":[null,{}]}',
				'{"prompt_id":{}}',
			]) {
				const { status } = await fetch(env.standIn.url + path, { method: 'POST', body });
				expect([200, 400, 500]).toContain(status);
			}
			expect(await env.get('/queue')).toEqual({ queue_running: [], queue_pending: [] });
		},
	);

	it.each(PATHS)('in the path %s neither', async (path) => {
		const env = (environment = await Environment.start());
		const { status } = await fetch(env.standIn.url + path);
		expect(status).toBeLessThan(501);
		expect(await env.get('/queue')).toHaveProperty('queue_running');
	});
});
