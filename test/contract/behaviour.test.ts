/** Facts of ComfyUI that no single recording shows: order, warmth, memory, interrupts, restarts. */
import { afterEach, describe, expect, it } from 'vitest';

import { SharedGpu, type StandInOptions } from '../../simulator/comfyui';
import { Environment, RECORDED_MODELS } from './environment';
import { recording } from './recordings';

let environment: Environment | null = null;
afterEach(async () => {
	await environment?.close();
	environment = null;
});

async function start(options: StandInOptions = {}): Promise<Environment> {
	environment = await Environment.start({ deviceType: 'cuda', ...options });
	return environment;
}

interface ImageJob {
	seed?: number;
	steps?: number;
	side?: number;
	file?: string;
	prefix?: string;
}

const MINI = 'sd15-mini-random-fp16.safetensors';
const FULL = 'sd15-random-fp16.safetensors';

function imageGraph(job: ImageJob = {}): Record<string, { inputs: Record<string, unknown> }> {
	const { prompt } = recording('prompt_long').request.body as {
		prompt: Record<string, { inputs: Record<string, unknown> }>;
	};
	const graph = structuredClone(prompt);
	Object.assign(graph['3']?.inputs ?? {}, { seed: job.seed ?? 1, steps: job.steps ?? 2 });
	Object.assign(graph['4']?.inputs ?? {}, { ckpt_name: job.file ?? MINI });
	Object.assign(graph['5']?.inputs ?? {}, { width: job.side ?? 64, height: job.side ?? 64 });
	Object.assign(graph['9']?.inputs ?? {}, { filename_prefix: job.prefix ?? 'test' });
	return graph;
}

type Message = [string, Record<string, unknown>];
interface Ended {
	status: { status_str: string; messages: Message[] };
	outputs: Record<string, { images: { filename: string }[] }>;
}

async function run(env: Environment, job: ImageJob, clientId: string | null = 'c'): Promise<Ended> {
	const sent = { prompt: imageGraph(job), ...(clientId === null ? {} : { client_id: clientId }) };
	const { prompt_id } = (await env.post('/prompt', sent)) as { prompt_id: string };
	await env.untilIdle();
	const history = (await env.get(`/history/${prompt_id}`)) as Record<string, Ended>;
	return history[prompt_id] as Ended;
}

const cachedNodes = (ended: Ended): unknown => ended.status.messages[1]?.[1]['nodes'];
const lastEvent = (ended: Ended): string | undefined => ended.status.messages.at(-1)?.[0];

describe('order', () => {
	it('runs lower numbers first, whatever the order of submission', async () => {
		const env = await start({ speedUp: 20 });
		const submit = (id: string, extra: object): Promise<unknown> =>
			env.post('/prompt', { prompt: imageGraph({ prefix: id }), prompt_id: id, ...extra });
		await env.post('/prompt', { prompt: imageGraph({ steps: 400 }), prompt_id: 'first' });
		await env.untilRunning('first');
		await submit('700', { number: 700 });
		await submit('600', { number: 600 });
		await submit('front', { front: true });
		await submit('650.5', { number: '650.5' });
		await env.post('/interrupt', { prompt_id: 'first' });
		await env.untilIdle();
		const started = env.standIn.events.of('started').map((event) => event.promptId);
		expect(started).toEqual(['first', 'front', '600', '650.5', '700']);
	});

	it('shows pending items in heap order', async () => {
		const env = await start({ speedUp: 1 });
		const busy = recording('get_queue_busy').body as {
			queue_running: unknown[][];
			queue_pending: unknown[][];
		};
		await env.submitTuple(busy.queue_running[0]);
		await env.untilRunning(String(busy.queue_running[0]?.[1]));
		for (const number of [28, 27, -29]) {
			await env.submitTuple(busy.queue_pending.find((tuple) => tuple[0] === number));
		}
		const queue = (await env.get('/queue')) as { queue_pending: unknown[][] };
		expect(queue.queue_pending.map((tuple) => tuple[1])).toEqual(
			busy.queue_pending.map((tuple) => tuple[1]),
		);
	});

	it('never runs two prompts at once', async () => {
		const env = await start();
		await Promise.all(
			[1, 2, 3, 4, 5].map((seed) => env.post('/prompt', { prompt: imageGraph({ seed }) })),
		);
		await env.untilIdle();
		let running = 0;
		for (const event of env.standIn.events.all()) {
			if (event.type === 'started') running += 1;
			if (event.type === 'finished') running -= 1;
			expect(running).toBeLessThanOrEqual(1);
		}
		expect(env.standIn.events.of('finished')).toHaveLength(5);
	});
});

describe('cache and warmth', () => {
	it('keeps loader and texts for a new seed, everything for the same prompt, nothing after another job', async () => {
		const env = await start();
		expect(cachedNodes(await run(env, { seed: 1 }))).toEqual([]);
		expect(cachedNodes(await run(env, { seed: 2 }))).toEqual(['4', '5', '7', '6']);
		const repeated = await run(env, { seed: 2 });
		expect(cachedNodes(repeated)).toHaveLength(7);
		expect(repeated.outputs['9']?.images[0]?.filename).toBe('test_00002_.png');
		expect(cachedNodes(await run(env, { file: FULL, seed: 3, side: 128 }))).toEqual([]);
		expect(cachedNodes(await run(env, { seed: 4 }))).toEqual([]);
		expect(env.standIn.events.of('model_loaded')).toHaveLength(3);
	});

	it('adds a cached output to the history only for prompts with a client id', async () => {
		const env = await start();
		await run(env, {});
		expect((await run(env, {}, null)).outputs).toEqual({});
		expect(Object.keys((await run(env, {}, 'c')).outputs)).toEqual(['9']);
	});

	it('adds it either way in 0.3.64', async () => {
		const env = await start({ version: '0.3.64' });
		await run(env, {});
		expect(Object.keys((await run(env, {}, null)).outputs)).toEqual(['9']);
	});

	it('holds one model in VRAM: that of the job before', async () => {
		const env = await start();
		await run(env, { file: FULL });
		expect(env.standIn.gpu.residentModels()).toEqual([FULL]);
		await run(env, { file: MINI });
		expect(env.standIn.gpu.residentModels()).toEqual([MINI]);
	});

	it('drops weights on unload_models but keeps the loader, and both on free_memory', async () => {
		const env = await start();
		await run(env, { seed: 1 });
		await env.post('/free', { unload_models: true });
		expect(env.standIn.gpu.residentModels()).toEqual([]);
		expect(cachedNodes(await run(env, { seed: 2 }))).toContain('4');
		await env.post('/free', { free_memory: true });
		expect(env.standIn.gpu.residentModels()).toEqual([]);
		expect(cachedNodes(await run(env, { seed: 3 }))).toEqual([]);
	});

	it('frees after the running job, not during it', async () => {
		const env = await start({ speedUp: 20 });
		const { prompt_id } = (await env.post('/prompt', { prompt: imageGraph({ steps: 400 }) })) as {
			prompt_id: string;
		};
		await env.untilRunning(prompt_id);
		await env.untilSampling();
		await env.post('/free', { unload_models: true });
		expect(env.standIn.gpu.residentModels()).toEqual([MINI]);
		await env.post('/interrupt', {});
		await env.untilIdle();
		expect(env.standIn.gpu.residentModels()).toEqual([]);
	});
});

describe('memory', () => {
	const tight: StandInOptions = { gpu: { vramTotalBytes: 4e9, contextBytes: 0.4e9 } };

	it('ends in OOM when the peak does not fit, unloads, and runs the next job', async () => {
		const env = await start(tight);
		const failed = await run(env, { file: FULL, side: 2048 });
		expect(lastEvent(failed)).toBe('execution_error');
		const error = failed.status.messages.at(-1)?.[1];
		expect(error?.['exception_type']).toBe('torch.OutOfMemoryError');
		expect(error?.['exception_message']).toMatch(/^CUDA out of memory\. Tried to allocate/);
		expect(env.standIn.gpu.residentModels()).toEqual([]);
		expect(lastEvent(await run(env, { file: FULL }))).toBe('execution_success');
		expect(env.standIn.events.of('oom')).toHaveLength(1);
	});

	it('evicts its own model before it gives up', async () => {
		const env = await start({ gpu: { vramTotalBytes: 2.7e9, contextBytes: 0.4e9 } });
		await run(env, { file: MINI });
		expect(lastEvent(await run(env, { file: FULL }))).toBe('execution_success');
	});

	it('counts what other processes hold, and takes no more than is free for them', async () => {
		const env = await start(tight);
		await run(env, { file: MINI });
		const free = env.standIn.gpu.reading().vramFree;
		expect(env.standIn.gpu.setCoTenantBytes(100e9)).toBe(free);
		expect(env.standIn.gpu.reading().vramFree).toBe(0);
		expect(lastEvent(await run(env, { file: FULL }))).toBe('execution_error');
		env.standIn.gpu.setCoTenantBytes(0);
		expect(lastEvent(await run(env, { file: FULL }))).toBe('execution_success');
	});

	it('is slow instead in dynamic mode', async () => {
		const env = await start({ gpu: { ...tight.gpu, memoryMode: 'dynamic' }, speedUp: 4000 });
		env.standIn.gpu.setCoTenantBytes(2e9);
		expect(lastEvent(await run(env, { file: FULL }))).toBe('execution_success');
		expect(env.standIn.events.of('oom')).toEqual([]);
	});

	it('never lets VRAM be oversubscribed', async () => {
		const env = await start(tight);
		for (const file of [MINI, FULL, MINI]) await run(env, { file, side: 512 });
		for (const event of env.standIn.events.of('vram')) {
			expect(event.usedBytes + event.coTenantBytes).toBeLessThanOrEqual(event.totalBytes);
		}
	});

	it('is shared between stand-ins on one physical GPU, and never oversubscribed', async () => {
		const sharedGpu = new SharedGpu();
		const first = await start({ ...tight, sharedGpu });
		const second = await Environment.start({ deviceType: 'cuda', ...tight, sharedGpu });
		try {
			await run(first, { file: FULL });
			expect(second.standIn.gpu.reading().vramFree).toBe(first.standIn.gpu.reading().vramFree);
			expect(lastEvent(await run(second, { file: FULL }))).toBe('execution_error');
			await first.post('/free', { unload_models: true });
			expect(lastEvent(await run(second, { file: FULL }))).toBe('execution_success');
			const vram = [...first.standIn.events.of('vram'), ...second.standIn.events.of('vram')];
			for (const { usedBytes, coTenantBytes, totalBytes } of vram) {
				expect(usedBytes + coTenantBytes).toBeLessThanOrEqual(totalBytes);
			}
		} finally {
			await second.close();
		}
	});

	it('reports what the driver sees: free excludes others and includes its own cache', async () => {
		const env = await start(tight);
		await run(env, { file: FULL });
		const stats = (await env.get('/system_stats')) as { devices: Record<string, number>[] };
		const device = stats.devices[0] as Record<string, number>;
		const live = (device['torch_vram_total'] as number) - (device['torch_vram_free'] as number);
		expect(live).toBe(RECORDED_MODELS[1]?.weightsBytes);
		expect((device['vram_free'] as number) + live).toBe(3.6e9);
	});
});

describe('interrupts', () => {
	it('stops only the prompt that is meant', async () => {
		const env = await start({ speedUp: 20 });
		await env.post('/prompt', { prompt: imageGraph({ steps: 30 }), prompt_id: 'a' });
		await env.untilRunning('a');
		await env.post('/interrupt', { prompt_id: 'b' });
		await env.untilIdle();
		expect(env.standIn.events.of('finished').map((event) => event.promptId)).toEqual(['a']);
	});

	it('has no effect on the next prompt when idle', async () => {
		const env = await start();
		await fetch(`${env.standIn.url}/interrupt`, { method: 'POST' });
		expect(lastEvent(await run(env, {}))).toBe('execution_success');
	});

	it('waits for the end of loading', async () => {
		const env = await start({ speedUp: 0.5 });
		await env.post('/prompt', { prompt: imageGraph({}), prompt_id: 'a' });
		await env.untilRunning('a');
		await env.post('/interrupt', { prompt_id: 'a' });
		await env.untilIdle();
		const history = (await env.get('/history/a')) as Record<string, Ended>;
		const interrupted = history['a']?.status.messages.at(-1);
		expect(interrupted?.[0]).toBe('execution_interrupted');
		expect(interrupted?.[1]['executed']).toEqual(['4']);
	});
});

describe('deleting and forgetting', () => {
	it('leaves no trace of a prompt deleted from the queue', async () => {
		const env = await start({ speedUp: 20 });
		await env.post('/prompt', { prompt: imageGraph({ steps: 400 }), prompt_id: 'a' });
		await env.post('/prompt', { prompt: imageGraph({ seed: 2 }), prompt_id: 'b' });
		await env.post('/queue', { delete: ['b'] });
		await env.post('/interrupt', { prompt_id: 'a' });
		await env.untilIdle();
		expect(await env.get('/history/b')).toEqual({});
		expect((await fetch(`${env.standIn.url}/api/jobs/b`)).status).toBe(404);
	});

	it('refuses history numbers that are none', async () => {
		const env = await start();
		expect((await fetch(`${env.standIn.url}/history?max_items=x`)).status).toBe(500);
	});
});
