/**
 * 1,000 jobs from 4 webhooks at once through n8n's queue mode: Redis, one main, 3 workers, 6 servers. A worker, a server
 * and the connections to the database are killed in the middle. `npm run bench:queue-mode [-- JOBS]`.
 */
import pg from 'pg';

import { provisionPostgres } from '../scripts/provision/postgres.mjs';
import { openQueueLab } from './queue-mode/lab';
import { oracle, runStorm } from './queue-mode/storm';
import { atLeast, atMost, finish, printTable } from './report';

const JOBS = Number(process.argv[2] ?? 1_000);
const DEADLINES = [600, 1_200];
const LIMIT_MS = 45 * 60_000;

async function main(): Promise<void> {
	const server = await provisionPostgres();
	const urls = {
		n8n: await server.createDatabase('n8n'),
		router: await server.createDatabase('router'),
	};
	const pools = {
		n8n: new pg.Pool({ connectionString: urls.n8n, max: 2 }),
		router: new pg.Pool({ connectionString: urls.router, max: 2 }),
	};
	for (const pool of Object.values(pools)) pool.on('error', () => undefined);
	const lab = await openQueueLab(urls, { workers: 3, webhooks: 4, concurrency: 100 });
	const storm = { jobs: JOBS, deadlines: DEADLINES };
	try {
		const report = await runStorm(lab, pools, { ...storm, faults: true, limitMs: LIMIT_MS });
		await lab.close();
		const attainable = await oracle(storm);
		printTable(
			['Figure', 'Value'],
			Object.entries({ ...report, attainable }).map(([name, value]) => [name, String(value)]),
		);
		finish({
			bench: 'queue-mode',
			figures: { ...report, attainable },
			goals: [
				atMost('unaccounted', report.unaccounted, 0),
				atMost('twice', report.twice, 0),
				atMost('reservations_left', report.reservations_left, 0),
				atMost('out_of_memory', report.out_of_memory + report.oversubscribed, 0),
				atLeast('on_time_against_one_process', report.on_time_ratio - attainable, -0.05),
			],
		});
	} finally {
		await lab.close();
		for (const pool of Object.values(pools)) await pool.end();
		await server.stop();
	}
}

void main();
