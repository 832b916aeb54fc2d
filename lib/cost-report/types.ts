/** What the logs know of costs, added up, and the report made of it. Money in the catalog's currency. */

/** What a cost counts: GPU seconds where the server has no price. The log's `cost_unit` tells, or the figures of old rows. */
export type CostUnit = 'money' | 'gpu_seconds';

/** Runs of one model, preset and server in one week (Monday, UTC). Refused jobs have no cost and are not in it. */
export interface CostGroup {
	/** YYYY-MM-DD. */
	week: string;
	model_name: string;
	preset: string;
	server: string;
	unit: CostUnit;
	runs: number;
	/** Not `success`: out of memory, error, timeout, cancelled. */
	failed: number;
	/** Runs whose GPU time the server did not tell, so that they have no cost. */
	without_cost: number;
	/** Runs that succeeded and have both costs: only these are compared. */
	compared: number;
	estimated: number;
	actual: number;
	/** Sum of ln(actual / estimated) over the compared runs. */
	log_ratio: number;
	/** Of the runs that failed. */
	failed_cost: number;
	/** Run and load of all runs with a cost. */
	gpu_seconds: number;
	/** Cost of the same runs. */
	cost: number;
}

/** One job, its attempts together. */
export interface JobCost {
	job_id: string;
	unit: CostUnit;
	attempts: number;
	/** Of the first attempt. */
	estimated: number;
	/** Of all attempts. */
	actual: number;
}

/** One server as the monitor saw it. Seconds between readings; gaps in which nobody looked are left out. */
export interface WatchedServer {
	server: string;
	watched_seconds: number;
	/** Reachable, and nothing running. */
	idle_seconds: number;
	unreachable_seconds: number;
}

/** What is read from the logs. */
export interface CostHistory {
	groups: CostGroup[];
	/** Those that differ most from their estimate, so many of each unit, the worst first. */
	jobs: JobCost[];
	watched: WatchedServer[];
}

/** Reads the logs. Changes nothing. */
export interface CostHistoryPort {
	/** @param jobs how many of the jobs that differ most, of each unit */
	costs(query: { sinceDays: number; jobs: number }): Promise<CostHistory>;
}

export interface CostSum {
	unit: CostUnit;
	runs: number;
	compared: number;
	estimated: number;
	actual: number;
	/** Share by which the actual cost is above the estimate; below zero: cheaper. null: nothing to compare. */
	bias: number | null;
}

export interface UnitTotal extends CostSum {
	failed: number;
	failed_cost: number;
	without_cost: number;
	gpu_seconds: number;
	/** All runs, compared or not. */
	cost: number;
}

export interface ModelCost extends CostSum {
	model_name: string;
	preset: string;
}

export interface WeekCost extends CostSum {
	week: string;
	/** Sum of the differences of each model, preset and server without their signs, as a share of the estimate. */
	error: number | null;
	/** The same, had the estimates been corrected by what the weeks before have shown. */
	calibrated_error: number | null;
}

/** Over the weeks that have one before them. */
export interface CalibrationEffect {
	unit: CostUnit;
	compared: number;
	error: number;
	calibrated_error: number;
	/** Share of the error that the correction takes away; below zero: it makes it worse. */
	reduction: number | null;
}

export interface IdleCost extends WatchedServer {
	/** Run and load by the usage log, of runs with a cost. */
	busy_seconds: number;
	/** As the newest week's runs were charged; null: no priced run on this server. */
	price_per_hour: number | null;
	/** null: no price is known. */
	idle_cost: number | null;
}

export interface CostReport {
	totals: UnitTotal[];
	models: ModelCost[];
	weeks: WeekCost[];
	calibration: CalibrationEffect[];
	jobs: (JobCost & { difference: number })[];
	idle: IdleCost[];
}
