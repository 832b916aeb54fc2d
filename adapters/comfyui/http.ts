/**
 * One server's HTTP: time limits, size limits, one retry for reads, no redirects. Owns axios; knows no route's meaning.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';

import axios, { type AxiosInstance, type AxiosResponse } from 'axios';

import { authenticationHeaders, secretsOf } from './auth';
import { withDeadline } from './deadline';
import {
	type CallContext,
	isWorthRetry,
	notComfyUiError,
	statusError,
	timeoutError,
	transportError,
} from './errors';
import { parsePythonJson } from './json';
import type { ResolvedOptions } from './options';

export interface HttpAnswer {
	status: number;
	headers: Record<string, unknown>;
	/** Decoded as UTF-8. */
	text: string;
}

export interface HttpRequest {
	method: 'GET' | 'POST';
	/** ComfyUI's route for messages, without names in it: "/history/{id}". */
	route: string;
	/** Encoded path below the base address. */
	path: string;
	query?: Record<string, string | number | undefined>;
	/** Sent as JSON. */
	json?: unknown;
	/** Sent as it is, with its type; excludes `json`. */
	raw?: { content: Uint8Array; contentType: string };
	/** Statuses besides 200 that the caller wants to see. */
	accept?: readonly number[];
	signal?: AbortSignal;
}

function queryString(query: HttpRequest['query']): string {
	const params = new URLSearchParams();
	for (const [key, value] of Object.entries(query ?? {})) {
		if (value !== undefined) params.set(key, String(value));
	}
	return params.size === 0 ? '' : `?${params}`;
}

/** Idle connections are closed before ComfyUI (aiohttp: 75 s) or a proxy closes them under our next request. */
const IDLE_SOCKET_MS = 8_000;

export class HttpTransport {
	private readonly axios: AxiosInstance;
	private readonly httpAgent: HttpAgent;
	private readonly httpsAgent: HttpsAgent;
	private readonly secrets: string[];

	constructor(private readonly options: ResolvedOptions) {
		this.secrets = secretsOf(options.authentication);
		const sockets = { keepAlive: true, maxSockets: 32, timeout: IDLE_SOCKET_MS };
		this.httpAgent = new HttpAgent(sockets);
		this.httpsAgent = new HttpsAgent({ ...sockets, ...options.tls });
		this.axios = axios.create({
			baseURL: `${options.baseUrl}/`,
			// fixed, so that nobody's job data can name another host
			allowAbsoluteUrls: false,
			httpAgent: this.httpAgent,
			httpsAgent: this.httpsAgent,
			headers: {
				...authenticationHeaders(options.authentication),
				Accept: 'application/json, */*',
				'User-Agent': 'n8n-nodes-comfyui-router',
			},
			maxRedirects: 0,
			validateStatus: () => true,
			transformRequest: [(data: unknown) => data],
			transformResponse: [(data: unknown) => data],
			maxBodyLength: Infinity,
		});
	}

	/** Idle connections are closed; running calls end by themselves. */
	close(): void {
		this.httpAgent.destroy();
		this.httpsAgent.destroy();
	}

	/** The parsed body of a 200. */
	async json(request: HttpRequest): Promise<unknown> {
		return this.parse(await this.send(request), request);
	}

	/** Parses an answer's body; a web page or other text is "not ComfyUI". */
	parse(answer: HttpAnswer, request: HttpRequest): unknown {
		try {
			return parsePythonJson(answer.text);
		} catch {
			throw notComfyUiError(answer.headers, answer.text, this.context(request));
		}
	}

	/** Any answer with status 200 or an accepted one. Reads (GET) are repeated once when they come late. */
	async send(request: HttpRequest): Promise<HttpAnswer> {
		try {
			return await this.sendOnce(request);
		} catch (error) {
			if (request.method !== 'GET' || request.signal?.aborted || !isWorthRetry(error)) {
				throw this.translate(error, request);
			}
		}
		try {
			return await this.sendOnce(request);
		} catch (error) {
			throw this.translate(error, request);
		}
	}

	/** A 200's body as a stream, null for an accepted status; the time limit covers the headers only. */
	async stream(
		request: HttpRequest,
	): Promise<{ headers: Record<string, unknown>; body: Readable } | null> {
		const run = (signal: AbortSignal) => this.request<Readable>(request, 'stream', signal);
		let response: AxiosResponse<Readable>;
		try {
			response = await this.limited(request, run);
		} catch (error) {
			throw this.translate(error, request);
		}
		const headers = response.headers as Record<string, unknown>;
		if (response.status === 200) return { headers, body: response.data };
		response.data.destroy();
		if (request.accept?.includes(response.status)) return null;
		throw statusError(response.status, headers, '', this.context(request));
	}

	context(request: Pick<HttpRequest, 'method' | 'route'>): CallContext {
		return {
			server: this.options.name,
			baseUrl: this.options.baseUrl,
			call: `${request.method} ${request.route}`,
			timeoutMs: this.options.timeoutMs,
		};
	}

	private async sendOnce(request: HttpRequest): Promise<HttpAnswer> {
		const response = await this.limited(request, (signal) =>
			this.request<string>(request, 'text', signal),
		);
		const headers = response.headers as Record<string, unknown>;
		const body = typeof response.data === 'string' ? response.data : '';
		const text = response.status === 200 ? body : this.withoutSecrets(body);
		if (response.status !== 200 && !request.accept?.includes(response.status)) {
			throw statusError(response.status, headers, text, this.context(request));
		}
		return { status: response.status, headers, text };
	}

	/** No error that is made of a refusal can hold what we logged in with. */
	private withoutSecrets(text: string): string {
		return this.secrets.reduce((kept, secret) => kept.replaceAll(secret, '***'), text);
	}

	private limited<T>(request: HttpRequest, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
		return withDeadline(this.options.timeoutMs, request.signal, run, () =>
			timeoutError(this.context(request)),
		);
	}

	private request<T>(
		request: HttpRequest,
		responseType: 'text' | 'stream',
		signal: AbortSignal,
	): Promise<AxiosResponse<T>> {
		const body =
			request.raw?.content ??
			(request.json === undefined ? undefined : JSON.stringify(request.json));
		const contentType = request.raw?.contentType ?? 'application/json';
		return this.axios.request<T>({
			method: request.method,
			url: request.path + queryString(request.query),
			data: body,
			headers: body === undefined ? {} : { 'Content-Type': contentType },
			responseType,
			// a stream's size is watched where it is read
			maxContentLength: responseType === 'text' ? this.options.maxBodyBytes : -1,
			decompress: responseType === 'text',
			signal,
		});
	}

	private translate(error: unknown, request: HttpRequest): unknown {
		const { signal } = request;
		if (signal?.aborted) return signal.reason;
		return transportError(error, this.context(request), this.options.maxBodyBytes);
	}
}
