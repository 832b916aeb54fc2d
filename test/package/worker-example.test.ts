/** The example worker as a user runs it: processes of its own, the published package, PostgreSQL and stand-ins. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import packageJson from '../../package.json';
import { type Lab, openLab, quickCatalog } from '../support/generate-lab';
import { createTestDatabase, type TestDatabase } from '../support/postgres';

const run = promisify(execFile);
const ROOT = resolve(__dirname, '../..');

let folder: string;
let database: TestDatabase;
let lab: Lab;
let workers: ChildProcess[];

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'comfyui-router-worker-'));
	await cp(join(ROOT, 'examples', 'worker'), folder, { recursive: true });
	const modules = join(folder, 'node_modules');
	await mkdir(modules);
	await symlink(ROOT, join(modules, packageJson.name), 'junction');
	for (const name of ['graphile-worker', 'pg']) {
		await symlink(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
	}
	await writeFile(join(folder, 'catalog.json'), JSON.stringify(quickCatalog()));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
	workers = [];
	database = await createTestDatabase('worker');
	await run('node', ['setup.mjs'], { cwd: folder, env: environment() });
});
afterEach(async () => {
	for (const worker of workers) worker.kill('SIGKILL');
	await lab?.close();
	await database.close();
	await rm(join(folder, 'images-0'), { recursive: true, force: true });
});

function environment(concurrency = 2): NodeJS.ProcessEnv {
	return {
		...process.env,
		DATABASE_URL: database.url,
		CATALOG: 'catalog.json',
		COMFYUI_SERVERS: (lab?.standIns ?? []).map((one, n) => `s${n + 1}=${one.url}`).join(' '),
		OUT_FOLDER: join(folder, 'images-0'),
		CONCURRENCY: String(concurrency),
	};
}

function startWorker(concurrency = 2): {
	child: ChildProcess;
	errors: () => string;
	log: () => string;
} {
	const child = spawn(process.execPath, ['worker.mjs'], {
		cwd: folder,
		env: environment(concurrency),
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let errors = '';
	let log = '';
	child.stdout?.on('data', (chunk: Buffer) => {
		log += chunk.toString();
	});
	child.stderr?.on('data', (chunk: Buffer) => {
		errors += chunk.toString();
	});
	workers.push(child);
	return { child, errors: () => errors, log: () => log };
}

async function add(count: number): Promise<void> {
	await database.sql.query(
		`insert into image_job (request)
		select jsonb_build_object('purpose', 'photo', 'urgency', 'flexible', 'prompt', 'fox ' || n)
		from generate_series(1, $1::int) n`,
		[count],
	);
}

interface JobRow {
	id: string;
	status: string;
	reason: string | null;
	files: string[];
}

async function jobs(): Promise<JobRow[]> {
	const { rows } = await database.sql.query<JobRow>(
		'select id, status, reason, files from image_job order by id',
	);
	return rows;
}

async function until(what: string, holds: () => Promise<boolean>, seconds: number): Promise<void> {
	const end = Date.now() + seconds * 1000;
	while (!(await holds())) {
		if (Date.now() > end) throw new Error(`${what} did not happen within ${seconds} s`);
		await new Promise((wake) => setTimeout(wake, 100));
	}
}

const allEnded = async () => (await jobs()).every((job) => job.status !== 'waiting');

/** Prompts that each job had on any server, by the job's id. */
async function promptsPerJob(): Promise<Map<string, number>> {
	const counts = new Map<string, number>();
	for (const client of lab.clients) {
		for (const entry of await client.recentHistory(1000)) {
			const own = entry.extraData?.['comfyui_router'] as { job_id?: string } | undefined;
			const id = String(own?.job_id);
			counts.set(id, (counts.get(id) ?? 0) + 1);
		}
	}
	return counts;
}

/** @param leastLogged usage rows; never more than one per job */
async function expectEachOnce(count: number, leastLogged = count): Promise<void> {
	const ended = await jobs();
	expect(ended.map((job) => [job.status, job.files.length])).toEqual(
		Array.from({ length: count }, () => ['done', 1]),
	);
	const prompts = await promptsPerJob();
	expect([...prompts.values()]).toEqual(Array.from({ length: count }, () => 1));
	const { rows } = await database.sql.query(
		`select count(*)::int as rows, count(distinct job_id)::int as jobs from model_usage_log`,
	);
	expect(rows[0].rows).toBe(rows[0].jobs);
	expect(rows[0].jobs).toBeGreaterThanOrEqual(leastLogged);
	expect(rows[0].jobs).toBeLessThanOrEqual(count);
	const images = await readdir(join(folder, 'images-0'));
	expect(images.filter((name) => !name.endsWith('.part'))).toHaveLength(count);
}

describe('the example worker', () => {
	it('makes each job of the table once, with two workers on two servers, and ends when asked to', async () => {
		lab = await openLab({ servers: 2, speedUp: 8 });
		const [first, second] = [startWorker(), startWorker()];
		await add(10);
		await until('the end of all jobs', allEnded, 45);
		await expectEachOnce(10);
		const codes = [first, second].map(
			({ child }) => new Promise((wake) => child.once('exit', (code) => wake(code))),
		);
		for (const { child } of [first, second]) child.kill('SIGTERM');
		expect(await Promise.all(codes)).toEqual([0, 0]);
		expect(first.errors() + second.errors()).toBe('');
	});

	it('goes on alone where the reservations cannot be used, and says so', async () => {
		lab = await openLab({ servers: 1, speedUp: 8 });
		await database.sql.query('alter table server_reservation rename to out_of_reach');
		const worker = startWorker();
		await add(2);
		await until('the end of both jobs', allEnded, 45);
		await expectEachOnce(2);
		const { rows } = await database.sql.query(
			'select max(attempts) as most from graphile_worker.jobs',
		);
		// the queue has nothing left to try again
		expect(rows[0].most).toBeNull();
		expect(worker.log() + worker.errors()).toContain("Decided without other workers' reservations");
	});

	it.each([
		{ noted: true, leastLogged: 3 },
		// gone between submitting and noting: the server's own queue still tells whose prompt it is
		{ noted: false, leastLogged: 2 },
	])(
		'lets another worker take over what a killed one had begun, and runs nothing twice: %j',
		async ({ noted, leastLogged }) => {
			lab = await openLab({ servers: 1, speedUp: 0.25 });
			// one at a time: then what is noted is all that was begun
			const doomed = startWorker(1);
			await add(3);
			const notes = 'from submitted_prompts';
			const count = async () => (await database.sql.query(`select 1 ${notes}`)).rows.length;
			await until('a noted prompt', async () => (await count()) >= 1, 30);
			doomed.child.kill('SIGKILL');
			if (!noted) await database.sql.query(`delete ${notes}`);
			startWorker();
			await until('the end of all jobs', allEnded, 55);
			await expectEachOnce(3, leastLogged);
		},
		120_000,
	);

	it('says why a job failed that nothing can serve, and goes on', async () => {
		lab = await openLab({ servers: 1, speedUp: 8 });
		await database.sql.query(
			`insert into image_job (request) values ('{"purpose":"juggling"}'), ('{"purpose":"photo"}')`,
		);
		startWorker();
		await until('the end of all jobs', allEnded, 45);
		expect(await jobs()).toMatchObject([
			{ status: 'failed', reason: expect.stringContaining('juggling') },
			{ status: 'done' },
		]);
	});
});
