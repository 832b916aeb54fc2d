/**
 * One server's event stream over its WebSocket. Owns reconnecting and telling a dead connection from a quiet one;
 * what frames mean is websocket-frames.ts. Never throws: whoever listens falls back to polling.
 */
import WebSocket from 'ws';

import type { EventStream, ServerEvent } from '../../lib/ports';
import { parseFrame } from './websocket-frames';

export interface SocketTarget {
	url: string;
	headers: Record<string, string>;
	tls: { rejectUnauthorized?: boolean; ca?: string };
}

/** Between two tries; the first comes at once, the others ever later. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5_000;
/** A connection that lasted this long was a good one: the next try comes at once again. */
const GOOD_CONNECTION_MS = 500;
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** Half-open connections (a machine that lost power, a NAT that forgot us) are found by unanswered pings. */
const PING_EVERY_MS = 20_000;
/** Frames larger than this are previews nobody asked for, or not ComfyUI. */
const MAX_FRAME_BYTES = 64 * 1024 ** 2;

export function openEventStream(
	target: SocketTarget,
	listener: (event: ServerEvent) => void,
): EventStream {
	return new ReconnectingSocket(target, listener);
}

class ReconnectingSocket implements EventStream {
	private socket: WebSocket | null = null;
	private retryTimer: NodeJS.Timeout | null = null;
	private pingTimer: NodeJS.Timeout | null = null;
	private retryMs = 0;
	private openedMs = 0;
	private answered = true;
	private closed = false;

	constructor(
		private readonly target: SocketTarget,
		private readonly listener: (event: ServerEvent) => void,
	) {
		this.connect();
	}

	close(): void {
		if (this.closed) return;
		this.closed = true;
		if (this.retryTimer) clearTimeout(this.retryTimer);
		this.stopPings();
		const { socket } = this;
		this.socket = null;
		// without a closing handshake: a server that hangs must not keep the process alive
		socket?.removeAllListeners();
		socket?.on('error', () => undefined);
		socket?.terminate();
	}

	private connect(): void {
		this.retryTimer = null;
		const { url, headers, tls } = this.target;
		let socket: WebSocket;
		try {
			socket = new WebSocket(url, {
				headers,
				...tls,
				handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
				maxPayload: MAX_FRAME_BYTES,
				perMessageDeflate: false,
				followRedirects: false,
			});
		} catch {
			this.retryLater();
			return;
		}
		this.socket = socket;
		socket.on('open', () => this.opened(socket));
		socket.on('message', (data: WebSocket.RawData, isBinary: boolean) => {
			if (!isBinary) this.receive(String(data));
		});
		socket.on('pong', () => {
			this.answered = true;
		});
		// always followed by `close`
		socket.on('error', () => undefined);
		socket.on('close', () => this.lost(socket));
	}

	private opened(socket: WebSocket): void {
		this.openedMs = Date.now();
		this.answered = true;
		this.pingTimer = setInterval(() => this.ping(socket), PING_EVERY_MS);
		this.pingTimer.unref();
		this.listener({ type: 'connected' });
	}

	private ping(socket: WebSocket): void {
		if (!this.answered) {
			socket.terminate();
			return;
		}
		this.answered = false;
		socket.ping();
	}

	private receive(text: string): void {
		const event = parseFrame(text);
		if (event !== null && !this.closed) this.listener(event);
	}

	private lost(socket: WebSocket): void {
		if (this.closed || this.socket !== socket) return;
		this.socket = null;
		this.stopPings();
		const wasGood = this.openedMs > 0 && Date.now() - this.openedMs >= GOOD_CONNECTION_MS;
		if (wasGood) this.retryMs = 0;
		this.openedMs = 0;
		this.listener({ type: 'disconnected' });
		this.retryLater();
	}

	private retryLater(): void {
		if (this.closed) return;
		const wait = this.retryMs;
		this.retryMs = Math.min(LONGEST_RETRY_MS, Math.max(FIRST_RETRY_MS, wait * 2));
		this.retryTimer = setTimeout(() => this.connect(), wait);
	}

	private stopPings(): void {
		if (this.pingTimer) clearInterval(this.pingTimer);
		this.pingTimer = null;
	}
}
