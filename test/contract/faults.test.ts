/** The stand-in's own faults: each happens as asked, for as long as asked, and ends. */
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import type { StandInOptions } from '../../simulator/comfyui';
import { Environment } from './environment';
import { recording } from './recordings';

let environment: Environment | null = null;
afterEach(async () => {
	await environment?.close();
	environment = null;
});

async function start(options: StandInOptions = {}): Promise<Environment> {
	environment = await Environment.start(options);
	return environment;
}

const job = recording('prompt_ok_client_prompt_id').request.body as { prompt_id: string };
const image = '/view?filename=own_00001_.png';

async function statusOf(env: Environment, path: string, init: RequestInit = {}): Promise<number> {
	return (await fetch(env.standIn.url + path, init)).status;
}

function opened(socket: WebSocket): Promise<boolean> {
	return new Promise((resolve) => {
		socket.once('open', () => resolve(true));
		socket.once('error', () => resolve(false));
	});
}

const socketUrl = (env: Environment): string =>
	`${env.standIn.url.replace('http', 'ws')}/ws?clientId=f`;

describe('faults of answers', () => {
	it('answers with a status as often as asked, then as usual', async () => {
		const env = await start();
		env.standIn.faults.next('/queue', { kind: 'status', status: 502 }, 2);
		const statuses = [];
		for (let i = 0; i < 3; i += 1) statuses.push(await statusOf(env, '/queue'));
		expect(statuses).toEqual([502, 502, 200]);
	});

	it('answers HTML with status 200, as a login page does', async () => {
		const env = await start();
		env.standIn.faults.next('/system_stats', { kind: 'html' });
		const response = await fetch(`${env.standIn.url}/api/system_stats`);
		expect([response.status, response.headers.get('content-type')]).toEqual([
			200,
			'text/html; charset=utf-8',
		]);
	});

	it('never answers when it hangs', async () => {
		const env = await start();
		env.standIn.faults.next('/queue', { kind: 'hang' });
		const signal = AbortSignal.timeout(200);
		await expect(fetch(`${env.standIn.url}/queue`, { signal })).rejects.toThrow();
		expect(await statusOf(env, '/queue')).toBe(200);
	});

	it('queues the prompt although the answer is lost', async () => {
		const env = await start();
		env.standIn.faults.next('/prompt', { kind: 'drop' });
		await expect(env.post('/prompt', job)).rejects.toThrow();
		await env.untilIdle();
		expect(await env.get(`/history/${job.prompt_id}`)).toHaveProperty([job.prompt_id]);
	});

	it('loses images from view and finds them again', async () => {
		const env = await start();
		await env.post('/prompt', job);
		await env.untilIdle();
		env.standIn.faults.viewMissing = true;
		expect(await statusOf(env, image)).toBe(404);
		env.standIn.faults.clear();
		expect(await statusOf(env, image)).toBe(200);
	});
});

describe('faults of sockets', () => {
	it('refuses new sockets and breaks open ones', async () => {
		const env = await start();
		const first = new WebSocket(socketUrl(env));
		expect(await opened(first)).toBe(true);
		const closed = new Promise((resolve) => first.once('close', resolve));
		env.standIn.faults.dropSocketsEvery(10);
		await closed;
		env.standIn.faults.clear();
		env.standIn.faults.refuseSockets = true;
		expect(await opened(new WebSocket(socketUrl(env)))).toBe(false);
	});
});

describe('faults of runs', () => {
	const sdJob = recording('sim_oom_ksampler_prompt').request.body;

	it.each(['load', 'sampling', 'decode'] as const)(
		'runs out of memory at %s, once',
		async (phase) => {
			const env = await start({ deviceType: 'cuda', speedUp: 10_000 });
			env.standIn.faults.oomNext(phase);
			await env.post('/prompt', sdJob);
			await env.untilIdle();
			await env.post('/prompt', sdJob);
			await env.untilIdle();
			expect(env.standIn.events.of('oom').map((event) => event.phase)).toEqual([phase]);
			expect(env.standIn.events.of('finished')).toHaveLength(1);
		},
	);

	it('runs out of memory in every run of a class', async () => {
		const env = await start({ deviceType: 'cuda', speedUp: 10_000 });
		env.standIn.faults.oomFor('KSampler', 'sampling');
		for (let i = 0; i < 2; i += 1) {
			await env.post('/prompt', sdJob);
			await env.untilIdle();
		}
		expect(env.standIn.events.of('oom')).toHaveLength(2);
	});
});

describe('restarts', () => {
	it('loses queue and history, keeps port and files, and works again', async () => {
		const env = await start({ speedUp: 1 });
		const url = env.standIn.url;
		await env.post('/prompt', job);
		await env.untilIdle();
		await env.post('/prompt', recording('prompt_long').request.body);
		await env.standIn.restart();
		await env.untilReachable();
		expect(env.standIn.url).toBe(url);
		expect(await env.get('/history')).toEqual({});
		expect(await env.get('/queue')).toEqual({ queue_running: [], queue_pending: [] });
		expect(await statusOf(env, image)).toBe(200);
		await env.post('/prompt', job);
		await env.untilIdle();
		expect(await env.get(`/history/${job.prompt_id}`)).toHaveProperty([job.prompt_id]);
	});

	it('refuses connections while it is dead', async () => {
		const env = await start();
		await env.standIn.kill();
		await expect(fetch(`${env.standIn.url}/queue`)).rejects.toThrow();
		await env.standIn.listen();
		await env.untilReachable();
		expect(await statusOf(env, '/queue')).toBe(200);
	});
});

describe('authentication of a proxy in front', () => {
	const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;

	it.each([
		[{ type: 'bearer', token: 't' }, { Authorization: 'Bearer t' }],
		[{ type: 'basic', username: 'u', password: 'p' }, { Authorization: basic }],
		[{ type: 'header', name: 'X-Key', value: 'k' }, { 'X-Key': 'k' }],
	] as const)('asks for %j', async (auth, headers) => {
		const env = await start({ auth });
		expect(await statusOf(env, '/queue')).toBe(401);
		expect(await statusOf(env, '/queue', { headers })).toBe(200);
		expect(await opened(new WebSocket(socketUrl(env)))).toBe(false);
		const socket = new WebSocket(socketUrl(env), { headers });
		expect(await opened(socket)).toBe(true);
		socket.terminate();
	});
});
