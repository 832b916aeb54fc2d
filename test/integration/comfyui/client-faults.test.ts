import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterEach, describe, expect, it } from 'vitest';

import { ComfyUiClient, type ComfyUiClientOptions } from '../../../adapters/comfyui';
import { RouterError } from '../../../lib/errors';
import { type Answer, type FakeServer, json, startFakeServer } from '../../support/fake-server';
import { recording } from '../../support/recordings';

const SECRET = 'very-secret-token';

let server: FakeServer | undefined;
const clients: ComfyUiClient[] = [];

afterEach(async () => {
	for (const client of clients.splice(0)) client.close();
	await server?.close();
	server = undefined;
});

async function serve(
	answer: Answer,
	options: Partial<ComfyUiClientOptions> = {},
): Promise<ComfyUiClient> {
	server = await startFakeServer(answer);
	return connect(server.url, options);
}

function connect(url: string, options: Partial<ComfyUiClientOptions> = {}): ComfyUiClient {
	const authentication = { type: 'bearer' as const, token: SECRET };
	const client = new ComfyUiClient({ name: 'gpu1', url, authentication, ...options });
	clients.push(client);
	return client;
}

async function errorOf(run: Promise<unknown>): Promise<RouterError> {
	const error = await run.then(
		() => expect.unreachable(),
		(reason: unknown) => reason,
	);
	expect(error).toBeInstanceOf(RouterError);
	return error as RouterError;
}

/** Everything of an error that a log could print. */
function everything(error: Error): string {
	const own = Object.getOwnPropertyNames(error).map((name) => [name, (error as never)[name]]);
	return `${JSON.stringify(own)} ${error.stack} ${String(error.cause)}`;
}

const html: Answer = (_request, response) => {
	response.writeHead(200, { 'Content-Type': 'text/html' });
	response.end('<!doctype html><title>Sign in</title>');
};

const status =
	(code: number, body = 'no', headers: Record<string, string> = {}): Answer =>
	(_request, response) => {
		response.writeHead(code, headers);
		response.end(body);
	};

describe("answers that are not a ComfyUI's", () => {
	it.each<[string, Answer, string]>([
		['a web page', html, 'COMFYUI_NOT_COMFYUI'],
		['plain text', status(200, 'hello'), 'COMFYUI_NOT_COMFYUI'],
		['JSON of another service', status(200, '{"ok":true}'), 'COMFYUI_NOT_COMFYUI'],
		['401', status(401), 'COMFYUI_UNAUTHORIZED'],
		['403', status(403, ''), 'COMFYUI_UNAUTHORIZED'],
		['404', status(404), 'COMFYUI_NOT_COMFYUI'],
		['413', status(413), 'COMFYUI_BAD_REQUEST'],
		['500', status(500, '500 Internal Server Error'), 'COMFYUI_SERVER_ERROR'],
		['502 with a page', status(502, '<html>bad gateway</html>'), 'COMFYUI_UNREACHABLE'],
		['504', status(504), 'COMFYUI_TIMEOUT'],
		[
			'302',
			status(302, '', { Location: 'http://elsewhere.example/login?x=1' }),
			'COMFYUI_NOT_COMFYUI',
		],
	])('%s', async (_name, answer, code) => {
		const error = await errorOf((await serve(answer)).systemStats());
		expect(error.code).toBe(code);
		expect(error.hint).not.toBe('');
		expect(error.message).toContain('gpu1');
		expect(everything(error)).not.toContain(SECRET);
	});

	it('asks whether a web page is a login', async () => {
		const error = await errorOf((await serve(html)).queue());
		expect(error.message).toContain('is this a proxy login?');
	});

	it('does not follow a redirect, so that credentials stay', async () => {
		const other = await startFakeServer((_request, response) => json(response, {}));
		const client = await serve(status(307, '', { Location: other.url }));
		const error = await errorOf(client.systemStats());
		expect(error.message).toContain('redirects');
		expect(other.requests).toEqual([]);
		await other.close();
	});

	it('refuses an answer larger than the limit', async () => {
		const big = status(200, JSON.stringify({ devices: [], filler: 'x'.repeat(200_000) }));
		const error = await errorOf((await serve(big, { maxBodyBytes: 100_000 })).systemStats());
		expect(error.message).toContain('more than 100000 bytes');
	});
});

describe('a server that is not there', () => {
	it('says that nothing listens', async () => {
		const probe = createServer();
		await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
		const { port } = probe.address() as AddressInfo;
		await new Promise((resolve) => probe.close(resolve));
		const error = await errorOf(connect(`http://127.0.0.1:${port}`).systemStats());
		expect(error.code).toBe('COMFYUI_UNREACHABLE');
		expect(error.message).toContain('connection refused');
		expect(everything(error)).not.toContain(SECRET);
	});

	it('says that the name is unknown', async () => {
		const error = await errorOf(connect('http://no-such-host.invalid:8188').systemStats());
		expect(error.code).toBe('COMFYUI_UNREACHABLE');
	});

	it('says that https is not spoken there', async () => {
		await serve(html);
		const port = new URL(server?.url ?? '').port;
		const error = await errorOf(connect(`https://127.0.0.1:${port}`).systemStats());
		expect(error.code).toBe('COMFYUI_NOT_COMFYUI');
		expect(error.hint).toContain('http against https');
	});
});

describe('time limits', () => {
	const stats = recording('get_system_stats').body;

	it('repeats a read once when it comes late', async () => {
		const client = await serve(
			(_request, response, count) => {
				if (count > 1) json(response, stats);
			},
			{ timeoutMs: 150 },
		);
		expect((await client.systemStats()).comfyuiVersion).toBe('0.8.0');
		expect(server?.requests).toHaveLength(2);
	});

	it('gives up after the second time', async () => {
		const client = await serve(() => undefined, { timeoutMs: 100 });
		const error = await errorOf(client.systemStats());
		expect(error.code).toBe('COMFYUI_TIMEOUT');
		expect(server?.requests).toHaveLength(2);
	});

	it('ends a body that trickles', async () => {
		const trickle: Answer = (_request, response) => {
			response.writeHead(200, { 'Content-Type': 'application/json' });
			const timer = setInterval(() => response.write(' '), 20);
			response.on('close', () => clearInterval(timer));
		};
		const error = await errorOf((await serve(trickle, { timeoutMs: 150 })).systemStats());
		expect(error.code).toBe('COMFYUI_TIMEOUT');
	});

	it('never repeats a submission', async () => {
		const client = await serve(() => undefined, { timeoutMs: 100 });
		const error = await errorOf(client.submit({ graph: {}, clientId: 'c', promptId: 'p' }));
		expect(error.code).toBe('COMFYUI_TIMEOUT');
		expect(server?.requests).toHaveLength(1);
	});

	it("rejects a cancelled call with the caller's reason, at once and unrepeated", async () => {
		const controller = new AbortController();
		const reason = new Error('the execution was cancelled');
		const client = await serve(() => controller.abort(reason));
		await expect(client.systemStats(controller.signal)).rejects.toBe(reason);
		expect(server?.requests).toHaveLength(1);
		await expect(client.queue(controller.signal)).rejects.toBe(reason);
		expect(server?.requests).toHaveLength(1);
	});

	it('survives a kept connection that the server has closed', async () => {
		const client = await serve((request, response, count) => {
			if (count === 2) request.socket.destroy();
			else json(response, stats);
		});
		await client.systemStats();
		expect((await client.systemStats()).devices).toHaveLength(1);
	});
});

describe('what is sent', () => {
	const ok: Answer = (_request, response) => json(response, {});

	it('keeps the path of the address and encodes names', async () => {
		server = await startFakeServer(ok);
		const client = connect(`${server.url}/comfy/`);
		await client.history('../x?y#z&ü');
		await client.fileMetadata('loras', 'a b&c=d#ü.safetensors');
		const [history, metadata] = server.requests.map((request) => request.url);
		expect(history).toBe('/comfy/history/..%2Fx%3Fy%23z%26%C3%BC');
		expect(new URL(metadata ?? '', server.url).searchParams.get('filename')).toBe(
			'a b&c=d#ü.safetensors',
		);
	});

	it.each([
		[{ type: 'none' as const }, undefined],
		[{ type: 'bearer' as const, token: 't' }, 'Bearer t'],
		[
			{ type: 'basic' as const, user: 'ü', password: ':p' },
			`Basic ${Buffer.from('ü::p').toString('base64')}`,
		],
	])('authenticates with %j and sends no Origin', async (authentication, header) => {
		const client = await serve(ok, { authentication });
		await client.history('x');
		expect(server?.requests[0]?.headers.authorization).toBe(header);
		expect(server?.requests[0]?.headers.origin).toBeUndefined();
	});

	it('takes user and password out of the address', async () => {
		server = await startFakeServer(ok);
		const url = server.url.replace('http://', 'http://me:p%40ss@');
		const client = connect(url, { authentication: { type: 'none' } });
		await client.history('x');
		expect(client.url).toBe(server.url);
		expect(server.requests[0]?.headers.authorization).toBe(
			`Basic ${Buffer.from('me:p@ss').toString('base64')}`,
		);
	});

	it("sends a header of one's own", async () => {
		const client = await serve(ok, {
			authentication: { type: 'header', name: 'X-Key', value: 'v' },
		});
		await client.history('x');
		expect(server?.requests[0]?.headers['x-key']).toBe('v');
	});

	it('never interrupts without an id, and deletes nothing without ids', async () => {
		const client = await serve(ok);
		await client.interrupt('');
		await client.deletePending([]);
		expect(server?.requests).toEqual([]);
	});

	it('uploads with the name as it is, quotes and line breaks encoded', async () => {
		const client = await serve((_request, response) =>
			json(response, { name: 'n.png', subfolder: 'router', type: 'input' }),
		);
		const receipt = await client.uploadImage({
			filename: 'a"b\r\nc.png',
			content: Buffer.from([1, 2, 255]),
		});
		expect(receipt.loadName).toBe('router/n.png');
		expect(server?.requests[0]?.body).toContain('filename="a%22b%0D%0Ac.png"');
		expect(server?.requests[0]?.body).toContain('\u0001\u0002\u00ff');
	});
});

describe('options', () => {
	it.each([
		[{ url: 'not an address' }, 'url'],
		[{ url: 'ftp://x' }, 'url'],
		[
			{ authentication: { type: 'bearer' as const, token: `${SECRET}\r\nX: y` } },
			'authentication.token',
		],
		[
			{ authentication: { type: 'header' as const, name: 'Host', value: 'x' } },
			'authentication.name',
		],
		[{ timeoutMs: -1 }, 'timeoutMs'],
	])('%j is refused at %s, without a secret in the error', (options, path) => {
		try {
			new ComfyUiClient({ name: 'a', url: 'http://x', ...options });
			expect.unreachable();
		} catch (error) {
			expect(error).toMatchObject({ code: 'OPTIONS_INVALID' });
			expect((error as RouterError).problems[0]?.path).toBe(path);
			expect(everything(error as Error)).not.toContain(SECRET);
		}
	});
});

describe('downloads', () => {
	const file = { filename: 'ü&#.png', subfolder: 'a b', type: 'output' };

	it('streams the bytes and encodes the name', async () => {
		const client = await serve((_request, response) => {
			response.writeHead(200, { 'Content-Type': 'image/png', 'Content-Length': '5' });
			response.end('image');
		});
		const download = await client.view(file);
		expect(download).toMatchObject({ contentType: 'image/png', contentLengthBytes: 5 });
		expect(await text(download.stream)).toBe('image');
		const query = new URL(server?.requests[0]?.url ?? '', server?.url).searchParams;
		expect(Object.fromEntries(query)).toEqual(file);
	});

	it('says that a file is gone', async () => {
		const client = await serve(status(404));
		expect((await errorOf(client.view(file))).code).toBe('FILE_NOT_FOUND');
	});

	it.each<[string, Answer, Partial<ComfyUiClientOptions>, string]>([
		[
			'is cut off',
			(_request, response) => {
				response.writeHead(200, { 'Content-Length': '100' });
				response.write('half');
				setImmediate(() => response.destroy());
			},
			{},
			'COMFYUI_UNREACHABLE',
		],
		[
			'stalls',
			(_request, response) => {
				response.writeHead(200, { 'Content-Length': '100' });
				response.write('half');
			},
			{ timeoutMs: 150 },
			'COMFYUI_TIMEOUT',
		],
		['is too large', status(200, 'x'.repeat(2000)), { maxFileBytes: 1000 }, 'COMFYUI_SERVER_ERROR'],
	])('fails clearly when it %s', async (_name, answer, options, code) => {
		const download = await (await serve(answer, options)).view(file);
		expect((await errorOf(text(download.stream))).code).toBe(code);
	});

	it('can be cancelled in the middle', async () => {
		const controller = new AbortController();
		const reason = new Error('enough');
		const client = await serve((_request, response) => {
			response.writeHead(200, { 'Content-Length': '100' });
			response.write('half');
		});
		const { stream } = await client.view(file, controller.signal);
		const read = text(stream);
		controller.abort(reason);
		await expect(read).rejects.toBe(reason);
	});
});
