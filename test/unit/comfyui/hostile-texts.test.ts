/** Answers made to harm: each of these once hung, threw something else, or let a secret out. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { ComfyUiClient } from '../../../adapters/comfyui';
import { parsePythonJson } from '../../../adapters/comfyui/json';
import { parseQueue } from '../../../adapters/comfyui/parse';
import { parseHistory } from '../../../adapters/comfyui/parse-history';

describe("Python's JSON", () => {
	it('is given up in linear time where a text never closes', () => {
		// with the square of its length this would take hours
		const text = `[NaN, "${'\\"'.repeat(1_000_000)}`;
		expect(() => parsePythonJson(text)).toThrow();
	});

	it('keeps what looks like NaN inside a text', () => {
		expect(parsePythonJson('{"a": NaN, "b": "NaN \\" -Infinity", "c": -Infinity}')).toEqual({
			a: null,
			b: 'NaN " -Infinity',
			c: null,
		});
	});
});

describe('an object in place of an id', () => {
	const untextable = JSON.parse('{"toString": 1, "valueOf": 1}') as unknown;

	it('is no reason to throw', () => {
		expect(parseQueue({ queue_running: [[1, untextable, {}]], queue_pending: [] }, null)).toEqual({
			running: [],
			pending: [],
			serverTimeMs: null,
		});
		const messages = [['execution_cached', { nodes: [untextable, '3', 4] }]];
		const entry = { prompt: [1, untextable, {}], outputs: {}, status: { messages } };
		expect(parseHistory({ p: entry })?.[0]).toMatchObject({
			promptId: 'p',
			cachedNodes: ['', '3', '4'],
		});
	});
});

describe('a proxy that repeats the request', () => {
	let server: Server;
	afterEach(() => new Promise((resolve) => server.close(resolve)));

	async function echo(status: number): Promise<string> {
		server = createServer((request, response) => {
			response.writeHead(status, { 'content-type': 'text/plain' });
			response.end(JSON.stringify(request.headers));
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	}

	it.each([
		[400, { type: 'bearer', token: 'top-secret-token' }, 'top-secret-token'],
		[500, { type: 'header', name: 'X-Key', value: 'top-secret-value' }, 'top-secret-value'],
		[
			500,
			{ type: 'basic', user: 'u', password: 'top-secret' },
			Buffer.from('u:top-secret').toString('base64'),
		],
	] as const)('%d gets no login into an error (%j)', async (status, authentication, secret) => {
		const client = new ComfyUiClient({ name: 'a', url: await echo(status), authentication });
		const error: unknown = await client.systemStats().catch((caught: unknown) => caught);
		client.close();
		const { message, hint, code } = error as Record<string, string>;
		expect(code).toMatch(/^COMFYUI_/);
		expect(`${message} ${hint} ${JSON.stringify(error)}`).not.toContain(secret);
		expect(message).toContain('***');
	});
});

describe('an id that no address can hold', () => {
	it('is sent as what is left of it', async () => {
		const seen: string[] = [];
		const server = createServer((request, response) => {
			seen.push(request.url ?? '');
			response.end('{}');
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		const client = new ComfyUiClient({ name: 'a', url });
		expect(await client.history('a\ud800/../b')).toBeNull();
		client.close();
		await new Promise((resolve) => server.close(resolve));
		expect(seen).toEqual(['/history/a%EF%BF%BD%2F..%2Fb']);
	});
});
