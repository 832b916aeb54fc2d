/**
 * Many jobs at once through queue mode, with parts killed in the middle, and what came of every single one. Owns the
 * accounting: from the usage log, n8n's own executions and the servers' own event logs.
 */
import type pg from 'pg';

import { systemClock } from '../../adapters/system-clock';
import { systemRandom } from '../../adapters/system-random';
import { ComfyUiClient } from '../../adapters/comfyui';
import { createGenerator } from '../../service/generate';
import type { StandIn } from '../../simulator/comfyui';
import { livesOf, memoryStories, redone, storyOf, submittedInVain } from './prompt-lives';
import { type QueueLab, queueCatalog, startServers } from './lab';

export interface StormOptions {
	jobs: number;
	/** Deadlines in turn, seconds. */
	deadlines: readonly number[];
	/** Kill parts while it runs. */
	faults: boolean;
	limitMs: number;
}

export interface StormReport {
	jobs: number;
	done: number;
	/** Ended without an image, for a reason in the usage log. */
	failed: number;
	/** The reasons: "CODE x 2". */
	reasons: string;
	/** Their worker was killed: n8n ended their executions. */
	lost_with_worker: number;
	/** No trace of an end. Must be 0. */
	unaccounted: number;
	/** More than one success, or submitted again while an earlier prompt could still bring the image. Must be 0. */
	twice: number;
	/** Submitted again because an earlier prompt brought none, its server killed for instance. */
	redone: number;
	/** Jobs that were decided while the book could not be reached, by reason. */
	decided_alone: string;
	/** What happened to each of `twice`, to what failed, and before memory ran out. */
	stories: string[];
	reservations_left: number;
	waiting_left: number;
	out_of_memory: number;
	oversubscribed: number;
	on_time: number;
	/** Of those that no killed worker had. */
	on_time_ratio: number;
	seconds: number;
}

interface Databases {
	router: pg.Pool;
	n8n: pg.Pool;
}

const SERVER_AWAY_MS = 4_000;
const POLL_MS = 500;
const FORGOTTEN_AFTER_MS = 120_000;

export function jobsOf({ jobs, deadlines }: Pick<StormOptions, 'jobs' | 'deadlines'>) {
	return Array.from({ length: jobs }, (_, n) => ({
		job_id: `storm-${n}`,
		purpose: 'photo',
		deadline_seconds: deadlines[n % deadlines.length] as number,
	}));
}

export async function runStorm(
	lab: QueueLab,
	databases: Databases,
	options: StormOptions,
): Promise<StormReport> {
	const jobs = jobsOf(options);
	const begunMs = Date.now();
	const url = (n: number) => `${lab.main.url}/webhook/${lab.paths[n % lab.paths.length]}`;
	// registered a moment after the activation's answer
	for (let n = 0; n < lab.paths.length; n++) {
		await until(60_000, async () => (await post(url(n), { purpose: 'none' })) !== 404);
	}
	const all = jobs.length + lab.paths.length;
	const posted = Promise.all(
		jobs.map(async (job, n) => {
			const status = await post(url(n), job);
			if (status !== 200) throw new Error(`The webhook answered ${status} for ${job.job_id}.`);
		}),
	);
	if (options.faults) await withFaults(lab, databases);
	await posted;
	await ended(databases.n8n, all, options.limitMs);
	const seconds = (Date.now() - begunMs) / 1000;
	await until(
		60_000,
		async () => (await count(databases.router, 'server_reservation')) === 0,
		false,
	);
	return account(lab, databases, jobs, seconds);
}

async function post(url: string, body: unknown): Promise<number> {
	const headers = { 'content-type': 'application/json' };
	const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
	await answer.arrayBuffer();
	return answer.status;
}

/** A server, the database's connections, a worker: each once some jobs are through, so that it is the middle. */
async function withFaults(lab: QueueLab, databases: Databases): Promise<void> {
	await doneAtLeast(lab, 10);
	const victim = lab.servers[0] as StandIn;
	await victim.kill();
	await databases.router.query(
		`select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`,
	);
	await doneAtLeast(lab, 25);
	await lab.workers[0]?.kill();
	await systemClock.sleep(SERVER_AWAY_MS);
	await victim.listen();
	await databases.router.query(
		`select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`,
	);
}

async function doneAtLeast(lab: QueueLab, least: number): Promise<void> {
	const finished = () =>
		lab.servers.reduce((sum, one) => sum + one.events.of('finished').length, 0);
	await until(180_000, async () => finished() >= least);
}

/** Until n8n says of every execution that it has ended; one that it forgot must not hold the rest up. */
async function ended(n8n: pg.Pool, jobs: number, limitMs: number): Promise<void> {
	let most = -1;
	let movedMs = Date.now();
	await until(limitMs, async () => {
		const { rows } = await n8n.query(
			`select count(*)::int as all, count("stoppedAt")::int as ended from execution_entity`,
		);
		if (rows[0].ended > most) movedMs = Date.now();
		most = Math.max(most, rows[0].ended);
		const isStill = Date.now() - movedMs > FORGOTTEN_AFTER_MS;
		return isStill || (rows[0].all >= jobs && rows[0].ended === rows[0].all);
	});
}

async function account(
	lab: QueueLab,
	{ router, n8n }: Databases,
	jobs: ReturnType<typeof jobsOf>,
	seconds: number,
): Promise<StormReport> {
	const { rows } = await router.query(
		`select job_id, attempt, status, on_time, server, error_code, error_message, selection_reason,
		execution_id
		from model_usage_log where job_id like 'storm-%' order by attempt`,
	);
	const byJob = new Map(jobs.map((job) => [job.job_id, [] as typeof rows]));
	for (const row of rows) byJob.get(row.job_id)?.push(row);
	const all = [...byJob.values()];
	const success = (job: typeof rows) => job.filter((row) => row.status === 'success');
	const done = all.filter((job) => success(job).length > 0);
	const broken = await brokenExecutions(n8n);
	const without = all.filter((job) => success(job).length === 0);
	// a killed worker writes nothing more; n8n says of its executions that they failed
	const [silent, logged] = parted(without, (job) => job.length === 0);
	const [begun, failed] = parted(logged, (job) => broken.has(job[0]?.execution_id));
	const lost = begun.length + Math.min(silent.length, broken.size - begun.length);
	const onTime = done.filter((job) => success(job)[0]?.on_time === true).length;
	const lives = livesOf(lab.servers.map((one) => one.events.all()));
	const again = all.filter((job) => success(job).length > 1).map((job) => job[0]?.job_id);
	const twice = new Set([...submittedInVain(lives), ...again]);
	return {
		jobs: jobs.length,
		done: done.length,
		failed: failed.length,
		lost_with_worker: lost,
		reasons: tally(failed.map((job) => job.at(-1)?.error_code ?? job.at(-1)?.status)),
		unaccounted: without.length - failed.length - lost,
		twice: twice.size,
		redone: redone(lives),
		decided_alone: await decidedAlone(n8n),
		stories: [
			...[...twice].map((job) => storyOf(lives, job)),
			...failed.flat().map((row) => JSON.stringify(row)),
			...memoryStories(lab.servers.map((one) => one.events.all())),
		],
		reservations_left: await count(router, 'server_reservation'),
		waiting_left: await count(router, 'waiting_job'),
		...memoryOf(lab.servers),
		on_time: onTime,
		on_time_ratio: onTime / Math.max(1, jobs.length - lost),
		seconds,
	};
}

/** Executions that n8n ended itself, as those of a killed worker. */
async function brokenExecutions(n8n: pg.Pool): Promise<Set<string>> {
	const { rows } = await n8n.query(
		`select id::text from execution_entity where status in ('crashed', 'error')`,
	);
	return new Set(rows.map(({ id }) => id));
}

/** @returns those for which it is true, and the others */
function parted<T>(list: readonly T[], test: (one: T) => boolean): [T[], T[]] {
	return [list.filter(test), list.filter((one) => !test(one))];
}

/** From the notices that the nodes left on their executions. */
async function decidedAlone(n8n: pg.Pool): Promise<string> {
	const { rows } = await n8n.query(
		`select substring(data from 'Decided without the reservations of other processes: ([^"]*)') as reason
		from execution_data where data like '%Decided without the reservations of other processes%'`,
	);
	return tally(rows.map(({ reason }) => reason));
}

function tally(words: readonly string[]): string {
	const counts = new Map<string, number>();
	for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
	return [...counts].map(([word, times]) => `${word} x ${times}`).join(', ');
}

/** From the servers' own logs: what ran out, and any moment at which more was used than there is. */
function memoryOf(servers: readonly StandIn[]) {
	const over = servers.flatMap((one) =>
		one.events
			.of('vram')
			.filter(({ usedBytes, coTenantBytes, totalBytes }) => usedBytes + coTenantBytes > totalBytes),
	);
	return {
		out_of_memory: servers.flatMap((one) => one.events.of('oom')).length,
		oversubscribed: over.length,
	};
}

/** Live rows: those of the dead are gone with their lease. */
async function count(pool: pg.Pool, table: string): Promise<number> {
	const { rows } = await pool.query(
		`select count(*)::int as count from ${table} where expires_at > clock_timestamp()`,
	);
	return rows[0].count;
}

/** The same jobs over the same servers in one process that sees all. @returns the share on time */
export async function oracle(options: Pick<StormOptions, 'jobs' | 'deadlines'>): Promise<number> {
	const catalog = queueCatalog();
	const servers = await startServers(catalog);
	const clients = servers.map(
		(one, n) => new ComfyUiClient({ name: catalog.servers[n]?.name ?? '', url: one.url }),
	);
	try {
		const generator = createGenerator({
			catalog,
			servers: clients,
			clock: systemClock,
			random: systemRandom,
		});
		const results = await generator.generate(jobsOf(options).map((request) => ({ request })));
		return results.filter((one) => one.on_time === true).length / results.length;
	} finally {
		for (const client of clients) client.close();
		for (const one of servers) await one.close();
	}
}

async function until(
	limitMs: number,
	holds: () => Promise<boolean>,
	isFatal = true,
): Promise<void> {
	const endMs = Date.now() + limitMs;
	while (!(await holds())) {
		if (Date.now() < endMs) await systemClock.sleep(POLL_MS);
		else if (isFatal) throw new Error('Waited in vain.');
		else return;
	}
}
