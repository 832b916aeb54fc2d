/** The plan of a batch as callers get it. Owns the output shapes; decides nothing. */
import type { CalibrationEntry, ReasonCode, SelectedDecision } from '../selection/types';

export interface BatchOptions {
	/** Now, in milliseconds since the epoch; `deadline_at` counts from it. */
	nowMs: number;
	/** Money for the whole batch, in the catalog's currency (GPU seconds where no server has a price). Absent: least cost. */
	budget?: number | null;
	/** Seconds from now by which all jobs are to be done. Absent: none. */
	deadlineSeconds?: number | null;
	calibration?: CalibrationEntry[];
	/** Rows of the what-if table, default 8; 0: none. */
	frontierPoints?: number;
}

/** One job in its place. Seconds from now. */
export interface Assignment {
	/** Position in the requests, from 0. */
	index: number;
	job_id: string | null;
	model_name: string;
	preset: string;
	start_seconds: number;
	finish_seconds: number;
	/** Before the run; 0 where the model is resident by then. */
	load_seconds: number;
	run_seconds: number;
	/** Run and load. */
	cost: number;
	quality: number;
	/** The job's own, or null. */
	deadline_seconds: number | null;
	late: boolean;
}

/** What one server does, in running order. */
export interface ServerPlan {
	server: string;
	server_url: string | null;
	/** Seconds until it is free for this batch. */
	ready_seconds: number;
	finish_seconds: number;
	loads: number;
	load_seconds: number;
	cost: number;
	assignments: Assignment[];
}

export interface RefusedJob {
	index: number;
	job_id: string | null;
	code: ReasonCode | 'BUDGET' | 'REQUEST_INVALID';
	message: string;
	hint: string;
}

/** By how much a budget or a deadline is too small. */
export interface Shortfall {
	of: 'budget' | 'deadline' | 'job_deadline';
	/** Money, or seconds. */
	missing: number;
	/** The least that a plan was found for. */
	least: number;
	job_id: string | null;
	message: string;
}

export interface PlanTotals {
	jobs: number;
	assigned: number;
	refused: number;
	late: number;
	cost: number;
	load_cost: number;
	/** The catalog's currency, or `gpu_seconds`. */
	cost_unit: string;
	/** Sum over jobs, and its mean; null where nothing is assigned. */
	quality: number;
	mean_quality: number | null;
	gpu_seconds: number;
	loads: number;
	finish_seconds: number;
}

/** How near to the best: no plan has less cost (more quality, with a budget) than `value`; deadlines only make it dearer. */
export interface PlanBound {
	value: number;
	/** Distance to it, as a share. */
	gap: number;
	/** True where the plan is the best there is, up to rounding. */
	exact: boolean;
}

/** One row of the what-if table. */
export interface FrontierPoint {
	budget: number;
	cost: number;
	mean_quality: number;
	loads: number;
	finish_seconds: number;
}

export interface BatchPlan {
	objective: 'least_cost' | 'best_quality';
	/** Budget, deadline and the deadlines of all assigned jobs hold. */
	feasible: boolean;
	shortfalls: Shortfall[];
	totals: PlanTotals;
	bound: PlanBound;
	servers: ServerPlan[];
	refused: RefusedJob[];
	frontier: FrontierPoint[];
}

/** What a planned job runs with. */
export interface PlannedSelection {
	/** Position in the requests. */
	index: number;
	/**
	 * As `ModelRouter.select` answers. `estimate.queue_seconds` is the time until its turn in the plan; `deadline_at` is
	 * the job's own or the batch's, and where there is neither, twice the time the batch takes.
	 */
	selection: SelectedDecision;
}

export interface BatchPlanWithSelections {
	plan: BatchPlan;
	/** Of the assigned jobs, in the order in which they start. */
	selections: PlannedSelection[];
}
