/** The router's answer. Owns the output shapes of `select` and `dispatch`; decides nothing. */
import type { Lora, ModelFiles } from '../catalog/schema';
import type { SelectionRequest } from '../request/schema';

/** Why a candidate was not chosen, or a request was refused. */
export const REASON_CODES = [
	'PURPOSE',
	'LICENSE',
	'NOT_INSTALLED',
	'SIZE',
	'INPUTS',
	'QUALITY_FLOOR',
	'MAX_COST',
	'QUOTA',
	'UNREACHABLE',
	'QUEUE_FULL',
	'VRAM',
	'VRAM_OFFLOAD',
	'DISABLED',
	'EXCLUDED',
	'LATE',
	'LESS_QUALITY',
	'DEARER',
	'SLOWER',
	'LOAD_PRICE',
	'NO_SERVERS',
	'NO_MODELS',
	'LESS_CERTAIN',
	'TIE',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

export interface SelectionParameters {
	steps: number;
	cfg: number;
	sampler_name: string;
	scheduler: string;
	width: number;
	height: number;
	batch_size: number;
	/** null: drawn when it runs. */
	seed: number | null;
	denoise: number;
	prompt: string;
	negative_prompt: string;
	loras: Lora[];
}

/** Seconds unless said otherwise. */
export interface Estimate {
	queue_seconds: number;
	load_seconds: number;
	run_seconds: number;
	/** Of the whole: queue + load + run. */
	p50_seconds: number;
	p95_seconds: number;
	on_time_probability: number;
	quality: number;
	/** In `cost_unit`. */
	cost: number;
	/** The catalog's currency, or `gpu_seconds` where no price is known. */
	cost_unit: string;
	vram_peak_bytes: number;
}

export interface Alternative {
	model_name: string;
	preset: string | null;
	server: string | null;
	reason_code: ReasonCode;
	reason: string;
}

export interface Rejection {
	code: ReasonCode;
	message: string;
	hint: string;
	/** With LATE: the least deadline in seconds that would have been accepted. */
	least_deadline_seconds?: number;
	/** With VRAM and VRAM_OFFLOAD: the bytes missing on the nearest server. */
	vram_missing_bytes?: number;
	/** With QUOTA: when the quota in the way resets, ISO 8601. */
	resets_at?: string;
}

interface Decision {
	job_id: string | null;
	request: SelectionRequest;
	/** ISO 8601, UTC. */
	selected_at: string;
	deadline_at: string;
	selection_reason: string;
	alternatives: Alternative[];
}

export interface SelectedDecision extends Decision {
	decision: 'selected';
	model_name: string;
	preset: string;
	server: string;
	server_url: string | null;
	files: ModelFiles;
	parameters: SelectionParameters;
	estimate: Estimate;
	/** ComfyUI's `number`: lower runs first. null: let the server count. */
	queue_number: number | null;
	late: boolean;
	degraded: boolean;
	/** Where it was left to chance whether something else is tried: whether it was, and how probable this choice was. */
	exploration?: { explored: boolean; probability: number };
	rejection: null;
	/** The server's time is kept for this job, and how far that is known; absent: nothing was reserved. */
	reservation?: SelectionReservation;
}

export interface SelectionReservation {
	id: string;
	/** Given up by then unless it is renewed or released before. */
	expires_in_seconds: number;
	/** `database`: all processes that use the same one see it; `process`: this process alone. */
	reach: 'process' | 'database';
}

export interface RejectedDecision extends Decision {
	decision: 'rejected';
	rejection: Rejection;
}

export type Selection = SelectedDecision | RejectedDecision;

export interface WaitingJob {
	job_id: string;
	/** null where it cannot be served now. */
	expected_start_seconds: number | null;
	/** Where it is expected; absent where it cannot be served now. */
	server?: string;
	on_time_probability: number;
	reason: string;
}

export interface DispatchResult {
	start: Selection[];
	waiting: WaitingJob[];
}

/** Jobs that ask for the same. */
export interface DemandKind {
	/** As one of them would be asked, its deadline from the moment of asking. */
	request: unknown;
	/** How many of all jobs are like it: any scale, 0 or more. */
	share: number;
}

/** What the caller has lately seen arrive. */
export interface Demand {
	arrivals_per_second: number;
	gpu_seconds_per_job?: number;
	/** What the jobs asked for: what `prewarm` goes by. `select` and `dispatch` do not look at it. */
	kinds?: DemandKind[];
}

/** A learned correction over the catalog's figures; null = all presets, or all servers. */
export interface CalibrationEntry {
	model_name: string;
	preset: string | null;
	server: string | null;
	samples: number;
	time_factor: number;
	p95_factor: number;
	load_factor: number;
	vram_factor: number;
	/** 90 % interval of `time_factor`. */
	time_interval?: [number, number];
	/** Cold runs, peaks of VRAM, and runs ended early that it rests on. */
	load_samples?: number;
	vram_samples?: number;
	censored_samples?: number;
	/** The figures changed within the log; what was before is no longer used. */
	drift?: boolean;
	/** Where it comes from, one sentence for people. */
	source?: string;
}

/** Quality that opinions made of a preset for a purpose; in place of the catalog's figure. */
export interface FeedbackEntry {
	model_name: string;
	preset: string;
	purpose: string;
	/** Opinions it rests on, and how many people had them. */
	samples: number;
	raters: number;
	/** The catalog's own figure, 0 to 1. */
	prior: number;
	quality: number;
	/** 90 % interval. */
	quality_low: number;
	quality_high: number;
}

/** Trying something else now and then, to learn about it. */
export interface Exploration {
	/** Share of the requests with policy `cheapest` that do, 0 to 0.5. */
	share: number;
	/** A random number for this request, 0 to below 1. */
	random: number;
}

/** What a user was lately given of the fleet, fading with time as the caller sees fit. */
export interface ServedLately {
	/** `''`: requests without a user. */
	user_id: string;
	gpu_seconds: number;
}

/** What is left of one quota of a user; several of the same user all count. Absent fields are unlimited. */
export interface QuotaState {
	user_id: string;
	images_left?: number;
	gpu_seconds_left?: number;
	cost_left?: number;
	/** ISO 8601, UTC. */
	resets_at?: string;
	/**
	 * Where the best choice would need more than is left: `reject` refuses the request, `degrade` takes the cheapest that
	 * fits. Absent: the best that fits.
	 */
	mode?: 'reject' | 'degrade';
	/** Names the limit in sentences: "daily quota of user "ana"". */
	limit?: string;
}

export interface SelectOptions {
	/** Now, in milliseconds since the epoch. */
	nowMs: number;
	demand?: Demand;
	calibration?: CalibrationEntry[];
	quotas?: QuotaState[];
	feedback?: FeedbackEntry[];
	/** In `dispatch`: for fair shares where several users wait for a saturated fleet. */
	served?: ServedLately[];
	/** In `select` only. Absent: never. */
	exploration?: Exploration;
}

export interface WaitingRequest {
	request: unknown;
	waiting_seconds: number;
}
