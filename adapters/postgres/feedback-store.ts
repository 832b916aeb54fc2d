/**
 * Feedback in PostgreSQL: opinions written and read back, tokens of links. Owns nothing of the rules: the functions of
 * migration 4 know which run a job stands for, and a repeated opinion changes nothing.
 */
import { randomInt } from 'node:crypto';

import { RouterError } from '../../lib/errors';
import type { FeedbackRow, Opinion, OpinionReceipt } from '../../lib/feedback/types';
import type { Clock, FeedbackPort } from '../../lib/ports';
import { storableText } from '../../lib/storable-text';
import { systemClock } from '../system-clock';
import { postgresError } from './errors';
import { type RouterPool, withClient } from './pool';
import { retryLost, type RetryPolicy } from './retry';

const DEFAULT_PATIENCE_MS = 5_000;

export interface FeedbackStoreOptions {
	clock?: Clock;
	/** How long to keep trying when the database does not answer, ms. Default 5000. */
	patienceMs?: number;
	/** Creates or upgrades the tables before the first use. */
	prepare?: () => Promise<unknown>;
}

export class PostgresFeedbackStore implements FeedbackPort {
	private readonly policy: RetryPolicy;
	private prepared = false;

	constructor(
		private readonly pool: RouterPool,
		private readonly options: FeedbackStoreOptions = {},
	) {
		this.policy = {
			clock: options.clock ?? systemClock,
			patienceMs: () => options.patienceMs ?? DEFAULT_PATIENCE_MS,
			random: () => randomInt(1_000_000) / 1_000_000,
		};
	}

	async record(opinion: Opinion): Promise<OpinionReceipt> {
		const { jobId, userId, kind, rating, otherJobId, token } = opinion;
		const [row] = await this.query<{ receipt: OpinionReceipt }>(
			'Writing feedback',
			`select ${this.schema}.comfyui_router_record_feedback($1, $2, $3, $4, $5, $6) as receipt`,
			[
				storableText(jobId),
				userId === null ? null : storableText(userId),
				kind,
				rating,
				otherJobId === null ? null : storableText(otherJobId),
				token,
			],
		);
		return row?.receipt ?? { recorded: false, why: 'job' };
	}

	async tokens(subjects: readonly string[]): Promise<Map<string, string>> {
		const rows = await this.query<{ subject: string; token: string }>(
			'Making links',
			`select * from ${this.schema}.comfyui_router_feedback_tokens($1::text[])`,
			[subjects.map(storableText)],
		);
		return new Map(rows.map((row) => [row.subject, row.token]));
	}

	/** Tables older than feedback have none. */
	async history(query: { sinceDays: number; limit: number }): Promise<FeedbackRow[]> {
		try {
			const rows = await this.query<FeedbackRow & { rater: string }>(
				'Reading feedback',
				`select * from ${this.schema}.comfyui_router_feedback_history($1, $2)`,
				[query.sinceDays, query.limit],
			);
			return rows.map((row) => ({ ...row, rater: Number(row.rater) }));
		} catch (error) {
			if (error instanceof RouterError && error.code === 'POSTGRES_SCHEMA_OUTDATED') return [];
			throw error;
		}
	}

	private get schema(): string {
		return this.pool.quotedSchema;
	}

	private async query<Row extends object>(
		what: string,
		text: string,
		parameters: unknown[],
	): Promise<Row[]> {
		if (!this.prepared) {
			await this.options.prepare?.();
			this.prepared = true;
		}
		try {
			return await retryLost(this.policy, () =>
				withClient(this.pool, async (client) => (await client.query<Row>(text, parameters)).rows),
			);
		} catch (error) {
			throw postgresError(error, this.pool.where, what);
		}
	}
}
