import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { ComfyUiClient } from '../../../adapters/comfyui';
import { systemClock } from '../../../adapters/system-clock';
import { catalogSchema } from '../../../lib/catalog/schema';
import { isOutOfMemory } from '../../../lib/execution/oom';
import { ownJobData } from '../../../lib/fleet/own-jobs';
import type { HistoryEntry } from '../../../lib/ports';
import { buildGraph } from '../../../lib/workflow/build';
import { InstalledFilesCache } from '../../../service/installed-files-cache';
import { readFleet } from '../../../service/fleet';
import { type StandIn, startComfyUiStandIn } from '../../../simulator/comfyui';
import { modelsFromCatalog } from '../../../simulator/gpu';
import { parameters } from '../../support/selections';

const catalog = catalogSchema.parse(
	JSON.parse(readFileSync(join(__dirname, '..', '..', '..', 'models_config.json'), 'utf8')),
);
const models = modelsFromCatalog(catalog);

function modelNamed(name: string) {
	const model = catalog.models.find((one) => one.name === name);
	if (!model) throw new Error(`no model ${name}`);
	return model;
}

function graphOf(
	name: string,
	seed: number,
	changed: Partial<typeof parameters> = {},
	images: string[] = [],
	mask: string | null = null,
) {
	const model = modelNamed(name);
	const preset = model.presets[0];
	if (!preset) throw new Error('no preset');
	const { steps, cfg, sampler_name, scheduler, loras } = preset;
	const run = {
		...parameters,
		steps,
		cfg,
		sampler_name,
		scheduler,
		loras,
		batch_size: 1,
		...changed,
	};
	return buildGraph(model, { parameters: run }, { seed, images, mask });
}

async function ended(client: ComfyUiClient, promptId: string): Promise<HistoryEntry> {
	for (let tries = 0; tries < 400; tries++) {
		const entry = await client.history(promptId);
		if (entry) return entry;
		await systemClock.sleep(10);
	}
	throw new Error(`${promptId} did not end`);
}

describe.each(['0.8.0', '0.3.64'] as const)('ComfyUI %s', (version) => {
	let standIn: StandIn;
	let client: ComfyUiClient;
	let count = 0;

	beforeAll(async () => {
		standIn = await startComfyUiStandIn({
			version,
			models,
			speedUp: 2000,
			gpu: { vramTotalBytes: 48e9 },
		});
		client = new ComfyUiClient({ name: 's1', url: standIn.url });
	});
	afterEach(() => standIn.faults.clear());
	afterAll(async () => {
		client.close();
		await standIn.close();
	});

	async function run(graph: ReturnType<typeof graphOf>): Promise<HistoryEntry> {
		const promptId = `prompt-${++count}`;
		await client.submit({ graph, clientId: 'test', promptId });
		return ended(client, promptId);
	}

	const snapshot = () => readFleet({ servers: [client], catalog, clock: systemClock });

	it('knows what is installed', async () => {
		const files = await client.installedFiles();
		expect(files).toEqual(
			expect.arrayContaining(['v1-5-pruned-emaonly-fp16.safetensors', 'ae.safetensors']),
		);
	});

	it('runs a built graph, and the fleet then shows its model as resident', async () => {
		const entry = await run(graphOf('sd15', 1, { width: 512, height: 512 }));
		expect(entry.status).toBe('success');
		const [server] = (await snapshot()).servers;
		expect(server).toMatchObject({
			reachable: true,
			loaded_model: 'sd15',
			queue: [],
			comfyui_version: version,
		});
		expect(server?.installed_files?.length).toBeGreaterThan(10);
	});

	it('sees /free', async () => {
		await run(graphOf('sd15', 2, { width: 512, height: 512 }));
		await client.free({ unloadModels: true, freeMemory: true });
		for (let tries = 0; standIn.gpu.residentModels().length > 0 && tries < 200; tries++) {
			await systemClock.sleep(10);
		}
		expect((await snapshot()).servers[0]?.loaded_model).toBeNull();
	});

	it('downloads what was made', async () => {
		const entry = await run(graphOf('sd15', 3, { width: 512, height: 512 }));
		const [file] = entry.outputs;
		if (!file) throw new Error('no output');
		const download = await client.view(file);
		const bytes = await buffer(download.stream);
		expect(bytes.subarray(1, 4).toString()).toBe('PNG');
		expect(download.contentType).toBe('image/png');
	});

	it('classifies an out-of-memory failure, and holds no model after it', async () => {
		standIn.faults.oomNext('sampling');
		const entry = await run(graphOf('sd15', 4, { width: 512, height: 512 }));
		expect(entry.status).toBe('error');
		expect(isOutOfMemory(entry.failure)).toBe(true);
		expect((await snapshot()).servers[0]?.loaded_model).toBeNull();
	});

	it('explains a missing file: which, where, what to do', async () => {
		const graph = graphOf('sd15', 5);
		const loader = Object.values(graph).find((one) => one.class_type === 'CheckpointLoaderSimple');
		if (loader) loader.inputs['ckpt_name'] = 'gone.safetensors';
		await expect(client.submit({ graph, clientId: 'c', promptId: 'gone' })).rejects.toMatchObject({
			code: 'COMFYUI_PROMPT_REJECTED',
			message: expect.stringMatching(/gone\.safetensors.*models\/checkpoints/),
			hint: expect.stringContaining('Put "gone.safetensors" into models/checkpoints'),
		});
	});

	it('uploads an image under a name that LoadImage takes', async () => {
		const upload = await client.uploadImage({
			filename: 'in.png',
			content: Buffer.from('x'),
			subfolder: 'r',
		});
		expect(upload.loadName).toBe('r/in.png');
	});

	it('answers what only newer versions have with null on older ones', async () => {
		const jobs = await client.jobs();
		if (version === '0.3.64') expect(jobs).toBeNull();
		else expect(jobs?.length).toBeGreaterThan(0);
		expect((await client.features()).maxUploadBytes).toBeGreaterThan(0);
	});
});

describe('every graph we build is accepted', () => {
	let standIn: StandIn;
	let client: ComfyUiClient;
	beforeAll(async () => {
		standIn = await startComfyUiStandIn({ models, speedUp: 1e6 });
		client = new ComfyUiClient({ name: 's1', url: standIn.url });
		await client.uploadImage({ filename: 'in.png', content: Buffer.from('x') });
	});
	afterAll(async () => {
		client.close();
		await standIn.close();
	});

	it.each(catalog.models.map((model) => model.name))('%s', async (name) => {
		const images = modelNamed(name).inputs.includes('image') ? ['in.png'] : [];
		const receipt = await client.submit({
			graph: graphOf(name, 1, {}, images),
			clientId: 'c',
			promptId: name,
		});
		expect(receipt.promptId).toBe(name);
	});

	it.each([
		{
			what: 'image to image',
			name: 'sdxl-base',
			changed: { denoise: 0.5, batch_size: 2 },
			mask: null,
		},
		{ what: 'inpainting', name: 'flux1-dev', changed: { denoise: 0.8 }, mask: 'in.png' },
		{ what: 'an edit inside a mask', name: 'qwen-image-edit-2511', changed: {}, mask: 'in.png' },
		{
			what: 'a schedule of its own',
			name: 'flux2-klein-4b',
			changed: { scheduler: 'flux2' },
			mask: null,
		},
		{
			what: 'a schedule of its own from an image',
			name: 'sdxl-turbo',
			changed: { scheduler: 'sd_turbo', denoise: 0.5 },
			mask: null,
		},
		{
			what: 'a part of a fixed schedule',
			name: 'flux2-klein-4b',
			changed: { scheduler: 'flux2', denoise: 0.5 },
			mask: null,
		},
	])('$what', async ({ what, name, changed, mask }) => {
		const graph = graphOf(name, 1, changed, ['in.png'], mask);
		await expect(client.submit({ graph, clientId: 'c', promptId: what })).resolves.toBeDefined();
	});
});

describe('a busy fleet', () => {
	let servers: StandIn[];
	let clients: ComfyUiClient[];
	beforeAll(async () => {
		servers = await Promise.all([0, 1, 2].map(() => startComfyUiStandIn({ models, speedUp: 1 })));
		clients = servers.map(
			(server, index) => new ComfyUiClient({ name: `s${index}`, url: server.url }),
		);
	});
	afterAll(async () => {
		for (const client of clients) client.close();
		await Promise.all(servers.map((server) => server.close()));
	});

	it('shows queues with models, times and our deadlines, and the dead server as such', async () => {
		const [first, , third] = clients;
		const deadline = new Date(Date.now() + 60_000).toISOString();
		const submit = (name: string, promptId: string, extraData?: Record<string, unknown>) =>
			first?.submit({ graph: graphOf(name, 1), clientId: 'c', promptId, extraData });
		await submit('sdxl-base', 'a');
		await submit('sdxl-base', 'b', ownJobData({ job_id: 'job-1', deadline_at: deadline }));
		await submit('sd15', 'c');
		await servers[1]?.kill();
		const fleet = await readFleet({ servers: clients, catalog, clock: systemClock });
		const [busy, dead, idle] = fleet.servers;
		expect(busy?.queue.map((job) => [job.job_id, job.model_name, job.running])).toEqual([
			['a', 'sdxl-base', true],
			['job-1', 'sdxl-base', false],
			['c', 'sd15', false],
		]);
		expect(busy?.queue.every((job) => (job.remaining_seconds ?? 0) > 0)).toBe(true);
		expect(busy?.queue[1]?.deadline_seconds).toBeGreaterThan(50);
		expect(busy?.loaded_model).toBe('sdxl-base');
		expect(dead).toMatchObject({ reachable: false, error_code: 'COMFYUI_UNREACHABLE' });
		expect(idle).toMatchObject({ reachable: true, loaded_model: null, queue: [] });
		expect(third?.name).toBe('s2');
	});

	it('is not held up by a server that hangs', async () => {
		const [first, , third] = clients;
		if (!first || !third) throw new Error('no server');
		servers[2]?.faults.always('/queue', { kind: 'hang' });
		const timeoutMs = 3_000;
		const started = Date.now();
		const options = { servers: [third, first], catalog, clock: systemClock, timeoutMs };
		const [hung, other] = (await readFleet(options)).servers;
		// one time limit in all, not one per question that hangs
		expect(Date.now() - started).toBeLessThan(3 * timeoutMs);
		expect(hung).toMatchObject({ name: 's2', reachable: false, error_code: 'COMFYUI_TIMEOUT' });
		expect(other).toMatchObject({ name: 's0', reachable: true });
		servers[2]?.faults.clear();
	});

	it('stops reading when it is cancelled', async () => {
		const reason = new Error('enough');
		const signal = AbortSignal.abort(reason);
		const reading = readFleet({ servers: clients, catalog, clock: systemClock, signal });
		await expect(reading).rejects.toBe(reason);
	});

	it('keeps lists of installed files for a while', async () => {
		const server = servers[2];
		const third = clients[2];
		if (!server || !third) throw new Error('no server');
		const cache = new InstalledFilesCache();
		const options = { servers: [third], catalog, clock: systemClock, installedFilesCache: cache };
		const [before] = (await readFleet(options)).servers;
		server.faults.always('/models', { kind: 'status', status: 500 });
		const [after] = (await readFleet(options)).servers;
		expect(after?.installed_files).toEqual(before?.installed_files);
		cache.forget(third);
		expect((await readFleet(options)).servers[0]?.installed_files).toBeNull();
		server.faults.clear();
	});
});
