/**
 * Selections a second with reservations, against the bare transaction that any such design needs: lock one row, read the
 * reservations, insert one, commit. Both on the same database, in turns, with 1 and with 50 clients.
 *
 * `bare` is that transaction as a driver sends it, statement by statement, with the database's own commit; the goal is
 * against it. It decides nothing. Two more say what the difference is made of: `quick-commit`, where the commit does not
 * wait for the disk (ours does not), and `two-trips`, which also takes as few trips to the database as ours: the floor
 * under any design, with no decision in it.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import pg from 'pg';

import { createPool } from '../adapters/postgres/pool';
import { migrate } from '../adapters/postgres/migrate';
import { PostgresReservations } from '../adapters/postgres/reservations';
import { systemClock } from '../adapters/system-clock';
import { parseCatalog } from '../lib/catalog/parse';
import { parseFleet } from '../lib/fleet/parse';
import { ModelRouter } from '../lib/router/model-router';
import { provisionPostgres } from '../scripts/provision/postgres.mjs';
import { selectAndReserve } from '../service/select-and-reserve';
import { atLeast, finish, median, printTable } from './report';

const TURN_MS = 2_000;
const TURNS = 5;
const CLIENTS = [1, 50];
/** Of the fleet, each with one live reservation when a turn begins. `npm run bench:reserve -- 20` for another number. */
const SERVERS = Number(process.argv[2] ?? 6);

type Contestant = 'router' | 'bare' | 'quick-commit' | 'two-trips';
const CONTESTANTS: Contestant[] = ['router', 'bare', 'quick-commit', 'two-trips'];

interface Turn {
	perSecond: number;
	latenciesMs: number[];
}

const gb = 1e9;
const fleet = parseFleet({
	servers: Array.from({ length: SERVERS }, (_, n) => ({
		name: `gpu-${n + 1}`,
		url: `http://gpu-${n + 1}:8188`,
		devices: [{ vram_total: 24 * gb, vram_free: 23 * gb, torch_vram_total: 0, torch_vram_free: 0 }],
	})),
});

async function main(): Promise<void> {
	const server = await provisionPostgres({ durable: true });
	try {
		await measure(await server.createDatabase('reserve'));
	} finally {
		await server.stop();
	}
}

async function measure(url: string): Promise<void> {
	const pool = createPool({ connection: url });
	await migrate(pool);
	await pool.close();
	const admin = new pg.Client({ connectionString: url });
	await admin.connect();
	await admin.query(
		'create table bare_lock (id int primary key); insert into bare_lock values (1)',
	);
	const turns = new Map<string, Turn[]>();
	for (let turn = 0; turn < TURNS; turn++) {
		for (const clients of CLIENTS) {
			for (const contestant of CONTESTANTS) {
				await admin.query('truncate server_reservation');
				await fill(admin);
				const key = `${contestant} ${clients}`;
				turns.set(key, [...(turns.get(key) ?? []), await runTurn(url, contestant, clients)]);
			}
		}
	}
	await admin.end();
	report(turns);
}

/** What is reserved when a turn begins: a busy fleet. */
async function fill(admin: pg.Client): Promise<void> {
	await admin.query(
		`insert into server_reservation (id, job_id, owner, server, server_url, model_name, vram_peak_bytes, remaining_seconds, expires_at)
		select 'before ' || n, 'before ' || n, 'bench', 'gpu-' || n, 'http://gpu-' || n || ':8188', 'sdxl', 1e10, 20,
			clock_timestamp() + interval '1 hour' from generate_series(1, $1) n`,
		[SERVERS],
	);
}

async function runTurn(url: string, contestant: Contestant, clients: number): Promise<Turn> {
	const workers = await Promise.all(
		Array.from({ length: clients }, () => workerOf(contestant, url)),
	);
	for (const worker of workers) await worker.once();
	const latenciesMs: number[] = [];
	const endMs = performance.now() + TURN_MS;
	const begunMs = performance.now();
	await Promise.all(
		workers.map(async ({ once }) => {
			for (let startMs = performance.now(); startMs < endMs; startMs = performance.now()) {
				await once();
				latenciesMs.push(performance.now() - startMs);
			}
		}),
	);
	const seconds = (performance.now() - begunMs) / 1000;
	for (const worker of workers) await worker.close();
	return { perSecond: latenciesMs.length / seconds, latenciesMs };
}

interface Worker {
	once: () => Promise<unknown>;
	close: () => Promise<void>;
}

async function workerOf(contestant: Contestant, url: string): Promise<Worker> {
	if (contestant === 'router') return routerWorker(url);
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	return { once: () => bare(client, contestant), close: () => client.end() };
}

const router = new ModelRouter(
	parseCatalog(JSON.parse(readFileSync(join(__dirname, '..', 'models_config.json'), 'utf8'))),
);

/** Each has the same jobs again and again, so that the number of reservations stays what a fleet has. */
async function routerWorker(url: string): Promise<Worker> {
	const pool = createPool({ connection: url, maxConnections: 1 });
	const port = new PostgresReservations({ pool });
	const jobId = randomUUID();
	return {
		once: () =>
			selectAndReserve(
				{ port, fleet, readBeganMs: Date.now(), clock: systemClock, leaseSeconds: 60 },
				[jobId],
				(_index, now) => ({
					selection: router.select({ purpose: 'photo', job_id: jobId, explain: false }, now, {
						nowMs: Date.now(),
					}),
				}),
			),
		close: () => pool.close(),
	};
}

const READ = 'select * from server_reservation where expires_at > clock_timestamp()';
const LOCK = 'select id from bare_lock where id = 1 for update';

function insertOf(id: string): string {
	return `insert into server_reservation (id, job_id, owner, server, model_name, vram_peak_bytes, remaining_seconds, expires_at)
	values ('${id}', 'bare', 'bare', 'gpu-1', 'sdxl', 1e10, 20, clock_timestamp() + interval '60 seconds')
	on conflict (id) do update set expires_at = excluded.expires_at`;
}

const ids = new WeakMap<pg.Client, string>();

async function bare(client: pg.Client, contestant: Contestant): Promise<void> {
	const id = ids.get(client) ?? randomUUID();
	ids.set(client, id);
	const insert = insertOf(id);
	const begin = contestant === 'bare' ? 'begin' : 'begin; set local synchronous_commit = off';
	if (contestant === 'two-trips') {
		await client.query(`${begin}; ${LOCK}; ${READ}`);
		await client.query(`${insert}; commit`);
		return;
	}
	for (const sql of [begin, LOCK, READ, insert, 'commit']) await client.query(sql);
}

function report(turns: Map<string, Turn[]>): void {
	const rate = (key: string) => median((turns.get(key) ?? []).map((turn) => turn.perSecond));
	const percentile = (key: string, share: number) => {
		const all = (turns.get(key) ?? []).flatMap((turn) => turn.latenciesMs).sort((a, b) => a - b);
		return all[Math.min(all.length - 1, Math.floor(share * all.length))] ?? NaN;
	};
	const keys = CLIENTS.flatMap((clients) => CONTESTANTS.map((one) => `${one} ${clients}`));
	printTable(
		['Contestant', 'Clients', 'Per second', 'p50 ms', 'p99 ms'],
		keys.map((key) => [
			...key.split(' '),
			rate(key).toFixed(0),
			percentile(key, 0.5).toFixed(2),
			percentile(key, 0.99).toFixed(2),
		]),
	);
	const ratio = (clients: number, other: Contestant) =>
		rate(`router ${clients}`) / rate(`${other} ${clients}`);
	const figures = Object.fromEntries(
		keys.flatMap((key) => {
			const name = key.replace(/[ -]/g, '_');
			return [
				[`${name}_per_second`, Math.round(rate(key))],
				[`${name}_p99_ms`, Number(percentile(key, 0.99).toFixed(2))],
			];
		}),
	);
	finish({
		bench: 'reserve',
		figures: {
			...{ servers: SERVERS, turns: TURNS, turn_seconds: TURN_MS / 1000, ...figures },
			router_over_two_trips_1: Number(ratio(1, 'two-trips').toFixed(3)),
			router_over_two_trips_50: Number(ratio(50, 'two-trips').toFixed(3)),
		},
		goals: CLIENTS.map((clients) =>
			atLeast(`router_over_bare_${clients}`, ratio(clients, 'bare'), 0.5),
		),
	});
}

void main();
