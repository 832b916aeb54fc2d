/** What the database does at that size: rows a second, bytes a row, and decisions that are reserved. */
import { randomUUID } from 'node:crypto';

import pg from 'pg';

import { PostgresReservations } from '../../adapters/postgres/reservations';
import { createPostgresStore } from '../../adapters/postgres/store';
import { reservationOf } from '../../lib/reservations';
import { ModelRouter } from '../../lib/router/model-router';
import { provisionPostgres } from '../../scripts/provision/postgres.mjs';
import { usageRow, vramReading } from '../../test/support/usage-rows';
import { median } from '../report';
import { busyFleet, catalog, SERVERS } from './workload';

const USAGE_ROWS = 100_000;
const USAGE_BATCH = 10_000;
const VRAM_ROUNDS = 200;
const HELD = 500;
const RESERVED_DECISIONS = 120;
const WARM_UP = 20;

export interface DatabaseFigures {
	usage_rows_per_second: number;
	usage_bytes_per_row: number;
	vram_round_seconds: number;
	vram_bytes_per_row: number;
	/** One after the other, as the lock has it: with a book of 500 reservations and the decision within. */
	reserved_decisions_per_second: number;
	/** The same with nothing to decide: what the database takes of it. */
	reserved_nothing_per_second: number;
}

export async function measureDatabase(): Promise<DatabaseFigures> {
	const server = await provisionPostgres({ durable: true });
	const store = createPostgresStore({ connection: server.url });
	const client = new pg.Client({ connectionString: server.url });
	await client.connect();
	try {
		await store.migrate();
		const size = () => databaseBytes(client);
		const empty = await size();
		const usageSeconds = await timed(async () => {
			for (let done = 0; done < USAGE_ROWS; done += USAGE_BATCH) {
				await store.recordUsage(Array.from({ length: USAGE_BATCH }, (_, n) => usageOf(done + n)));
			}
		});
		const withUsage = await size();
		const rounds: number[] = [];
		for (let round = 0; round < VRAM_ROUNDS; round += 1) {
			const readings = Array.from({ length: SERVERS }, (_, n) =>
				vramReading({
					server: `gpu-${n}`,
					observed_at: new Date(Date.now() + round).toISOString(),
					queue_running: round % 2,
					loaded_model: 'z-image-turbo',
				}),
			);
			rounds.push(await timed(() => store.recordVram(readings)));
		}
		const withVram = await size();
		const book = new PostgresReservations({ pool: store.pool });
		const reserved = await reservedPerSecond(book, true);
		const nothing = await reservedPerSecond(book, false);
		return {
			usage_rows_per_second: USAGE_ROWS / usageSeconds,
			usage_bytes_per_row: (withUsage - empty) / USAGE_ROWS,
			vram_round_seconds: median(rounds),
			vram_bytes_per_row: (withVram - withUsage) / (VRAM_ROUNDS * SERVERS),
			reserved_decisions_per_second: reserved,
			reserved_nothing_per_second: nothing,
		};
	} finally {
		await client.end();
		await store.close();
		await server.stop();
	}
}

async function timed(work: () => Promise<unknown>): Promise<number> {
	const began = performance.now();
	await work();
	return (performance.now() - began) / 1000;
}

/** All tables and indexes; checkpointed, so that what is only in memory counts too. */
async function databaseBytes(client: pg.Client): Promise<number> {
	await client.query('checkpoint');
	const { rows } = await client.query<{ bytes: string }>(
		'select pg_database_size(current_database()) as bytes',
	);
	return Number(rows[0]?.bytes);
}

function usageOf(index: number) {
	return usageRow({
		job_id: `Jx8mZ1t0RkqvB2aL-${1000 + (index >> 3)}-Generate Image-${index}`,
		attempt: null,
		execution_id: String(1000 + (index >> 3)),
		server: `gpu-${index % SERVERS}`,
		user_id: `user-${index % 1000}`,
		selection_reason: `z-image-turbo / full on gpu-${index % SERVERS}: best quality (0.91) of 39 candidates that finish within 90 s with at least 90 % probability (> 99 %); expected in 20 s.`,
		prompt_id: randomUUID(),
	});
}

/** Each step reserves one and releases the oldest, so that the book keeps its size. */
async function reservedPerSecond(book: PostgresReservations, decides: boolean): Promise<number> {
	const router = new ModelRouter(catalog);
	const fleet = busyFleet();
	const request = { purpose: 'photo', width: 1024, height: 1024, explain: false };
	const nowMs = Date.now();
	const selection = router.select(request, fleet, { nowMs });
	if (selection.decision !== 'selected') throw new Error('the request was not served');
	const made = (n: number, chosen = selection) =>
		reservationOf(chosen, {
			id: `r${decides}-${n}`,
			owner: 'bench',
			jobId: `j${n}`,
			expiresInSeconds: 3600,
			fleet,
			nowMs,
		});
	await book.apply({ reserve: Array.from({ length: HELD }, (_, n) => made(n)) });
	const step = (n: number) =>
		book.exclusively(() => {
			const chosen = decides ? router.select(request, fleet, { nowMs }) : selection;
			if (chosen.decision !== 'selected') throw new Error('the request was not served');
			const release = [`r${decides}-${n - HELD}`];
			return { changes: { reserve: [made(n, chosen)], release }, result: null };
		});
	for (let n = 0; n < WARM_UP; n += 1) await step(HELD + n);
	const seconds = await timed(async () => {
		for (let n = WARM_UP; n < WARM_UP + RESERVED_DECISIONS; n += 1) await step(HELD + n);
	});
	const all = Array.from(
		{ length: HELD + WARM_UP + RESERVED_DECISIONS },
		(_, n) => `r${decides}-${n}`,
	);
	await book.apply({ release: all });
	return RESERVED_DECISIONS / seconds;
}
