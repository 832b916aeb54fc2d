/**
 * The outside world as the use cases see it. Interfaces only: adapters implement them, tests fake them.
 * All calls reject with RouterError (stable code, hint), never with a driver's own error.
 */
import type { CalibrationRow } from './calibration/from-log';
import type { Inventory, SyncChange } from './catalog-sync/types';
import type { FleetDevice } from './fleet/types';
import type { BookChanges, ReservationBook } from './reservations/types';
import type { PastDemand } from './residency/demand';
import type { UsageReceipt, UsageRow } from './usage/types';
import type { VramReading } from './vram-watch/types';
import type { ApiGraph } from './workflow/graph';

export type { FeedbackPort } from './feedback/types';
export type { QuotaPort } from './quotas/types';

export interface Clock {
	/** Milliseconds since the epoch. */
	nowMs(): number;
	/** Resolves after `ms`, or rejects with the signal's reason. */
	sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** `/system_stats`, as far as we use it. Bytes. */
export interface SystemStats {
	comfyuiVersion: string | null;
	argv: string[];
	devices: FleetDevice[];
}

/** One item of `/queue`. */
export interface QueueItem {
	number: number;
	promptId: string;
	graph: ApiGraph;
	/** When it was submitted, ms since the epoch; null before ComfyUI 0.8 and where unknown. */
	createTimeMs: number | null;
	clientId: string | null;
	/** What the submitter attached, as far as the server keeps it. Untrusted. */
	extraData?: Record<string, unknown>;
}

export interface QueueState {
	running: QueueItem[];
	/** In running order (ascending number). */
	pending: QueueItem[];
	/** The server's own clock (HTTP Date, whole seconds) when it answered, ms since the epoch; null where it did not say. */
	serverTimeMs?: number | null;
}

/** One output file of a prompt. Untrusted strings. */
export interface OutputFile {
	nodeId: string;
	/** The output's kind as ComfyUI names it: images, gifs, audio, video, text, ... */
	kind: string;
	filename: string;
	subfolder: string;
	type: string;
}

/** One text that a node shows instead of a file. Untrusted. */
export interface OutputText {
	nodeId: string;
	text: string;
}

export interface ExecutionFailure {
	nodeId: string | null;
	nodeType: string | null;
	exceptionType: string | null;
	/** Trimmed; untrusted. */
	message: string;
}

/** One entry of `/history`: a prompt that ended. */
export interface HistoryEntry {
	promptId: string;
	number: number | null;
	graph: ApiGraph;
	status: 'success' | 'error' | 'interrupted';
	failure: ExecutionFailure | null;
	/** Nodes served from the cache; null where the server did not say. */
	cachedNodes: string[] | null;
	createTimeMs: number | null;
	startedMs: number | null;
	endedMs: number | null;
	outputs: OutputFile[];
	/** Absent: none. */
	texts?: OutputText[];
	/** What the submitter attached. Untrusted. */
	extraData?: Record<string, unknown>;
}

export interface SubmitPrompt {
	graph: ApiGraph;
	/** Always sent: without it ComfyUI 0.8 does not report fully cached outputs. */
	clientId: string;
	promptId: string;
	/** ComfyUI's `number`: lower runs first. Absent: the server counts. */
	number?: number;
	extraData?: Record<string, unknown>;
}

export interface SubmitReceipt {
	promptId: string;
	number: number;
}

/**
 * One ComfyUI server. Optional `signal` cancels the call, never the prompt; a cancelled call rejects with the
 * signal's own reason.
 */
export interface ComfyUiPort {
	readonly name: string;
	readonly url: string;
	systemStats(signal?: AbortSignal): Promise<SystemStats>;
	queue(signal?: AbortSignal): Promise<QueueState>;
	/** null while unknown, pending or running. */
	history(promptId: string, signal?: AbortSignal): Promise<HistoryEntry | null>;
	/** The last `maxItems` ended prompts, oldest first. */
	recentHistory(maxItems: number, signal?: AbortSignal): Promise<HistoryEntry[]>;
	/** File names of checkpoints, diffusion models, text encoders, VAEs and LoRAs, as ComfyUI names them. */
	installedFiles(signal?: AbortSignal): Promise<string[]>;
	/** `/object_info/{class}`, raw; null for a class the server does not have. */
	objectInfo(className: string, signal?: AbortSignal): Promise<Record<string, unknown> | null>;
	free(
		options: { unloadModels: boolean; freeMemory: boolean },
		signal?: AbortSignal,
	): Promise<void>;
	submit(prompt: SubmitPrompt, signal?: AbortSignal): Promise<SubmitReceipt>;
	/** Stops this prompt if it is the one running; nothing else. */
	interrupt(promptId: string, signal?: AbortSignal): Promise<void>;
	deletePending(promptIds: string[], signal?: AbortSignal): Promise<void>;
}

/** A file for `/upload/image`. */
export interface UploadFile {
	filename: string;
	content: Uint8Array;
	/** Default: application/octet-stream. */
	contentType?: string;
	/** Below ComfyUI's input folder. Default: none. */
	subfolder?: string;
	/** Default false: another content under the same name is stored as "name (1)". */
	overwrite?: boolean;
}

/** Where an uploaded file can be found. `loadName` is what LoadImage's `image` input takes. */
export interface UploadReceipt {
	name: string;
	subfolder: string;
	type: string;
	loadName: string;
}

/** An output file as it arrives. Whoever asked for it reads it to the end or destroys it. */
export interface FileDownload {
	stream: NodeJS.ReadableStream;
	/** As the server says; null where it does not. */
	contentType: string | null;
	contentLengthBytes: number | null;
}

/** Files into and out of one server. */
export interface ComfyUiFilePort {
	uploadImage(file: UploadFile, signal?: AbortSignal): Promise<UploadReceipt>;
	/** Rejects with FILE_NOT_FOUND where the server no longer has it. */
	view(
		file: Pick<OutputFile, 'filename' | 'subfolder' | 'type'>,
		signal?: AbortSignal,
	): Promise<FileDownload>;
}

/** What a server's event stream tells about prompts submitted under our client id. */
export type ServerEvent =
	/** The stream is open: again, too, after it broke; events in between are lost. */
	| { type: 'connected' }
	| { type: 'disconnected' }
	| { type: 'started'; promptId: string }
	| { type: 'node'; promptId: string; nodeId: string }
	/** Steps of a node; only samplers and upscalers send them. */
	| { type: 'progress'; promptId: string; nodeId: string; value: number; max: number }
	/** The prompt is over, however it ended; its history entry can be read. */
	| { type: 'ended'; promptId: string };

export interface EventStream {
	close(): void;
}

/** Events of one server. Never throws: a stream that cannot be opened is `disconnected` and tried again. */
export interface ComfyUiEventPort {
	/** Stays open, and reconnects by itself, until closed. One stream per client id: a second one replaces the first. */
	openEvents(clientId: string, listener: (event: ServerEvent) => void): EventStream;
}

/** Random numbers, so that tests can be repeated. */
export interface RandomPort {
	/** Unique, fit as prompt_id and client_id. */
	uuid(): string;
	/** A whole number from 0 up to `limit`, exclusive; `limit` at most 2^48 - 1. */
	integer(limit: number): number;
}

/** `/features`. null: the server did not say. */
export interface ServerFeatures {
	maxUploadBytes: number | null;
	supportsPreviewMetadata: boolean;
}

/** One job of `/api/jobs` (ComfyUI 0.8 and later). */
export interface ServerJob {
	promptId: string;
	/** pending, in_progress, completed, failed, cancelled, or what later versions add. */
	status: string;
	createTimeMs: number | null;
	startedMs: number | null;
	endedMs: number | null;
}

/** A model file with its size, from `/experiment/models/{folder}`. */
export interface SizedFile {
	name: string;
	folder: string;
	sizeBytes: number | null;
	modifiedMs: number | null;
}

/** What a server tells about itself beyond running prompts. Every answer may be missing on older servers. */
export interface ComfyUiInspectionPort {
	features(signal?: AbortSignal): Promise<ServerFeatures>;
	/** null before ComfyUI 0.8, which has no `/api/jobs`. */
	jobs(
		options?: { limit?: number; status?: string[] },
		signal?: AbortSignal,
	): Promise<ServerJob[] | null>;
	/** Names of the model folders. */
	modelFolders(signal?: AbortSignal): Promise<string[]>;
	/** null for a folder the server does not have. */
	filesIn(folder: string, signal?: AbortSignal): Promise<string[] | null>;
	/** null where the server cannot tell sizes. */
	fileSizes(folder: string, signal?: AbortSignal): Promise<SizedFile[] | null>;
	/** The `__metadata__` of a safetensors file, or null. */
	fileMetadata(
		folder: string,
		filename: string,
		signal?: AbortSignal,
	): Promise<Record<string, unknown> | null>;
}

/** Where usage and VRAM rows go. */
export interface UsageStore {
	/** Idempotent by (job_id, attempt) and by prompt_id; one receipt per row, in order. */
	recordUsage(rows: UsageRow[]): Promise<UsageReceipt[]>;
	recordVram(readings: VramReading[]): Promise<void>;
	close(): Promise<void>;
}

/** A prompt that a server has, and whose end is not logged yet. */
export interface SubmittedPromptRow {
	prompt_id: string;
	job_id: string;
	attempt: number;
	/** Its name. */
	server: string;
	workflow_id: string | null;
	execution_id: string | null;
	/** What it runs, without the texts of the prompt. Unchecked where it was read. */
	selection: unknown;
}

/** One of them is given. */
export interface SubmittedPromptQuery {
	promptId?: string;
	jobId?: string;
}

/** Prompts under way, for whoever picks them up after their process is gone. */
export interface SubmittedPromptStore {
	/** The same prompt_id again, or one whose end is logged, changes nothing. */
	recordSubmitted(rows: readonly SubmittedPromptRow[]): Promise<void>;
	/** Newest first. */
	findSubmitted(query: SubmittedPromptQuery): Promise<SubmittedPromptRow[]>;
}

/** A catalog that a sync may change without touching what a person wrote. */
export interface ManagedCatalogPort {
	/** The text as it is and what it says. Rejects with CATALOG_INVALID where it is not JSON. */
	read(): Promise<{ text: string; value: unknown }>;
	/** The text after the changes; every other byte stays. */
	edit(text: string, changes: readonly SyncChange[]): { text: string; value: unknown };
	/** Replaces `before`, keeping a backup. Rejects when it has changed since. @returns where the backup is, or null */
	write(before: string, after: string): Promise<string | null>;
}

/** What models are installed somewhere. */
export interface InventoryPort {
	list(signal?: AbortSignal): Promise<Inventory>;
}

/** What was logged, for learning from it. */
export interface UsageHistoryPort {
	/** Ended runs of these models, the newest `limitPerModel` of each; rejected requests and errors are left out. */
	recentRuns(query: {
		models: readonly string[];
		sinceDays: number;
		limitPerModel: number;
	}): Promise<CalibrationRow[]>;
	/** Newest name of each server's first device in the VRAM log, by server; without those that it does not know. */
	deviceNames(servers: readonly string[]): Promise<Map<string, string>>;
}

/**
 * Where processes that use the same servers see what the others have reserved. Rejects with RouterError; a call that
 * failed may be made again.
 */
export interface ReservationPort {
	/** How far it reaches: this process alone, or all that use the same database. */
	readonly reach: 'process' | 'database';
	/** Which one, without secrets: "this process", "host:port/database, schema public". */
	readonly where: string;
	/** What is there now; changes nothing, waits for nobody. */
	read(): Promise<ReservationBook>;
	/**
	 * One atomic step: nobody else reads in order to decide between the book that `decide` is given and the changes it
	 * makes. `decide` is quick and pure; it may be called again where the connection was lost, and then its last answer
	 * counts.
	 * @param without 'waiting': who waits plays no part in it, and need not be read
	 */
	exclusively<T>(
		decide: (book: ReservationBook) => { changes: BookChanges; result: T },
		without?: 'waiting',
	): Promise<T>;
	/** Changes that depend on nobody else's. */
	apply(changes: BookChanges): Promise<void>;
	/** Calls `wake` when somebody names this owner in `wake`, as far as the means allow. Never throws. */
	listen(owner: string, wake: () => void): { close(): void };
}

/** What was asked for in the past, by kind and model. */
export interface PastDemandPort {
	/** The last `days` days, each from this time of the day on for `horizonSeconds`; and the last such span. */
	pastDemand(query: { horizonSeconds: number; days: number }): Promise<PastDemand[]>;
}
