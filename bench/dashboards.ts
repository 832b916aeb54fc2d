/**
 * `npm run bench:dashboards [-- SHARE]`: every panel over seven days of large logs, against `count(*)` over the same
 * range: what reading those rows costs at the least.
 *
 * SHARE 1 is a year with 10 million runs and 50 million VRAM readings. A smaller share is a shorter time as dense as
 * that: the seven days hold as many rows, and only the past that no query reads is shorter. The default fits into a
 * quarter of an hour on two cores. Each panel and its counts run in turns, caches warm.
 */
import pg from 'pg';

import { PANELS } from '../adapters/postgres/panels';
import { expandMacros, type PanelRange } from '../adapters/postgres/panels/macros';
import { createPostgresStore } from '../adapters/postgres/store';
import { provisionPostgres } from '../scripts/provision/postgres.mjs';
import { fillLargeLogs } from '../test/support/large-logs';
import { atMost, finish, median, printTable } from './report';

const USAGE_ROWS = 10_000_000;
const VRAM_ROWS = 50_000_000;
const DAYS = 365;
const DEFAULT_SHARE = 0.25;
const TURNS = 5;
const DAY_MS = 86_400_000;
/**
 * Reading and grouping wide rows may cost so many times as much as counting them, for which PostgreSQL reads an index
 * only. Some panels have to do more: a percentile sorts all values, and whether a job was on time is told from all its
 * attempts.
 */
const BUDGET = 12;
const OWN_BUDGETS: Readonly<Record<string, number>> = {
	'time-by-model': 20,
	'queue-wait': 20,
	'estimated-against-actual': 20,
	'sla-attainment': 18,
};
const budgetOf = (panel: string): number => OWN_BUDGETS[panel] ?? BUDGET;
/** The end of the logs: a fixed moment, so that every run measures the same rows. */
const TO = new Date('2026-06-30T12:00:00Z');

/** Quotas and opinions are few whatever the logs hold. */
const LARGE = Object.values(PANELS).filter(({ log }) => log.endsWith('_usage_log'));

interface Row {
	panel: string;
	panelMs: number;
	countMs: number;
	ratio: number;
}

async function timed(client: pg.ClientBase, sql: string): Promise<number> {
	const began = performance.now();
	await client.query(sql);
	return performance.now() - began;
}

async function measure(client: pg.ClientBase, range: PanelRange): Promise<Row[]> {
	const rows: Row[] = [];
	for (const { name, log, sql } of LARGE) {
		const column = log === 'vram_usage_log' ? 'observed_at' : 'created_at';
		const panel = expandMacros(sql, range);
		const count = expandMacros(`select count(*) from ${log} where $__timeFilter(${column})`, range);
		const panelMs: number[] = [];
		const countMs: number[] = [];
		for (let turn = 0; turn <= TURNS; turn++) {
			const before = await timed(client, count);
			const ours = await timed(client, panel);
			const after = await timed(client, count);
			// the first turn warms the caches
			if (turn === 0) continue;
			panelMs.push(ours);
			countMs.push(before, after);
		}
		const ratio = median(panelMs) / median(countMs);
		rows.push({ panel: name, panelMs: median(panelMs), countMs: median(countMs), ratio });
	}
	return rows;
}

async function rowsInRange(client: pg.ClientBase, range: PanelRange): Promise<number[]> {
	const counts: number[] = [];
	for (const [table, column] of [
		['model_usage_log', 'created_at'],
		['vram_usage_log', 'observed_at'],
	]) {
		const sql = `select count(*)::int as n from ${table} where $__timeFilter(${column})`;
		counts.push((await client.query(expandMacros(sql, range))).rows[0].n);
	}
	return counts;
}

async function main(): Promise<void> {
	const share = Number(process.argv[2] ?? DEFAULT_SHARE);
	if (!(share >= 0.05 && share <= 1)) throw new Error('SHARE is a number from 0.05 to 1.');
	const logs = {
		usageRows: Math.round(USAGE_ROWS * share),
		vramRows: Math.round(VRAM_ROWS * share),
		days: Math.round(DAYS * share),
		to: TO,
	};
	process.stdout.write(
		`${logs.usageRows} runs and ${logs.vramRows} readings over ${logs.days} days; no chance is involved.\n`,
	);
	const server = await provisionPostgres({ postgresFlags: ['-c', 'max_wal_size=8GB'] });
	const store = createPostgresStore({ connection: server.url });
	const pool = new pg.Pool({ connectionString: server.url, max: 3 });
	// end() does not wait until its connections are closed: the server that stops then ends them, with an error each
	pool.on('error', () => undefined);
	const client = await pool.connect();
	try {
		await store.migrate();
		const began = performance.now();
		await fillLargeLogs(pool, logs);
		const fillSeconds = Math.round((performance.now() - began) / 1000);
		const range = { fromMs: TO.getTime() - 7 * DAY_MS, toMs: TO.getTime(), intervalSeconds: 3600 };
		const [usageInRange, vramInRange] = await rowsInRange(client, range);
		process.stdout.write(
			`Filled in ${fillSeconds} s. In seven days: ${usageInRange} runs, ${vramInRange} readings.\n`,
		);
		const rows = await measure(client, range);
		printTable(
			['Panel', 'ms (median)', 'count(*) ms', 'Times', 'Budget'],
			rows.map(({ panel, panelMs, countMs, ratio }) => [
				...[panel, panelMs.toFixed(0), countMs.toFixed(0), ratio.toFixed(2)],
				String(budgetOf(panel)),
			]),
		);
		finish({
			bench: 'dashboards',
			figures: { ...logs, usageInRange, vramInRange, fillSeconds, turns: TURNS, rows },
			goals: rows.map(({ panel, ratio }) => atMost(`${panel}_to_count`, ratio, budgetOf(panel))),
		});
	} finally {
		client.release();
		await pool.end();
		await store.close();
		await server.stop();
	}
}

void main();
