/** The WebSocket side: who is connected under which client id, and how frames look. Decides nothing about jobs. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { type WebSocket, WebSocketServer } from 'ws';

import { TINY_JPEG } from './tiny-images';

interface Connection {
	socket: WebSocket;
	previewMetadata: boolean;
}

export interface SocketSource {
	queueRemaining(): number;
	features(): Record<string, unknown>;
	/** The node that runs for this client right now, or null. */
	runningNodeFor(clientId: string): string | null;
}

const EVENT_PREVIEW = 1;
const EVENT_PREVIEW_WITH_METADATA = 4;
const IMAGE_JPEG = 1;

export class SocketHub {
	private readonly server = new WebSocketServer({ noServer: true });
	private readonly connections = new Map<string, Connection>();

	constructor(private readonly source: SocketSource) {}

	get count(): number {
		return this.connections.size;
	}

	accept(request: IncomingMessage, stream: Duplex, head: Buffer): void {
		this.server.handleUpgrade(request, stream, head, (socket) => {
			const query = new URLSearchParams(request.url?.split('?')[1] ?? '');
			this.add(socket, query.get('clientId') || randomUUID().replaceAll('-', ''));
		});
	}

	/** To one client, or to all when `clientId` is null. */
	send(type: string, data: Record<string, unknown>, clientId: string | null): void {
		const frame = JSON.stringify({ type, data });
		for (const { socket } of this.receivers(clientId)) socket.send(frame);
	}

	broadcastStatus(): void {
		this.send('status', { status: this.status() }, null);
	}

	sendPreview(metadata: Record<string, unknown>, clientId: string | null): void {
		for (const connection of this.receivers(clientId)) {
			connection.socket.send(
				connection.previewMetadata ? previewWithMetadata(metadata) : preview(),
			);
		}
	}

	hasPreviewMetadata(clientId: string | null): boolean {
		return clientId !== null && (this.connections.get(clientId)?.previewMetadata ?? false);
	}

	/** Connections break without a closing handshake. */
	dropAll(): void {
		for (const { socket } of this.connections.values()) socket.terminate();
		this.connections.clear();
	}

	private add(socket: WebSocket, clientId: string): void {
		const connection: Connection = { socket, previewMetadata: false };
		this.connections.set(clientId, connection);
		this.send('status', { status: this.status(), sid: clientId }, clientId);
		const node = this.source.runningNodeFor(clientId);
		if (node !== null) this.send('executing', { node }, clientId);
		let first = true;
		socket.on('message', (raw: Buffer, isBinary: boolean) => {
			if (first && !isBinary) this.readFeatureFlags(connection, raw);
			first = false;
		});
		socket.on('error', () => socket.terminate());
		socket.on('close', () => {
			if (this.connections.get(clientId) === connection) this.connections.delete(clientId);
		});
	}

	private readFeatureFlags(connection: Connection, raw: Buffer): void {
		let message: { type?: unknown; data?: Record<string, unknown> };
		try {
			message = JSON.parse(raw.toString('utf8')) as typeof message;
		} catch {
			return;
		}
		if (message.type !== 'feature_flags') return;
		connection.previewMetadata = message.data?.['supports_preview_metadata'] === true;
		connection.socket.send(JSON.stringify({ type: 'feature_flags', data: this.source.features() }));
	}

	private receivers(clientId: string | null): Connection[] {
		if (clientId === null) return [...this.connections.values()];
		const connection = this.connections.get(clientId);
		return connection ? [connection] : [];
	}

	private status(): Record<string, unknown> {
		return { exec_info: { queue_remaining: this.source.queueRemaining() } };
	}
}

/** Big-endian u32 event, u32 image type, image. */
function preview(): Buffer {
	return Buffer.concat([u32(EVENT_PREVIEW), u32(IMAGE_JPEG), TINY_JPEG]);
}

/** Big-endian u32 event, u32 length, JSON, image. */
function previewWithMetadata(metadata: Record<string, unknown>): Buffer {
	const json = Buffer.from(JSON.stringify({ ...metadata, image_type: 'image/jpeg' }));
	return Buffer.concat([u32(EVENT_PREVIEW_WITH_METADATA), u32(json.length), json, TINY_JPEG]);
}

function u32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}
