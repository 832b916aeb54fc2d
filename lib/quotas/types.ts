/** Quotas as data: limits, what is taken of them, what a job wants and what it is charged. Shapes only. */

import type { QuotaState } from '../selection/types';

export const QUOTA_PERIODS = ['hour', 'day', 'week', 'month'] as const;
export type QuotaPeriod = (typeof QUOTA_PERIODS)[number];

/** `reject`: no answer beyond the limit. `degrade`: the cheapest that still fits in what is left. */
export const QUOTA_MODES = ['reject', 'degrade'] as const;
export type QuotaMode = (typeof QUOTA_MODES)[number];

export const QUOTA_SUBJECTS = ['user', 'group'] as const;
export type QuotaSubject = (typeof QUOTA_SUBJECTS)[number];

/** In place of a name: each user who has no limit of their own; all users together. */
export const EVERYBODY = '*';
/** The account of requests without a user_id. */
export const NOBODY = '';

/** A cap on one user or group in one period. null: not limited. */
export interface QuotaLimit {
	subject_kind: QuotaSubject;
	subject: string;
	period: QuotaPeriod;
	images: number | null;
	gpu_seconds: number | null;
	/** In the catalog's currency. */
	cost: number | null;
	mode: QuotaMode;
}

/** What a run takes. Money is 0 where the server has no price. */
export interface QuotaAmounts {
	images: number;
	gpuSeconds: number;
	cost: number;
}

/** One limit that applies to a user, with what is used and reserved of it in the running period. */
export interface QuotaAccount extends QuotaLimit {
	user_id: string;
	/** ISO 8601, UTC. */
	resets_at: string;
	images_taken: number;
	gpu_seconds_taken: number;
	cost_taken: number;
}

/** What a selected job asks to set aside. */
export interface QuotaClaim extends QuotaAmounts {
	jobId: string;
	/** null: the ledger numbers it. */
	attempt: number | null;
	userId: string;
	/** After this long without news the job is taken for dead and the amounts are given back, seconds. */
	ttlSeconds: number;
}

/** What an attempt that is over is charged. A null amount: as it was reserved. */
export interface QuotaSettlement {
	jobId: string;
	attempt: number;
	userId: string;
	/** How the run ended, as the usage log has it. */
	outcome: string;
	images: number | null;
	gpuSeconds: number | null;
	cost: number | null;
}

export interface QuotaGrant {
	granted: boolean;
	/** The ledger's number of the attempt; null where nothing limits the user, or nothing was granted. */
	attempt: number | null;
}

/**
 * What users may still take. Atomic under concurrent workers and idempotent by (job_id, attempt); without any limit it
 * grants everything and keeps nothing.
 */
export interface QuotaPort {
	/** What is left now of every limit that applies to these users (`''`: no user). */
	left(userIds: readonly string[]): Promise<QuotaState[]>;
	/** Sets aside what a selected job will take, unless a limit does not allow it. */
	reserve(claim: QuotaClaim): Promise<QuotaGrant>;
	/** Charges attempts that are over and gives back the rest of what was set aside. */
	settle(settlements: readonly QuotaSettlement[]): Promise<void>;
	/** Gives back what a job holds that will not run. */
	release(jobId: string): Promise<void>;
}
