/**
 * Rows a second through the usage writer against plain COPY of the same rows.
 *
 * All write to the same server in alternating turns. The goal is against COPY into the table itself. For comparison,
 * COPY also fills a twin with the same columns, partitions and indexes but without the keys that enforce one row per
 * attempt: what that guarantee costs is the difference between the two.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

import { createPostgresStore, type PostgresStore } from '../adapters/postgres/store';
import { USAGE_COLUMNS } from '../lib/usage/columns';
import type { UsageRow } from '../lib/usage/types';
import { provisionPostgres } from '../scripts/provision/postgres.mjs';
import { atLeast, finish, median, printTable } from './report';

const ROWS_PER_TURN = 40_000;
const TURNS = 8;
const SEED = 20_260_131;

/** Mulberry32: small, seeded, good enough to vary figures. */
function randomOf(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

const random = randomOf(SEED);

function makeRow(turn: string, index: number): UsageRow {
	const seconds = 1 + random() * 60;
	const model = ['sdxl', 'flux1-dev', 'qwen-image', 'z-image-turbo'][index % 4] as string;
	return {
		job_id: `${turn}-${1000 + (index >> 3)}-Select Model-${index}`,
		attempt: null,
		user_id: `user-${index % 500}`,
		workflow_id: 'Jx8mZ1t0RkqvB2aL',
		execution_id: String(1000 + (index >> 3)),
		server: `gpu-${index % 8}`,
		model_name: model,
		preset: 'balanced',
		purpose: 'product',
		urgency: 'normal',
		width: 1024,
		height: 1024,
		batch_size: 1,
		steps: 20 + (index % 20),
		cfg: 4.5,
		selection_reason: `${model} / balanced on gpu-${index % 8}: best quality (0.78) of 12 candidates to finish within 90 s; expected in ${seconds.toFixed(0)} s.`,
		status: 'success',
		degraded: index % 17 === 0,
		error_code: null,
		error_message: null,
		estimated_seconds: seconds * 1.1,
		actual_seconds: seconds,
		queue_seconds: random() * 5,
		load_seconds: 0,
		run_seconds: seconds,
		timing_source: 'comfyui',
		cold: false,
		deadline_seconds: 90,
		on_time: true,
		estimated_cost: seconds * 0.0003,
		actual_cost: seconds * 0.00028,
		quality_estimated: 0.78,
		quality_feedback: null,
		vram_peak_bytes: null,
		prompt_id: randomUUID(),
	};
}

function makeRows(turn: string): UsageRow[] {
	return Array.from({ length: ROWS_PER_TURN }, (_, index) => makeRow(turn, index));
}

const COPIED = USAGE_COLUMNS.filter((column) => column.name !== 'created_at').map(
	(column) => column.name,
);

/** COPY's text format; none of these values needs an escape. */
function copyLine(row: UsageRow): string {
	const cells = COPIED.map((name) => {
		const value = name === 'attempt' ? 1 : row[name];
		return value === null || value === undefined ? '\\N' : String(value);
	});
	return `${cells.join('\t')}\n`;
}

/** Rows as text in pieces of a size that the driver sends well; made within the time measured, as the writer's are. */
function* copyText(rows: readonly UsageRow[]): Generator<Buffer> {
	for (let start = 0; start < rows.length; start += 1000) {
		yield Buffer.from(
			rows
				.slice(start, start + 1000)
				.map(copyLine)
				.join(''),
		);
	}
}

async function copyInto(
	client: pg.Client,
	table: string,
	rows: readonly UsageRow[],
): Promise<number> {
	const began = performance.now();
	const stream = client.query(copyFrom(`copy ${table} (${COPIED.join(', ')}) from stdin`));
	await pipeline(Readable.from(copyText(rows)), stream);
	return (rows.length / (performance.now() - began)) * 1000;
}

async function writeAll(store: PostgresStore, rows: UsageRow[]): Promise<number> {
	const began = performance.now();
	const receipts = await store.recordUsage(rows);
	const perSecond = (rows.length / (performance.now() - began)) * 1000;
	if (!receipts.every((receipt) => receipt.inserted)) throw new Error('a row was not inserted');
	return perSecond;
}

/** Same columns, checks, defaults, partitioning and indexes; no keys, no triggers. */
async function makeTwin(client: pg.Client): Promise<void> {
	await client.query(`
		create table twin (like model_usage_log including all) partition by range (created_at);
		create table twin_default partition of twin default`);
	const { rows } = await client.query<{ name: string; bounds: string }>(`
		select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bounds
		from pg_inherits i join pg_class c on c.oid = i.inhrelid
		where i.inhparent = 'model_usage_log'::regclass and c.relname not like '%default'`);
	for (const part of rows) {
		await client.query(`create table twin_${part.name} partition of twin ${part.bounds}`);
	}
}

async function main(): Promise<void> {
	process.stdout.write(`seed ${SEED}, ${TURNS} turns of ${ROWS_PER_TURN} rows each\n`);
	const server = await provisionPostgres({ durable: true });
	const store = createPostgresStore({ connection: server.url });
	const client = new pg.Client({ connectionString: server.url });
	await client.connect();
	try {
		await store.migrate();
		await makeTwin(client);
		const writer: number[] = [];
		const twin: number[] = [];
		const same: number[] = [];
		// one turn of each to warm up, not counted
		for (let turn = 0; turn <= TURNS; turn++) {
			const order = turn % 2 === 0 ? ['writer', 'twin', 'same'] : ['same', 'twin', 'writer'];
			for (const side of order) {
				const rows = makeRows(`${side}${turn}`);
				const rate =
					side === 'writer'
						? await writeAll(store, rows)
						: await copyInto(client, side === 'twin' ? 'twin' : 'model_usage_log', rows);
				if (turn > 0) (side === 'writer' ? writer : side === 'twin' ? twin : same).push(rate);
			}
		}
		const figures = {
			writer_rows_per_second: Math.round(median(writer)),
			copy_rows_per_second: Math.round(median(twin)),
			copy_same_table_rows_per_second: Math.round(median(same)),
			ratio_to_copy_without_keys: Number(pairedRatio(writer, twin).toFixed(3)),
			seed: SEED,
			rows_per_turn: ROWS_PER_TURN,
			turns: TURNS,
		};
		printTable(
			['Way', 'Rows/s (median)', 'least', 'most'],
			[
				['usage writer, in batches', ...spread(writer)],
				['COPY, twin without keys and triggers', ...spread(twin)],
				['COPY, the table itself', ...spread(same)],
			],
		);
		finish({
			bench: 'log',
			figures,
			goals: [atLeast('writer_to_copy', pairedRatio(writer, same), 0.5)],
		});
	} finally {
		await client.end();
		await store.close();
		await server.stop();
	}
}

/** Middle of the turns' own ratios: both sides of each were measured under the same load of the machine. */
function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
	return median(ours.map((rate, turn) => rate / (theirs[turn] ?? NaN)));
}

function spread(values: readonly number[]): string[] {
	return [median(values), Math.min(...values), Math.max(...values)].map((value) =>
		String(Math.round(value)),
	);
}

void main();
