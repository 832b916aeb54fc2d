/** What goes into a generator and what comes out. Types only. */
import type { RungKind, SizeRungs } from '../../lib/degradation';
import type { AttemptState } from '../../lib/execution/attempt-state';
import type { Catalog } from '../../lib/catalog/schema';
import type { RouterError } from '../../lib/errors';
import type {
	Clock,
	ComfyUiEventPort,
	ComfyUiFilePort,
	ComfyUiPort,
	FileDownload,
	OutputFile,
	OutputText,
	QuotaPort,
	RandomPort,
	ReservationPort,
	SubmittedPromptStore,
	UsageStore,
} from '../../lib/ports';
import type { ModelRouter } from '../../lib/router/model-router';
import type {
	CalibrationEntry,
	Demand,
	FeedbackEntry,
	QuotaState,
	Selection,
} from '../../lib/selection/types';
import type { UsageStatus } from '../../lib/usage/types';
import type { BindingOverrides } from '../../lib/workflow/bindings';

/** A server that jobs can run on. Without events its prompts are followed by polling. */
export type GenerateServer = ComfyUiPort & ComfyUiFilePort & Partial<ComfyUiEventPort>;

/** How long is waited for what may come back. Milliseconds. */
export interface Patience {
	/** A server that ran a job and does not answer any more: then the job goes elsewhere. Default 15 000. */
	silentServerMs: number;
	/** No server at all, after one has answered or while a first answer is awaited: then the job fails. Default 60 000. */
	noServerMs: number;
	/** Every server has refused or timed out, and none has ever answered: a wrong address should be told soon. Default 5 000. */
	neverReachedMs: number;
	/** Between looks at a prompt whose events arrive anyway. Default 5 000. */
	watchMs: number;
	/** Between looks at a prompt whose events do not arrive: from the first to the second, ever longer. */
	pollMs: readonly [number, number];
	/** At the end, for usage rows that a database has not taken yet. Default 90 000. */
	flushMs: number;
}

export interface GeneratorDeps {
	catalog: Catalog;
	/** Default: one over the catalog. */
	router?: ModelRouter;
	servers: readonly GenerateServer[];
	clock: Clock;
	random: RandomPort;
	/** Where each attempt is logged. */
	store?: Pick<UsageStore, 'recordUsage'> | null;
	/** Where other processes that use the same servers see what is claimed. Default: this process alone. */
	reservations?: ReservationPort | null;
	/** Where each prompt is noted as soon as a server has it, until its end is logged. */
	prompts?: Pick<SubmittedPromptStore, 'recordSubmitted'> | null;
	/** Reads a model's own `workflow` file: API-format JSON, parsed or as text. */
	readWorkflow?: (file: string) => Promise<unknown>;
	calibration?: CalibrationEntry[];
	demand?: Demand;
	quotas?: QuotaState[];
	/** Where users' quotas are looked up, reserved and, with every row logged, settled. Absent: nobody is limited. */
	quota?: QuotaPort | null;
	/** Told once a call why quotas could not be looked up: its jobs run without them, and are charged when logged. */
	onQuotasAway?: (error: RouterError) => void;
	/** Quality learned from opinions. */
	feedback?: FeedbackEntry[];
	patience?: Partial<Patience>;
	/** Sockets stay open this long after the last job, for the next one. Default 0: a program that is done should end. */
	keepOpenMs?: number;
	/** For the usage rows. */
	workflowId?: string | null;
	executionId?: string | null;
}

/** An input image or mask. */
export interface InputFile {
	filename: string;
	contentType?: string;
	read(signal?: AbortSignal): Promise<Uint8Array>;
}

/** One job. */
export interface GenerateItem {
	/** As for `ModelRouter.select`. A job without a `job_id` gets one. Not read where a selection is given. */
	request?: unknown;
	/** Made before, as JSON: run first as it says, on its server; only what goes wrong is decided anew. */
	selection?: unknown;
	/** The caller's own API-format graph, instead of the model's. */
	workflow?: unknown;
	overrides?: BindingOverrides;
	/** Uploaded before the job is submitted. Absent: the request's `images` are names on the server. */
	images?: readonly InputFile[];
	mask?: InputFile;
}

/** One output file, still on the server. */
export interface GeneratedFile extends OutputFile {
	server: string;
	/** @throws RouterError FILE_NOT_FOUND where the server does not have it (any more) */
	open(signal?: AbortSignal): Promise<FileDownload>;
}

/** One try, as JSON. Seconds, ISO 8601 times. */
export interface AttemptRecord {
	attempt: number;
	server: string;
	model_name: string;
	preset: string;
	prompt_id: string;
	state: AttemptState;
	status: UsageStatus;
	/** Drawn where the request gave none; null: not known. */
	seed: number | null;
	/** What was given up against the selection, or null. */
	rung: { kind: RungKind; name: string } | null;
	quality: number;
	estimated_seconds: number;
	submitted_at: string;
	ended_at: string;
	seconds: number;
	/** By the server's own stamps; null where it gave none. */
	queue_seconds: number | null;
	run_seconds: number | null;
	cold: boolean | null;
	/** Far slower than estimated while memory was short: weights were paged. */
	slow_by_paging: boolean;
	error_code: string | null;
	error_message: string | null;
	/** What the selection wanted and the caller's own workflow has no place for. */
	unbound: string[];
}

export interface GenerateResult {
	index: number;
	job_id: string;
	/** `submitted`: by `submit`, its end is not known; the last attempt has the prompt_id. */
	status: 'done' | 'failed' | 'submitted';
	/** The last one; null where the request could not be read. */
	selection: Selection | null;
	attempts: AttemptRecord[];
	outputs: GeneratedFile[];
	/** What nodes of the workflow show as text instead of a file. */
	texts: OutputText[];
	/** The image has less quality than the policy would have chosen on an idle fleet. */
	degraded: boolean;
	/** null: there is no deadline, or no image. */
	on_time: boolean | null;
	/** Why it failed, or why it is as it is; for a person. */
	reason: string;
	error: RouterError | null;
	/** Attempts that could not be logged, and why. Empty without a store. */
	log_errors: RouterError[];
}

export type ProgressEvent = { index: number; job_id: string } & (
	| { phase: 'waiting'; expected_start_seconds: number | null; reason: string }
	| { phase: 'submitted'; server: string; model_name: string; preset: string; prompt_id: string }
	| {
			phase: 'running';
			server: string;
			prompt_id: string;
			value: number | null;
			max: number | null;
	  }
	| { phase: 'retry'; reason: string }
	| { phase: 'ended'; status: GenerateResult['status']; reason: string }
);

/** A prompt that is on its server now: keep it, and the run can be picked up again with `resume`. */
export interface SubmittedPrompt {
	index: number;
	job_id: string;
	server: string;
	prompt_id: string;
	attempt: number;
	selection: Selection;
}

export interface GenerateOptions {
	/** Ends everything: what is queued or runs for these jobs is removed from the servers, nothing more is submitted. */
	signal?: AbortSignal;
	/** Jobs held or running at the same time. Default: all. */
	concurrency?: number;
	/** Submit at once, to the server chosen on arrival, instead of holding jobs until a server is free. Default false. */
	commitOnArrival?: boolean;
	/** Go lower where the deadline demands it. Default true; false runs what an idle fleet would be given. */
	autoQuality?: boolean;
	/** What auto-quality may do about the size. Default `upscale`. */
	sizeRungs?: SizeRungs;
	onProgress?: (event: ProgressEvent) => void;
	onSubmitted?: (prompt: SubmittedPrompt) => void | Promise<void>;
	/** Takes each output before its job counts as done; what it throws fails the job. Default: outputs stay on the server. */
	onOutput?: (file: GeneratedFile, job: { index: number; job_id: string }) => Promise<void>;
	/** Told each result as it is there; awaited. */
	onResult?: (result: GenerateResult) => void | Promise<void>;
}

export interface ResumeInput {
	/** Name of the server. */
	server: string;
	promptId: string;
	jobId?: string;
	/** As it was given out; needed for a usage row. */
	selection?: Selection;
}

export interface Generator {
	/** @returns one result per item, in order; rejects only for faulty options */
	generate(items: readonly GenerateItem[], options?: GenerateOptions): Promise<GenerateResult[]>;
	/** Decides and submits at once, follows nothing. */
	submit(items: readonly GenerateItem[], options?: GenerateOptions): Promise<GenerateResult[]>;
	/** Follows a prompt that was submitted before, by this process or another. Never submits. */
	resume(input: ResumeInput, options?: GenerateOptions): Promise<GenerateResult>;
	/** What memory failures have taught since the process started, for `calibration` elsewhere. */
	learned(): CalibrationEntry[];
}
