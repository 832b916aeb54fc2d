/** A small HTTP server for scrapers: /metrics and /healthz, nothing else. Owns its start, its answers and its end. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { RouterError } from '../../lib/errors';

export interface ListenAddress {
	/** null: all interfaces. */
	host: string | null;
	/** 0: the system picks one. */
	port: number;
}

export interface EndpointSource {
	expose(): Promise<{ text: string; contentType: string }>;
	/** null: well; else what is wrong, one line. */
	fault(): string | null;
}

export interface Endpoint {
	/** Where it listens, as a URL without path. */
	url: string;
	/** Answers what was asked before, takes nothing new. */
	close(): Promise<void>;
}

/** Slow clients are cut off: a scrape is one short request. */
const REQUEST_TIMEOUT_MS = 10_000;
const PLAIN = 'text/plain; charset=utf-8';

/** @throws RouterError LISTEN_FAILED */
export async function openEndpoint(
	address: ListenAddress,
	source: EndpointSource,
): Promise<Endpoint> {
	const server = createServer({ maxHeaderSize: 8192 }, (request, response) => {
		void answer(request, response, source);
	});
	server.requestTimeout = REQUEST_TIMEOUT_MS;
	server.headersTimeout = REQUEST_TIMEOUT_MS;
	await listen(server, address);
	const { address: bound, family, port } = server.address() as AddressInfo;
	return {
		url: `http://${family === 'IPv6' ? `[${bound}]` : bound}:${port}`,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeIdleConnections();
			}),
	};
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => {
			reject(listenError(error, `${host ?? 'all interfaces'}, port ${port}`));
		});
		server.listen({ port, host: host ?? undefined }, resolve);
	});
}

const LISTEN_FAULTS: Record<string, string> = {
	EADDRINUSE: 'another program listens there',
	EACCES: 'this user may not listen there',
	EADDRNOTAVAIL: 'this machine does not have that address',
	ENOTFOUND: 'the host name is unknown',
};

function listenError(error: NodeJS.ErrnoException, where: string): RouterError {
	const code = error.code ?? 'unknown';
	return new RouterError({
		code: 'LISTEN_FAILED',
		message: `Cannot listen on ${where}: ${LISTEN_FAULTS[code] ?? 'the system refused'} (${code}).`,
		hint: 'Choose another port or address with --listen.',
		cause: error,
	});
}

async function answer(
	request: IncomingMessage,
	response: ServerResponse,
	source: EndpointSource,
): Promise<void> {
	// nobody may need the body, and an unread one would hold the connection
	request.resume();
	const path = (request.url ?? '').split('?', 1)[0];
	if (path !== '/metrics' && path !== '/healthz') {
		send(response, 404, PLAIN, 'Not found. There are /metrics and /healthz.\n');
	} else if (request.method !== 'GET' && request.method !== 'HEAD') {
		response.setHeader('Allow', 'GET, HEAD');
		send(response, 405, PLAIN, 'Only GET and HEAD.\n');
	} else if (path === '/healthz') {
		const fault = source.fault();
		send(response, fault === null ? 200 : 503, PLAIN, `${fault ?? 'ok'}\n`);
	} else {
		try {
			const { text, contentType } = await source.expose();
			send(response, 200, contentType, text);
		} catch {
			send(response, 500, PLAIN, 'The metrics could not be written.\n');
		}
	}
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
	response.writeHead(status, {
		'Content-Type': contentType,
		'Content-Length': Buffer.byteLength(body),
		'Cache-Control': 'no-store',
		'X-Content-Type-Options': 'nosniff',
	});
	// Node leaves the body out of an answer to HEAD
	response.end(body);
}
