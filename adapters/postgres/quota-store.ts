/**
 * Quotas in PostgreSQL: reserve, settle, what is left. Owns nothing of the rules: the functions of migration 3 are atomic
 * and idempotent, so everything here may be repeated after a lost connection. Where nobody is limited it asks for that
 * once in a while and does nothing else.
 */
import { randomInt } from 'node:crypto';

import { RouterError } from '../../lib/errors';
import type { Clock, QuotaPort } from '../../lib/ports';
import { quotaStateOf } from '../../lib/quotas/left';
import type {
	QuotaAccount,
	QuotaClaim,
	QuotaGrant,
	QuotaPeriod,
	QuotaMode,
	QuotaSettlement,
	QuotaSubject,
} from '../../lib/quotas/types';
import { storableText } from '../../lib/storable-text';
import type { QuotaState } from '../../lib/selection/types';
import { systemClock } from '../system-clock';
import { postgresError } from './errors';
import { type RouterPool, withClient } from './pool';
import { retryLost, type RetryPolicy } from './retry';

/** A first limit is noticed after this long. */
const ON_FOR_MS = 5_000;
/** What crashed workers hold is given back this often, and whenever something is refused. */
const EXPIRE_EVERY_MS = 10_000;
const DEFAULT_PATIENCE_MS = 2_000;

export interface QuotaStoreOptions {
	clock?: Clock;
	/** How long to keep trying when the database does not answer, ms. A selection waits for it. Default 2000. */
	patienceMs?: number;
	/** Creates or upgrades the tables before the first use. */
	prepare?: () => Promise<unknown>;
}

interface Refusal {
	granted: boolean;
	attempt: number | null;
}

const REFUSED: QuotaGrant = { granted: false, attempt: null };
const UNLIMITED: QuotaGrant = { granted: true, attempt: null };

export class PostgresQuotaStore implements QuotaPort {
	private readonly clock: Clock;
	private readonly policy: RetryPolicy;
	private prepared = false;
	private on: { value: boolean; askedMs: number } | null = null;
	private expiredMs = -Infinity;

	constructor(
		private readonly pool: RouterPool,
		private readonly options: QuotaStoreOptions = {},
	) {
		this.clock = options.clock ?? systemClock;
		this.policy = {
			clock: this.clock,
			patienceMs: () => options.patienceMs ?? DEFAULT_PATIENCE_MS,
			random: () => randomInt(1_000_000) / 1_000_000,
		};
	}

	async left(userIds: readonly string[]): Promise<QuotaState[]> {
		if (userIds.length === 0 || !(await this.isOn())) return [];
		await this.expireSometimes();
		const users = [...new Set(userIds.map(storableText))];
		const rows = await this.call<AccountRow>('Reading quotas', 'quota_left($1::text[])', [users]);
		return rows.map((row) => quotaStateOf(accountOf(row)));
	}

	async reserve(claim: QuotaClaim): Promise<QuotaGrant> {
		if (!(await this.isOn())) return UNLIMITED;
		await this.expireSometimes();
		const grant = await this.tryReserve(claim);
		if (grant.granted || (await this.expire()) === 0) return grant;
		return await this.tryReserve(claim);
	}

	async settle(settlements: readonly QuotaSettlement[]): Promise<void> {
		if (settlements.length === 0 || !(await this.isOn())) return;
		for (const one of settlements) {
			await this.call('Settling a quota', 'quota_settle($1, $2, $3, $4, $5, $6, $7)', [
				storableText(one.jobId),
				one.attempt,
				storableText(one.userId),
				one.outcome,
				one.images,
				one.gpuSeconds,
				one.cost,
			]);
		}
	}

	async release(jobId: string): Promise<void> {
		if (!(await this.isOn())) return;
		await this.call('Releasing a quota', 'quota_release($1, null)', [storableText(jobId)]);
	}

	/** Gives back what crashed workers hold. @returns how many reservations ended */
	async expire(): Promise<number> {
		this.expiredMs = this.clock.nowMs();
		const [row] = await this.call<{ quota_expire: number }>(
			'Ending reservations',
			'quota_expire() as quota_expire',
			[],
		);
		return row?.quota_expire ?? 0;
	}

	private async tryReserve(claim: QuotaClaim): Promise<QuotaGrant> {
		const [row] = await this.call<{ grant: Refusal }>(
			'Reserving a quota',
			'quota_reserve($1, $2, $3, $4, $5, $6, $7) as grant',
			[
				storableText(claim.jobId),
				claim.attempt,
				storableText(claim.userId),
				claim.images,
				claim.gpuSeconds,
				claim.cost,
				claim.ttlSeconds,
			],
		);
		if (!row?.grant.granted) return REFUSED;
		return { granted: true, attempt: row.grant.attempt };
	}

	private async expireSometimes(): Promise<void> {
		if (this.clock.nowMs() - this.expiredMs >= EXPIRE_EVERY_MS) await this.expire();
	}

	/** Tables older than quotas limit nobody. */
	private async isOn(): Promise<boolean> {
		const now = this.clock.nowMs();
		if (this.on !== null && now - this.on.askedMs < ON_FOR_MS) return this.on.value;
		if (!this.prepared) {
			await this.options.prepare?.();
			this.prepared = true;
		}
		const value = await this.call<{ quota_on: boolean }>(
			'Reading quotas',
			'quota_on() as quota_on',
			[],
		).then(
			([row]) => row?.quota_on === true,
			(error: unknown) => {
				if (error instanceof RouterError && error.code === 'POSTGRES_SCHEMA_OUTDATED') return false;
				throw error;
			},
		);
		this.on = { value, askedMs: now };
		return value;
	}

	private async call<Row extends object>(
		what: string,
		invocation: string,
		parameters: unknown[],
	): Promise<Row[]> {
		const [name = '', alias] = invocation.split(' as ');
		const text = `select ${alias ? '' : '* from '}${this.pool.quotedSchema}.comfyui_router_${name}${alias ? ` as "${alias}"` : ''}`;
		try {
			return await retryLost(this.policy, () =>
				withClient(this.pool, async (client) => (await client.query<Row>(text, parameters)).rows),
			);
		} catch (error) {
			throw postgresError(error, this.pool.where, what);
		}
	}
}

/** As the driver gives it: bigint arrives as text. */
interface AccountRow {
	user_id: string;
	subject_kind: QuotaSubject;
	subject: string;
	period: QuotaPeriod;
	mode: QuotaMode;
	resets_at: Date;
	images_limit: string | null;
	gpu_seconds_limit: number | null;
	cost_limit: number | null;
	images_taken: string;
	gpu_seconds_taken: number;
	cost_taken: number;
}

function accountOf(row: AccountRow): QuotaAccount {
	return {
		user_id: row.user_id,
		subject_kind: row.subject_kind,
		subject: row.subject,
		period: row.period,
		mode: row.mode,
		resets_at: row.resets_at.toISOString(),
		images: row.images_limit === null ? null : Number(row.images_limit),
		gpu_seconds: row.gpu_seconds_limit,
		cost: row.cost_limit,
		images_taken: Number(row.images_taken),
		gpu_seconds_taken: row.gpu_seconds_taken,
		cost_taken: row.cost_taken,
	};
}
