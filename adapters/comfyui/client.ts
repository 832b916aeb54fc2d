/** One ComfyUI server over HTTP: a route per method. Decides nothing; parsing, errors and transport have their own files. */
import { RouterError } from '../../lib/errors';
import type {
	ComfyUiEventPort,
	ComfyUiFilePort,
	ComfyUiInspectionPort,
	ComfyUiPort,
	EventStream,
	FileDownload,
	HistoryEntry,
	OutputFile,
	QueueState,
	ServerEvent,
	ServerFeatures,
	ServerJob,
	SizedFile,
	SubmitPrompt,
	SubmitReceipt,
	SystemStats,
	UploadFile,
	UploadReceipt,
} from '../../lib/ports';
import { storableText } from '../../lib/storable-text';
import { authenticationHeaders } from './auth';
import { notComfyUiError } from './errors';
import { guardedStream } from './guarded-stream';
import { type HttpRequest, HttpTransport } from './http';
import { readInstalledFiles } from './installed-files';
import { uploadBody } from './multipart';
import { type ComfyUiClientOptions, resolveOptions, type ResolvedOptions } from './options';
import * as parse from './parse';
import { parseHistory } from './parse-history';
import { hasNodeErrors, promptRejected } from './prompt-errors';
import * as schemas from './schemas';
import { openEventStream, type SocketTarget } from './websocket';

export class ComfyUiClient
	implements ComfyUiPort, ComfyUiFilePort, ComfyUiEventPort, ComfyUiInspectionPort
{
	readonly name: string;
	/** Without credentials. */
	readonly url: string;
	private readonly options: ResolvedOptions;
	private readonly http: HttpTransport;

	/** @throws RouterError OPTIONS_INVALID */
	constructor(options: ComfyUiClientOptions) {
		this.options = resolveOptions(options);
		this.name = this.options.name;
		this.url = this.options.baseUrl;
		this.http = new HttpTransport(this.options);
	}

	/** Closes idle connections. The client can be used again afterwards. */
	close(): void {
		this.http.close();
	}

	/** For the WebSocket to the same server: address, headers and TLS options. Holds secrets: never log it. */
	socketTarget(clientId: string): SocketTarget {
		const base = this.url.replace(/^http/, 'ws');
		return {
			url: `${base}/ws?clientId=${segment(clientId)}`,
			headers: authenticationHeaders(this.options.authentication),
			tls: this.options.tls,
		};
	}

	openEvents(clientId: string, listener: (event: ServerEvent) => void): EventStream {
		return openEventStream(this.socketTarget(clientId), listener);
	}

	systemStats(signal?: AbortSignal): Promise<SystemStats> {
		return this.get('/system_stats', 'system_stats', parse.parseSystemStats, signal);
	}

	async queue(signal?: AbortSignal): Promise<QueueState> {
		const request: HttpRequest = { method: 'GET', route: '/queue', path: 'queue', signal };
		const answer = await this.http.send(request);
		const serverTime = Date.parse(String(answer.headers['date'] ?? ''));
		const state = parse.parseQueue(
			this.http.parse(answer, request),
			Number.isNaN(serverTime) ? null : serverTime,
		);
		return state ?? this.notComfyUi(request);
	}

	async history(promptId: string, signal?: AbortSignal): Promise<HistoryEntry | null> {
		const path = `history/${segment(promptId)}`;
		const entries = await this.get('/history/{id}', path, parseHistory, signal);
		return entries.find((entry) => entry.promptId === promptId) ?? null;
	}

	recentHistory(maxItems: number, signal?: AbortSignal): Promise<HistoryEntry[]> {
		const count = Math.max(1, Math.floor(maxItems));
		return this.get('/history', `history?max_items=${count}`, parseHistory, signal);
	}

	installedFiles(signal?: AbortSignal): Promise<string[]> {
		return readInstalledFiles(this, signal);
	}

	async objectInfo(
		className: string,
		signal?: AbortSignal,
	): Promise<Record<string, unknown> | null> {
		const json = await this.http.json({
			method: 'GET',
			route: '/object_info/{class}',
			path: `object_info/${segment(className)}`,
			signal,
		});
		const info = parse.plainObject(json);
		return Object.hasOwn(info, className) ? parse.plainObject(info[className]) : null;
	}

	async free(
		options: { unloadModels: boolean; freeMemory: boolean },
		signal?: AbortSignal,
	): Promise<void> {
		await this.post(
			'/free',
			{ unload_models: options.unloadModels, free_memory: options.freeMemory },
			signal,
		);
	}

	async submit(prompt: SubmitPrompt, signal?: AbortSignal): Promise<SubmitReceipt> {
		const request: HttpRequest = {
			method: 'POST',
			route: '/prompt',
			path: 'prompt',
			json: {
				prompt: prompt.graph,
				client_id: prompt.clientId,
				prompt_id: prompt.promptId,
				...(prompt.number === undefined ? {} : { number: prompt.number }),
				...(prompt.extraData === undefined ? {} : { extra_data: prompt.extraData }),
			},
			accept: [400],
			signal,
		};
		const answer = await this.http.send(request);
		const body = this.http.parse(answer, request);
		// a 200 with node errors ran only the outputs that were valid
		if (answer.status === 400 || hasNodeErrors(parse.plainObject(body)['node_errors'])) {
			throw promptRejected(body, this.http.context(request));
		}
		const receipt = schemas.receiptSchema.safeParse(body);
		if (!receipt.success) return this.notComfyUi(request);
		return { promptId: receipt.data.prompt_id, number: receipt.data.number };
	}

	async interrupt(promptId: string, signal?: AbortSignal): Promise<void> {
		// without an id ComfyUI would stop whatever runs
		if (promptId === '') return;
		await this.post('/interrupt', { prompt_id: promptId }, signal);
	}

	async deletePending(promptIds: string[], signal?: AbortSignal): Promise<void> {
		if (promptIds.length === 0) return;
		await this.post('/queue', { delete: promptIds }, signal);
	}

	async uploadImage(file: UploadFile, signal?: AbortSignal): Promise<UploadReceipt> {
		const body = uploadBody(file);
		const request: HttpRequest = {
			method: 'POST',
			route: '/upload/image',
			path: 'upload/image',
			raw: body,
			signal,
		};
		const parsed = schemas.uploadSchema.safeParse(await this.http.json(request));
		if (!parsed.success) return this.notComfyUi(request);
		const { name, subfolder, type } = parsed.data;
		const path = subfolder === '' ? name : `${subfolder}/${name}`;
		return { name, subfolder, type, loadName: type === 'input' ? path : `${path} [${type}]` };
	}

	async view(
		file: Pick<OutputFile, 'filename' | 'subfolder' | 'type'>,
		signal?: AbortSignal,
	): Promise<FileDownload> {
		const request: HttpRequest = {
			method: 'GET',
			route: '/view',
			path: 'view',
			query: { filename: file.filename, subfolder: file.subfolder, type: file.type },
			accept: [404],
			signal,
		};
		const answer = await this.http.stream(request);
		if (answer === null) throw fileGone(this.name);
		const { headers, body } = answer;
		const length = Number(headers['content-length'] ?? NaN);
		const encoded = typeof headers['content-encoding'] === 'string';
		const expectedBytes = Number.isFinite(length) && !encoded ? length : null;
		const limits = {
			idleMs: this.options.timeoutMs,
			maxBytes: this.options.maxFileBytes,
			expectedBytes,
		};
		const type = headers['content-type'];
		return {
			stream: guardedStream(body, limits, this.http.context(request), signal),
			contentType: typeof type === 'string' ? type : null,
			contentLengthBytes: expectedBytes,
		};
	}

	async features(signal?: AbortSignal): Promise<ServerFeatures> {
		return parse.parseFeatures(await this.optional('/features', 'features', signal));
	}

	async jobs(
		options: { limit?: number; status?: string[] } = {},
		signal?: AbortSignal,
	): Promise<ServerJob[] | null> {
		const query = { limit: options.limit, status: options.status?.join(',') };
		const json = await this.optional('/api/jobs', 'api/jobs', signal, query);
		return json === null ? null : parse.parseJobs(json);
	}

	modelFolders(signal?: AbortSignal): Promise<string[]> {
		return this.get('/models', 'models', parse.parseNames, signal);
	}

	async filesIn(folder: string, signal?: AbortSignal): Promise<string[] | null> {
		const path = `models/${segment(folder)}`;
		const json = await this.optional('/models/{folder}', path, signal);
		return json === null ? null : parse.parseNames(json);
	}

	async fileSizes(folder: string, signal?: AbortSignal): Promise<SizedFile[] | null> {
		const path = `experiment/models/${segment(folder)}`;
		const json = await this.optional('/experiment/models/{folder}', path, signal);
		return json === null ? null : parse.parseSizedFiles(json, folder);
	}

	async fileMetadata(
		folder: string,
		filename: string,
		signal?: AbortSignal,
	): Promise<Record<string, unknown> | null> {
		const path = `view_metadata/${segment(folder)}`;
		const json = await this.optional('/view_metadata/{folder}', path, signal, { filename });
		const parsed = schemas.objectSchema.safeParse(json);
		return parsed.success ? parsed.data : null;
	}

	private async get<T>(
		route: string,
		path: string,
		parseBody: (json: unknown) => T | null,
		signal?: AbortSignal,
	): Promise<T> {
		const request: HttpRequest = { method: 'GET', route, path, signal };
		return parseBody(await this.http.json(request)) ?? this.notComfyUi(request);
	}

	/** null where the server does not have the route or the thing. */
	private async optional(
		route: string,
		path: string,
		signal?: AbortSignal,
		query?: HttpRequest['query'],
	): Promise<unknown> {
		const request: HttpRequest = { method: 'GET', route, path, query, accept: [404, 405], signal };
		const answer = await this.http.send(request);
		return answer.status === 200 ? this.http.parse(answer, request) : null;
	}

	/** These routes answer with an empty body. */
	private async post(route: string, json: unknown, signal?: AbortSignal): Promise<void> {
		await this.http.send({ method: 'POST', route, path: route.slice(1), json, signal });
	}

	private notComfyUi(request: HttpRequest): never {
		throw notComfyUiError({}, '', this.http.context(request));
	}
}

/** As part of an address. Half of a surrogate pair, which no address can hold, becomes U+FFFD. */
function segment(text: string): string {
	return encodeURIComponent(storableText(text));
}

function fileGone(server: string): RouterError {
	return new RouterError({
		code: 'FILE_NOT_FOUND',
		message: `ComfyUI server "${server}" no longer has the output file.`,
		hint: 'Its output folder was cleaned, or its disk is full. Run the job again.',
	});
}
