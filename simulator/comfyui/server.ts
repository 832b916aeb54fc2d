/** The listening side: sockets, faults and the life cycle around one ComfyProcess at a time. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ResponseFault } from './faults';
import { refusal } from './guard';
import { BodyTooLarge, type Reply, empty, internalError, readBody, send, text } from './http';
import { DEFAULT_MAX_BODY_BYTES } from './options';
import { ComfyProcess, type Machine } from './process';
import { answer } from './router';

const HTML =
	'<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>';

export class StandInServer {
	process: ComfyProcess;
	private server: Server | null = null;
	private readonly connections = new Set<Socket>();
	private port: number;

	constructor(private readonly machine: Machine) {
		this.process = new ComfyProcess(machine);
		this.port = machine.options.port ?? 0;
	}

	get address(): { host: string; port: number } {
		return { host: this.machine.options.host ?? '127.0.0.1', port: this.port };
	}

	/** Starts to listen, on the same port as before if there was one. A killed process comes back empty. */
	async listen(): Promise<void> {
		if (this.server) return;
		const server = createServer((request, response) => void this.respond(request, response));
		server.on('upgrade', (request, stream, head) => this.upgrade(request, stream, head));
		server.on('connection', (socket: Socket) => {
			this.connections.add(socket);
			socket.on('close', () => this.connections.delete(socket));
		});
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject);
			server.listen(this.port, this.address.host, resolve);
		});
		this.port = (server.address() as AddressInfo).port;
		this.server = server;
		this.machine.events.append({ type: 'listening' });
	}

	/** As `kill -9`: connections break, queue, history and cache are gone, the port refuses. */
	async kill(): Promise<void> {
		const server = this.server;
		if (!server) return;
		this.server = null;
		this.process.kill();
		this.machine.events.append({ type: 'killed' });
		this.process = new ComfyProcess(this.machine);
		const closed = new Promise<void>((resolve) => server.close(() => resolve()));
		for (const socket of this.connections) socket.destroy();
		await closed;
	}

	private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const url = urlOf(request);
		const underApi = url.pathname.startsWith('/api/');
		const path = underApi ? url.pathname.slice(4) : url.pathname;
		const method = request.method ?? 'GET';
		const fault = this.machine.faults.takeResponse(method, path);
		if (fault?.kind === 'hang') return;
		if (fault?.kind === 'slow') await sleep(fault.delayMs, undefined, { ref: false });
		const arrived = fault?.kind === 'late' ? await this.heldBack(request, fault.delayMs) : null;
		const replaced = fault ? faultReply(fault) : null;
		const reply = replaced ?? (await this.reply(request, url, path, underApi, arrived));
		this.machine.events.append({ type: 'request', method, path, status: reply.status });
		if (fault?.kind === 'drop') request.socket.destroy();
		else send(response, reply);
	}

	private async heldBack(request: IncomingMessage, delayMs: number): Promise<Buffer> {
		const body = await readBody(request, DEFAULT_MAX_BODY_BYTES);
		await sleep(delayMs, undefined, { ref: false });
		return body;
	}

	private async reply(
		request: IncomingMessage,
		url: URL,
		path: string,
		underApi: boolean,
		arrived: Buffer | null,
	): Promise<Reply> {
		const { options } = this.machine;
		const refused = refusal(request.headers, options.auth, options.checkOrigin ?? true);
		if (refused) return refused;
		const method = request.method ?? 'GET';
		if (method === 'OPTIONS') return empty();
		let body = arrived === null ? null : Promise.resolve(arrived);
		const read = (): Promise<Buffer> =>
			(body ??= readBody(request, options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES));
		try {
			const context = {
				method,
				path,
				underApi,
				query: url.searchParams,
				params: [],
				headers: request.headers,
				body: read,
				json: async () => JSON.parse((await read()).toString('utf8')) as unknown,
			};
			return await answer(context, this.process);
		} catch (error) {
			return error instanceof BodyTooLarge ? text(error.message, 413) : internalError();
		}
	}

	private upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
		const { options, faults } = this.machine;
		const { pathname } = urlOf(request);
		const known = ['/ws', '/api/ws'].includes(pathname);
		const refused = refusal(request.headers, options.auth, options.checkOrigin ?? true);
		if (!known || refused || faults.refuseSockets) {
			const status = refused?.status ?? (known ? 503 : 404);
			stream.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
			return;
		}
		this.process.sockets.accept(request, stream, head);
	}
}

/** What cannot be read as a path (`OPTIONS *`) is the root. */
function urlOf(request: IncomingMessage): URL {
	const text = `http://localhost${request.url ?? '/'}`;
	return new URL(URL.canParse(text) ? text : 'http://localhost/');
}

function faultReply(fault: ResponseFault): Reply | null {
	if (fault.kind === 'html') return text(HTML, fault.status ?? 200, 'text/html; charset=utf-8');
	if (fault.kind !== 'status') return null;
	return text(fault.body ?? `${fault.status}: injected`, fault.status, fault.contentType);
}
