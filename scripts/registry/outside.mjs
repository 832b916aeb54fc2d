/**
 * The outside world of a closed n8n: a proxy on loopback behind which one host name, the registry's, is a server of ours,
 * and nothing else can be reached. Owns the proxy and its TLS; knows nothing of packages.
 */
import { createServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/**
 * @param {{ host: string, target: number, key: Buffer, cert: Buffer }} options `host` is answered by the HTTP server on
 *   port `target` of this machine
 * @returns {Promise<{ url: string, refused: Set<string>, stop: () => Promise<void> }>} `refused` are the other hosts that
 *   were asked for
 */
export async function startOutside({ host, target, key, cert }) {
	const refused = new Set();
	const inside = createTlsServer({ key, cert }, (incoming, answer) =>
		forward(incoming, answer, target),
	);
	const proxy = createServer((incoming, answer) => {
		refused.add(new URL(incoming.url, 'http://unknown').host);
		answer.writeHead(403).end();
	});
	const sockets = new Set();
	proxy.on('connection', (socket) => {
		sockets.add(socket);
		socket.once('close', () => sockets.delete(socket));
	});
	proxy.on('connect', ({ url }, socket) => {
		socket.on('error', () => undefined);
		if (url !== `${host}:443`) {
			refused.add(url);
			socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
			return;
		}
		socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
		inside.emit('connection', socket);
	});
	await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${proxy.address().port}`,
		refused,
		stop: async () => {
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => proxy.close(resolve));
		},
	};
}

/** The host stays as it was asked for: the registry builds the addresses of its files from it. */
function forward(incoming, answer, port) {
	const passed = request(
		{
			host: '127.0.0.1',
			port,
			method: incoming.method,
			path: incoming.url,
			headers: { ...incoming.headers, 'x-forwarded-proto': 'https' },
		},
		(response) => {
			answer.writeHead(response.statusCode, response.headers);
			response.pipe(answer);
		},
	);
	passed.on('error', () => answer.destroy());
	incoming.pipe(passed);
}
