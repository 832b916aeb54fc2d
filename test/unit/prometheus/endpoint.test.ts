import { afterEach, describe, expect, it } from 'vitest';

import { type Endpoint, openEndpoint } from '../../../adapters/prometheus';

const HERE = { host: '127.0.0.1', port: 0 };
const METRICS = { text: 'comfyui_up 1\n', contentType: 'text/plain; version=0.0.4' };

let endpoint: Endpoint | undefined;
afterEach(() => endpoint?.close());

async function open(fault: string | null = null, expose = () => Promise.resolve(METRICS)) {
	endpoint = await openEndpoint(HERE, { expose, fault: () => fault });
	return endpoint.url;
}

describe('the endpoint', () => {
	it('answers scrapes with the metrics in their media type', async () => {
		const response = await fetch(`${await open()}/metrics?x=1`);
		expect([response.status, await response.text()]).toEqual([200, METRICS.text]);
		expect(response.headers.get('content-type')).toBe(METRICS.contentType);
	});

	it.each([
		[null, 200, 'ok\n'],
		['No round has ended for 90 s.', 503, 'No round has ended for 90 s.\n'],
	])('says at /healthz whether all is well: %s', async (fault, status, text) => {
		const response = await fetch(`${await open(fault)}/healthz`);
		expect([response.status, await response.text()]).toEqual([status, text]);
	});

	it('knows no other path, takes no other method, and answers HEAD without a body', async () => {
		const url = await open();
		expect((await fetch(`${url}/`)).status).toBe(404);
		expect((await fetch(`${url}/metrics/../etc`)).status).toBe(404);
		const post = await fetch(`${url}/metrics`, { method: 'POST', body: 'x'.repeat(100_000) });
		expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
		const head = await fetch(`${url}/metrics`, { method: 'HEAD' });
		expect([head.status, await head.text()]).toEqual([200, '']);
	});

	it('goes on after metrics that could not be written', async () => {
		const url = await open(null, () => Promise.reject(new Error('secret')));
		const response = await fetch(`${url}/metrics`);
		expect([response.status, await response.text()]).toEqual([
			500,
			'The metrics could not be written.\n',
		]);
		expect((await fetch(`${url}/healthz`)).status).toBe(200);
	});

	it('says which address is taken', async () => {
		const port = Number(new URL(await open()).port);
		const second = openEndpoint(
			{ ...HERE, port },
			{ expose: async () => METRICS, fault: () => null },
		);
		await expect(second).rejects.toMatchObject({
			code: 'LISTEN_FAILED',
			message: expect.stringContaining(`127.0.0.1, port ${port}: another program`),
		});
	});

	it('ends although a client keeps its connection, and then takes nothing new', async () => {
		const url = await open();
		await (await fetch(`${url}/healthz`)).text();
		await endpoint?.close();
		await expect(fetch(`${url}/healthz`)).rejects.toThrow();
	});
});
