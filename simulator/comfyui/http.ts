/** Requests in, replies out, as aiohttp does it: body limit, JSON whatever the content type, its words for errors. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Reply {
	status: number;
	headers: Record<string, string>;
	body: Buffer;
}

export interface RequestContext {
	method: string;
	/** Without the `/api` prefix. */
	path: string;
	/** Asked with the `/api` prefix. */
	underApi: boolean;
	query: URLSearchParams;
	/** Groups of the route's pattern, decoded. */
	params: string[];
	headers: IncomingMessage['headers'];
	body(): Promise<Buffer>;
	/** @throws SyntaxError on malformed or missing JSON, which ends as ComfyUI's 500 */
	json(): Promise<unknown>;
}

export const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';

export function json(value: unknown, status = 200): Reply {
	return {
		status,
		headers: { 'Content-Type': JSON_TYPE },
		body: Buffer.from(JSON.stringify(value)),
	};
}

export function text(value: string, status = 200, contentType = TEXT_TYPE): Reply {
	return { status, headers: { 'Content-Type': contentType }, body: Buffer.from(value) };
}

export function bytes(
	value: Buffer,
	contentType: string,
	headers: Record<string, string> = {},
): Reply {
	return { status: 200, headers: { 'Content-Type': contentType, ...headers }, body: value };
}

/** A status and nothing else: no body, no content type. */
export function empty(status = 200): Reply {
	return { status, headers: {}, body: Buffer.alloc(0) };
}

export function internalError(): Reply {
	return text('500 Internal Server Error\n\nServer got itself in trouble', 500);
}

/** What aiohttp's static file route answers for a path nobody knows. */
export function unknownRoute(): Reply {
	return {
		status: 404,
		headers: { 'Content-Type': 'application/octet-stream' },
		body: Buffer.alloc(0),
	};
}

export class BodyTooLarge extends Error {
	constructor(readonly limitBytes: number) {
		super(`Maximum request body size ${limitBytes} exceeded.`);
	}
}

/** Reads the whole body; what is over the limit is read and thrown away, so that the client hears the answer. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of request) {
		size += (chunk as Buffer).length;
		if (size <= limitBytes) chunks.push(chunk as Buffer);
	}
	if (size > limitBytes) throw new BodyTooLarge(limitBytes);
	return Buffer.concat(chunks);
}

export function send(response: ServerResponse, reply: Reply): void {
	response.writeHead(reply.status, {
		...reply.headers,
		'Content-Length': String(reply.body.length),
		Server: 'Python/3.11 aiohttp/3.14.3',
	});
	response.end(reply.body);
}
