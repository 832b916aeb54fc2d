/**
 * The reservation book in PostgreSQL. Owns that choosing and reserving is one step, that the database's clock is the only
 * one, and what happens when the connection is lost in the middle. What a reservation means is lib/reservations' to say.
 */
import { createHash, randomInt } from 'node:crypto';

import type { PoolClient, QueryResult } from 'pg';

import { RouterError } from '../../lib/errors';
import type { Clock, ReservationPort } from '../../lib/ports';
import {
	type BookChanges,
	hasChanges,
	type Reservation,
	type ReservationBook,
	type WaitingEntry,
} from '../../lib/reservations/types';
import { systemClock } from '../system-clock';
import { isAway, isConnectionLoss, isDenied, isTooSlow, postgresError } from './errors';
import { type RouterPool, withClient } from './pool';
import { beginSql, changesSql, pruneSql, readSql } from './reservation-sql';
import { retryLost, type RetryPolicy } from './retry';

export interface PostgresReservationsOptions {
	pool: RouterPool;
	/** Creates or upgrades the tables. Called before the first use, and again where it failed. Default: nothing. */
	prepare?: () => Promise<unknown>;
	clock?: Clock;
	/** How long to keep trying when the database goes away, ms. A decision cannot wait long. Default 2000. */
	patienceMs?: number;
	/** The same where it is there but slow, ms: to decide without it then would make double bookings. Default 30 000. */
	slowPatienceMs?: number;
}

const PRUNE_EVERY_MS = 15_000;
const LISTEN_AGAIN_MS = 2_000;

export class PostgresReservations implements ReservationPort {
	readonly reach = 'database';
	readonly where: string;
	private readonly clock: Clock;
	private readonly policy: RetryPolicy;
	private readonly schema: string;
	private readonly channel: string;
	private readonly begin: string;
	private readonly beginWithoutWaiting: string;
	private prepared: Promise<unknown> | null = null;
	private prunedMs = -Infinity;

	constructor(private readonly options: PostgresReservationsOptions) {
		const { pool, patienceMs = 2_000, slowPatienceMs = 30_000 } = options;
		this.clock = options.clock ?? systemClock;
		this.where = `${pool.where}, schema ${pool.schema}`;
		this.schema = pool.quotedSchema;
		const hash = createHash('sha256').update(pool.schema).digest('hex').slice(0, 16);
		this.channel = `comfyui_router_${hash}`;
		const lockKey = `comfyui_router_reserve ${pool.schema}`;
		this.begin = beginSql(this.schema, lockKey);
		this.beginWithoutWaiting = beginSql(this.schema, lockKey, 'waiting');
		this.policy = {
			clock: this.clock,
			patienceMs: (error) => (isAway(error) ? patienceMs : slowPatienceMs),
			passes: (error) => isConnectionLoss(error) || isTooSlow(error),
			random: () => randomInt(1_000_000) / 1_000_000,
		};
	}

	read(): Promise<ReservationBook> {
		return this.step('Reading the reservations', async (client) =>
			bookOf(await queryAll(client, readSql(this.schema))),
		);
	}

	exclusively<T>(
		decide: (book: ReservationBook) => { changes: BookChanges; result: T },
		without?: 'waiting',
	): Promise<T> {
		const begin = without === 'waiting' ? this.beginWithoutWaiting : this.begin;
		return this.step('Reserving a server', async (client) => {
			try {
				const results = await queryAll(client, begin);
				const book = without === 'waiting' ? reservedOnly(results) : bookOf(results);
				const { changes, result } = decided(decide, book);
				await client.query(withCommit(this.changes(changes)));
				return result;
			} catch (error) {
				await client.query('rollback').catch(() => undefined);
				throw error;
			}
		});
	}

	async apply(changes: BookChanges): Promise<void> {
		if (!hasChanges(changes)) return;
		// several statements in one trip are one transaction
		await this.step('Writing reservations', (client) => client.query(this.changes(changes)));
	}

	listen(owner: string, wake: () => void): { close(): void } {
		const listener = new Listener(this.options.pool, this.channel, this.clock, (payload) => {
			if (payload === owner || payload === '*') wake();
		});
		return { close: () => listener.close() };
	}

	/** Now and then with the rows of those who are gone. */
	private changes(changes: BookChanges): string {
		const sql = changesSql(this.schema, this.channel, changes);
		const now = this.clock.nowMs();
		if (sql === '' || now - this.prunedMs < PRUNE_EVERY_MS) return sql;
		this.prunedMs = now;
		return `${sql}; ${pruneSql(this.schema)}`;
	}

	private async step<T>(what: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
		const { pool } = this.options;
		try {
			await this.prepare();
			return await retryLost(this.policy, () => withClient(pool, work));
		} catch (error) {
			if (error instanceof DecisionFailed) throw error.cause;
			throw reservationError(error, pool.where, what);
		}
	}

	private async prepare(): Promise<void> {
		const running = (this.prepared ??= Promise.resolve(this.options.prepare?.()));
		try {
			await running;
		} catch (error) {
			if (this.prepared === running) this.prepared = null;
			throw error;
		}
	}
}

/** What went wrong in the caller's own decision is the caller's, not the database's. */
class DecisionFailed extends Error {}

function decided<T>(decide: (book: ReservationBook) => T, book: ReservationBook): T {
	try {
		return decide(book);
	} catch (cause) {
		throw new DecisionFailed('The decision failed.', { cause });
	}
}

function withCommit(sql: string): string {
	return sql === '' ? 'commit' : `${sql}; commit`;
}

async function queryAll(client: PoolClient, sql: string): Promise<QueryResult[]> {
	// one result for each statement
	return (await client.query(sql)) as unknown as QueryResult[];
}

function bookOf(results: QueryResult[]): ReservationBook {
	const [reservations, waiting] = results.slice(-2) as [QueryResult, QueryResult];
	return {
		reservations: reservations.rows as Reservation[],
		waiting: waiting.rows as WaitingEntry[],
	};
}

function reservedOnly(results: QueryResult[]): ReservationBook {
	return { reservations: (results.at(-1)?.rows ?? []) as Reservation[], waiting: [] };
}

function reservationError(error: unknown, where: string, what: string): RouterError {
	if (!isDenied(error)) return postgresError(error, where, what);
	return new RouterError({
		code: 'POSTGRES_PERMISSION',
		message: `${what} failed: this role may not do that with server_reservation and waiting_job (${where}).`,
		hint: 'Grant SELECT, INSERT, UPDATE and DELETE on both tables.',
	});
}

/** A connection of its own that hears who is to be woken. Comes back by itself; a pooler that cannot listen is no fault. */
class Listener {
	private closed = false;
	private client: PoolClient | null = null;

	constructor(
		private readonly pool: RouterPool,
		private readonly channel: string,
		private readonly clock: Clock,
		private readonly hear: (payload: string) => void,
	) {
		void this.run();
	}

	close(): void {
		this.closed = true;
		this.drop();
	}

	private async run(): Promise<void> {
		while (!this.closed) {
			await this.once().catch(() => undefined);
			if (!this.closed) await this.clock.sleep(LISTEN_AGAIN_MS);
		}
	}

	private async once(): Promise<void> {
		const client = await this.pool.connect();
		this.client = client;
		if (this.closed) return this.drop();
		const lost = new Promise<void>((resolve) => {
			client.on('error', () => resolve());
			client.on('end', () => resolve());
		});
		client.on('notification', ({ payload }) => this.hear(payload ?? ''));
		try {
			await client.query(`listen "${this.channel}"`);
			// what was said while nobody listened
			this.hear('*');
			await lost;
		} finally {
			this.drop();
		}
	}

	/** Not given back: it listens. */
	private drop(): void {
		const client = this.client;
		this.client = null;
		client?.release(true);
	}
}
