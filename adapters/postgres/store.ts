/**
 * The usage and VRAM logs in PostgreSQL. Owns batching, idempotence and patience with a database that comes and goes;
 * what is the same row is decided by lib/usage/attempts, what the tables are by the migrations.
 */
import { randomInt } from 'node:crypto';

import type { PoolClient } from 'pg';

import { RouterError } from '../../lib/errors';
import type {
	Clock,
	SubmittedPromptQuery,
	SubmittedPromptRow,
	SubmittedPromptStore,
	UsageStore,
} from '../../lib/ports';
import { resolveAttempts, type StoredAttempt } from '../../lib/usage/attempts';
import { checkUsageRows, usageInvalid } from '../../lib/usage/row';
import type { UsageReceipt, UsageRow } from '../../lib/usage/types';
import { storableReading } from '../../lib/vram-watch/reading';
import type { VramReading } from '../../lib/vram-watch/types';
import { systemClock } from '../system-clock';
import { type Chunk, cutIntoChunks } from './chunks';
import { postgresError } from './errors';
import { migrateOrThrow, type MigrationResult } from './migrate';
import { createPool, type PoolOptions, type RouterPool, withClient } from './pool';
import { USAGE_SQL_COLUMNS, VRAM_COLUMNS } from './required-columns';
import { retryLost, type RetryPolicy } from './retry';
import { columnArrays, insertStatement } from './rows-sql';
import { addSubmittedPrompts, findSubmittedPrompts } from './submitted-prompts';

export interface PostgresStoreOptions extends PoolOptions {
	/** Rows of one statement, all written or none. Default 2000. */
	chunkRows?: number;
	/** How long to keep trying when a database that has answered goes away, ms. Default 120 000. */
	patienceMs?: number;
	/** How long to keep trying when it has never answered, ms: a wrong address should be told soon. Default 5000. */
	firstPatienceMs?: number;
	/** Create or upgrade the tables before the first use. Default true. */
	autoMigrate?: boolean;
	clock?: Clock;
	/** Aborted: no more waiting for a database that is away. */
	signal?: AbortSignal;
	/** Told when the hourly upkeep of partitions fails; writing goes on. */
	onWarning?: (error: RouterError) => void;
}

export interface PostgresStore extends UsageStore, SubmittedPromptStore {
	/** The pool, for stores of other tables in the same schema. */
	readonly pool: RouterPool;
	migrate(): Promise<MigrationResult>;
	/** Days to keep each log; null: for ever. Whole partitions are dropped at the next upkeep. */
	setRetention(days: { usage?: number | null; vram?: number | null }): Promise<void>;
	/** Makes the coming partitions and drops the ones past their retention. Called hourly by writing itself. */
	maintain(): Promise<MaintenanceResult>;
}

export interface MaintenanceResult {
	made: string[];
	dropped: string[];
	keysRemoved: number;
	/** Another process was at it. */
	busy: boolean;
}

const MAINTENANCE_EVERY_MS = 3_600_000;
/** Chunks of one call written at the same time. */
const LANES = 2;

export function createPostgresStore(options: PostgresStoreOptions): PostgresStore {
	return new Store(createPool(options), options);
}

class Store implements PostgresStore {
	private readonly clock: Clock;
	private readonly policy: RetryPolicy;
	private readonly chunkRows: number;
	private readonly insertUsage: string;
	private readonly insertVram: string;
	private answered = false;
	private prepared: Promise<MigrationResult> | null = null;
	private maintainedAtMs = -Infinity;

	constructor(
		readonly pool: RouterPool,
		private readonly options: PostgresStoreOptions,
	) {
		this.clock = options.clock ?? systemClock;
		this.chunkRows = Math.max(1, options.chunkRows ?? 2000);
		this.policy = {
			clock: this.clock,
			patienceMs: () =>
				this.answered ? (options.patienceMs ?? 120_000) : (options.firstPatienceMs ?? 5_000),
			random: () => randomInt(1_000_000) / 1_000_000,
			signal: options.signal,
		};
		const schema = pool.quotedSchema;
		this.insertUsage = insertStatement(`${schema}.model_usage_log`, USAGE_SQL_COLUMNS, {
			created_at: 'now()',
		});
		this.insertVram = insertStatement(
			`${schema}.vram_usage_log`,
			VRAM_COLUMNS,
			{},
			'on conflict do nothing',
		);
	}

	async recordUsage(rows: UsageRow[]): Promise<UsageReceipt[]> {
		const checked = checkUsageRows(rows);
		if (checked.problems.length > 0) throw usageInvalid(checked.problems);
		return this.inChunks(
			checked.rows,
			(row) => row.job_id,
			'Writing usage',
			(client, chunk) => this.writeUsage(client, chunk),
		);
	}

	async recordVram(readings: VramReading[]): Promise<void> {
		await this.inChunks(
			readings.map(storableReading),
			() => null,
			'Writing VRAM readings',
			async (client, chunk) => {
				await client.query(this.insertVram, columnArrays(chunk, VRAM_COLUMNS));
				return [];
			},
		);
	}

	async recordSubmitted(rows: readonly SubmittedPromptRow[]): Promise<void> {
		await this.prepare();
		await this.step('Noting submitted prompts', () => addSubmittedPrompts(this.pool, rows));
	}

	async findSubmitted(query: SubmittedPromptQuery): Promise<SubmittedPromptRow[]> {
		await this.prepare();
		return this.step('Looking up submitted prompts', () => findSubmittedPrompts(this.pool, query));
	}

	migrate(): Promise<MigrationResult> {
		return this.step('Preparing the tables', () => migrateOrThrow(this.pool));
	}

	async setRetention(days: { usage?: number | null; vram?: number | null }): Promise<void> {
		const settings = `${this.pool.quotedSchema}.comfyui_router_settings`;
		await this.prepare();
		for (const [log, value] of Object.entries(days)) {
			if (value === undefined) continue;
			const name = `${log}_retention_days`;
			if (value !== null && !(value >= 1 && value <= 36_600)) throw badRetention(log);
			await this.step('Setting the retention', () =>
				withClient(this.pool, (client) =>
					value === null
						? client.query(`delete from ${settings} where name = $1`, [name])
						: client.query(
								`insert into ${settings} (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`,
								[name, String(value)],
							),
				),
			);
		}
	}

	async maintain(): Promise<MaintenanceResult> {
		await this.prepare();
		return this.step('Upkeep of the logs', () =>
			withClient(this.pool, async (client) => {
				const { rows } = await client.query(
					`select ${this.pool.quotedSchema}.comfyui_router_maintain() as result`,
				);
				const result = rows[0].result;
				return {
					made: result.made ?? [],
					dropped: result.dropped ?? [],
					keysRemoved: result.keys_removed ?? 0,
					busy: result.busy === true,
				};
			}),
		);
	}

	close(): Promise<void> {
		return this.pool.close();
	}

	/**
	 * Each chunk is written whole or not at all; a repeated one changes nothing, so a lost answer does no harm.
	 * Two lanes: while the database inserts one chunk, the next is made ready.
	 */
	private async inChunks<Row, Result>(
		rows: Row[],
		keyOf: (row: Row) => string | null,
		what: string,
		write: (client: PoolClient, chunk: Row[]) => Promise<Result[]>,
	): Promise<Result[]> {
		if (rows.length === 0) return [];
		await this.prepare();
		const results = new Array<Result>(rows.length);
		const chunks = cutIntoChunks(rows, this.chunkRows, keyOf);
		let next = 0;
		let written = 0;
		let failed = false;
		const lane = async (): Promise<void> => {
			while (next < chunks.length && !failed) {
				const chunk = chunks[next++] as Chunk<Row>;
				try {
					const done = await this.step(
						() =>
							written === 0
								? what
								: `${what} (${written} of ${rows.length} are written; repeating is safe)`,
						() => withClient(this.pool, (client) => write(client, chunk.rows)),
					);
					written += chunk.rows.length;
					done.forEach((result, index) => {
						results[chunk.positions[index] as number] = result;
					});
				} catch (error) {
					failed = true;
					throw error;
				}
			}
		};
		await allSettledOrThrow(Array.from({ length: Math.min(LANES, chunks.length) }, lane));
		await this.maintainSometimes();
		return results;
	}

	private async writeUsage(client: PoolClient, chunk: UsageRow[]): Promise<UsageReceipt[]> {
		const jobs = [...new Set(chunk.map((row) => row.job_id))];
		// no prepared statements: poolers in transaction mode would lose them, and a chunk is parsed in no time
		const { rows: stored } = await client.query<StoredAttempt>(
			`select * from ${this.pool.quotedSchema}.model_usage_attempts($1)`,
			[jobs],
		);
		const { fresh, receipts } = resolveAttempts(chunk, stored);
		if (fresh.length > 0) {
			await client.query(this.insertUsage, columnArrays(fresh, USAGE_SQL_COLUMNS));
		}
		return receipts;
	}

	private async prepare(): Promise<void> {
		if (this.options.autoMigrate === false) return;
		const running = (this.prepared ??= this.migrate());
		try {
			await running;
		} catch (error) {
			// the next call asks again: the database may be back, or somebody may have migrated
			if (this.prepared === running) this.prepared = null;
			throw error;
		}
	}

	private async maintainSometimes(): Promise<void> {
		const nowMs = this.clock.nowMs();
		if (nowMs - this.maintainedAtMs < MAINTENANCE_EVERY_MS) return;
		this.maintainedAtMs = nowMs;
		try {
			await this.maintain();
		} catch (error) {
			// the rows are written: they wait in the default partition until the upkeep works again
			this.options.onWarning?.(error as RouterError);
		}
	}

	private async step<T>(what: string | (() => string), work: () => Promise<T>): Promise<T> {
		try {
			const result = await retryLost(this.policy, work);
			this.answered = true;
			return result;
		} catch (error) {
			throw postgresError(error, this.pool.where, typeof what === 'string' ? what : what());
		}
	}
}

/** As Promise.all, but waits for all of them first: nothing is under way once the caller hears of a failure. */
async function allSettledOrThrow(promises: Promise<void>[]): Promise<void> {
	const failure = (await Promise.allSettled(promises)).find((one) => one.status === 'rejected');
	if (failure) throw failure.reason;
}

function badRetention(log: string): RouterError {
	return new RouterError({
		code: 'OPTIONS_INVALID',
		message: `The retention of the ${log} log must be 1 to 36600 days.`,
		hint: 'Leave it out to keep everything.',
	});
}
