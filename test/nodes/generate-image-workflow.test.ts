/** Generate Image with workflows and images of the user's own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { INodeParameters } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { encodePng } from '../../simulator/comfyui';
import { bytesOf, openBinaryStore } from './support/binary-store';
import { GRAPH } from './support/fixtures';
import { type GenerateLab, openGenerateLab } from './support/generate';
import { USER_FOLDER } from './support/user-folder';

let lab: GenerateLab;
beforeAll(async () => {
	await openBinaryStore();
	lab = await openGenerateLab();
});
afterAll(() => lab.close());

type Graph = Record<
	string,
	{ class_type: string; inputs: Record<string, unknown>; _meta?: object }
>;

const own = (graph: Graph, more: INodeParameters = {}) => ({
	workflowFrom: 'json',
	workflowJson: JSON.stringify(graph),
	...more,
});
const graph = (change: (copy: Graph) => void = () => undefined): Graph => {
	const copy = structuredClone(GRAPH) as unknown as Graph;
	change(copy);
	return copy;
};
/** What the server was given. */
const ranGraph = async (promptId: unknown): Promise<Graph> => {
	const answer = await fetch(`${lab.server.url}/history/${String(promptId)}`);
	const history = (await answer.json()) as Record<string, { prompt: [number, string, Graph] }>;
	return history[String(promptId)]?.prompt[2] ?? {};
};
const picture = () => Buffer.from(encodePng({ width: 64, height: 64, seed: 1 }));

describe("Generate Image with one's own workflow", () => {
	it('puts the selection into it and shows where', async () => {
		const { outputs } = await lab.run(own(graph(), { additionalFields: { seed: 4242 } }));
		const json = outputs[0]?.[0]?.json;
		expect(json).toMatchObject({
			status: 'done',
			workflow_places: { steps: ['3.steps'], positive: ['6.text'], model: '4.ckpt_name' },
		});
		const ran = await ranGraph(json?.prompt_id);
		expect(ran['4']?.inputs.ckpt_name).toBe('heavy.safetensors');
		expect(ran['3']?.inputs).toMatchObject({ seed: 4242, steps: 20 });
		expect(ran['6']?.inputs.text).toBe('a lighthouse');
	});

	it('takes places by title or id instead of what it found', async () => {
		const titled = graph((copy) => {
			copy['20'] = {
				class_type: 'CLIPTextEncode',
				inputs: { text: 'aside', clip: ['4', 1] },
				_meta: { title: 'My Text' },
			};
		});
		const places = [
			{ role: 'positive', node: 'My Text', input: '' },
			{ role: 'steps', node: '3', input: 'steps' },
		];
		const { outputs } = await lab.run(own(titled, { bindings: { places } }));
		const ran = await ranGraph(outputs[0]?.[0]?.json.prompt_id);
		expect(ran['20']?.inputs.text).toBe('a lighthouse');
		expect(ran['6']?.inputs.text).toBe('mine');
		const wrong = { bindings: { places: [{ role: 'steps', node: 'No Such Node' }] } };
		const failed = await lab.run(own(graph(), wrong));
		expect(failed.outputs[1]?.[0]?.json).toMatchObject({ details: { code: 'WORKFLOW_INVALID' } });
	});

	it('the same job twice, seed and all: served from the cache, and the image is there', async () => {
		const parameters = own(graph(), { additionalFields: { seed: 99 } });
		const first = await lab.run(parameters);
		const second = await lab.run(parameters);
		const images = [first, second].map(({ outputs }) => outputs[0]?.[0]?.binary?.image);
		expect(lab.server.events.of('cached').length).toBeGreaterThan(0);
		expect((await bytesOf(images[1])).equals(await bytesOf(images[0]))).toBe(true);
	});

	it('brings files whose names hold &, # and umlauts', async () => {
		const named = graph((copy) => {
			(copy['9'] as Graph[string]).inputs.filename_prefix = 'a&b#ü ñ%';
		});
		const { outputs } = await lab.run(own(named));
		const [item] = outputs[0] ?? [];
		expect(item?.binary?.image?.fileName).toMatch(/^a&b#ü ñ%/);
		expect((await bytesOf(item?.binary?.image)).length).toBeGreaterThan(100);
	});

	it('fails when one of two outputs is refused, says which, and leaves nothing running', async () => {
		const half = graph((copy) => {
			copy['10'] = { class_type: 'SaveImage', inputs: { filename_prefix: 'x' } };
		});
		const { outputs } = await lab.run(own(half));
		expect(outputs[0]).toEqual([]);
		expect(outputs[1]?.[0]?.json).toMatchObject({ details: { code: 'COMFYUI_PROMPT_REJECTED' } });
		expect(JSON.stringify(outputs[1]?.[0]?.json)).toMatch(/10/);
		// what had begun stops at its next step, not at once
		const queue = async (): Promise<unknown> => (await fetch(`${lab.server.url}/queue`)).json();
		await expect.poll(queue, { timeout: 10_000 }).toEqual({ queue_running: [], queue_pending: [] });
	});

	it('says how to export when it is given the format of the editor', async () => {
		const editor = {
			last_node_id: 1,
			nodes: [{ id: 1, type: 'KSampler' }],
			links: [],
			version: 0.4,
		};
		const { outputs } = await lab.run({
			workflowFrom: 'json',
			workflowJson: JSON.stringify(editor),
		});
		expect(outputs[1]?.[0]?.json).toMatchObject({ details: { code: 'WORKFLOW_UI_FORMAT' } });
		expect(JSON.stringify(outputs[1]?.[0]?.json)).toMatch(/Export \(API\)/);
	});
});

describe('Generate Image from images', () => {
	const fromImage = graph((copy) => {
		copy['20'] = { class_type: 'LoadImage', inputs: { image: 'theirs.png' } };
		copy['21'] = { class_type: 'VAEEncode', inputs: { pixels: ['20', 0], vae: ['4', 2] } };
		(copy['3'] as Graph[string]).inputs.latent_image = ['21', 0];
	});

	it('uploads a binary field first and hands its name to the loader', async () => {
		const binary = {
			data: { data: picture().toString('base64'), mimeType: 'image/png', fileName: 'in & out.png' },
		};
		const parameters = own(fromImage, {
			imageFields: 'data',
			additionalFields: { denoise: 0.5 },
		});
		const { outputs } = await lab.run(parameters, [{ json: {}, binary }]);
		const [item] = outputs[0] ?? [];
		expect(item?.json.status).toBe('done');
		expect(Object.keys(item?.binary ?? {}).sort()).toEqual(['data', 'image']);
		const ran = await ranGraph(item?.json.prompt_id);
		expect(ran['20']?.inputs.image).toBe('comfyui-router/in & out.png');
		expect(ran['3']?.inputs.denoise).toBe(0.5);
	});

	it('uploads a file, and without a workflow builds one that starts from it', async () => {
		const path = join(USER_FOLDER, 'start.png');
		writeFileSync(path, picture());
		const { outputs } = await lab.run({
			options: { imageFiles: path },
			additionalFields: { denoise: 0.6 },
		});
		expect(outputs[1]?.map((item) => item.json.error)).toEqual([]);
		const ran = await ranGraph(outputs[0]?.[0]?.json.prompt_id);
		const loader = Object.values(ran).find(({ class_type }) => class_type === 'LoadImage');
		expect(loader?.inputs.image).toBe('comfyui-router/start.png');
	});

	it('fails the item whose file cannot be read', async () => {
		const { outputs } = await lab.run({
			options: { imageFiles: join(USER_FOLDER, 'none.png') },
			additionalFields: { denoise: 0.6 },
		});
		expect(outputs[1]?.[0]?.json).toMatchObject({ details: { code: 'FILE_UNREADABLE' } });
	});
});
