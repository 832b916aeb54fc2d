/** One row of `model_usage_log`: what one attempt of a job planned and what it really took. */

export const USAGE_STATUSES = [
	'success',
	'oom',
	'timeout',
	'error',
	'cancelled',
	'rejected',
] as const;
export type UsageStatus = (typeof USAGE_STATUSES)[number];

/** `comfyui`: the server's own stamps; `wall`: measured outside, queue included; `given`: by the caller. */
export const TIMING_SOURCES = ['comfyui', 'wall', 'given'] as const;
export type TimingSource = (typeof TIMING_SOURCES)[number];

/** Seconds, bytes and costs in `cost_unit`, as in the table. null: not known. */
export interface UsageRow {
	job_id: string;
	/** 1 for the first. null: the store numbers it (another prompt_id under the same job is the next attempt). */
	attempt: number | null;
	user_id: string | null;
	workflow_id: string | null;
	execution_id: string | null;
	server: string | null;
	model_name: string | null;
	preset: string | null;
	purpose: string | null;
	urgency: string | null;
	width: number | null;
	height: number | null;
	batch_size: number | null;
	steps: number | null;
	cfg: number | null;
	selection_reason: string | null;
	status: UsageStatus;
	degraded: boolean;
	error_code: string | null;
	error_message: string | null;
	estimated_seconds: number | null;
	actual_seconds: number | null;
	queue_seconds: number | null;
	load_seconds: number | null;
	run_seconds: number | null;
	timing_source: TimingSource | null;
	cold: boolean | null;
	deadline_seconds: number | null;
	on_time: boolean | null;
	estimated_cost: number | null;
	actual_cost: number | null;
	quality_estimated: number | null;
	quality_feedback: number | null;
	vram_peak_bytes: number | null;
	prompt_id: string | null;
	/** Probability with which this candidate was tried in order to learn; null or absent: it was chosen on its merits. */
	exploration_probability?: number | null;
	/** Unit of both costs, the catalog's currency or `gpu_seconds`; null or absent: not told. The two are never added. */
	cost_unit?: string | null;
	/** ISO 8601, for rows of the past. Absent or null: the moment the store writes it. */
	created_at?: string | null;
}

/** What the store did with one row. */
export interface UsageReceipt {
	job_id: string;
	attempt: number;
	/** False where the same row was there already. */
	inserted: boolean;
}
