/** Quotas under many workers in several processes, some of which are killed between reserving and settling. */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { migrate } from '../../../adapters/postgres/migrate';
import { createPool } from '../../../adapters/postgres/pool';
import { PostgresQuotaStore } from '../../../adapters/postgres/quota-store';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

const PROCESSES = 5;
const LANES = 10;
const USERS = 4;
const JOBS = 400;
const LIMIT_PER_USER = 150;
const LIMIT_OF_ALL = 500;

let database: TestDatabase;

beforeAll(async () => {
	database = await createTestDatabase('quotarace');
	const pool = createPool({ connection: database.url });
	await migrate(pool);
	await pool.close();
	await database.sql.query(
		`insert into quota_limit (subject_kind, subject, period, images, gpu_seconds) values
		('user', '*', 'month', ${LIMIT_PER_USER}, null), ('group', '*', 'month', ${LIMIT_OF_ALL}, null),
		('group', 'half', 'week', null, 1500)`,
	);
	await database.sql.query(
		`insert into quota_group_member values ('user-0', 'half'), ('user-1', 'half')`,
	);
});
afterAll(() => database.close());

interface Worker {
	process: ChildProcess;
	lines: string[];
	ended: Promise<number | null>;
}

function startWorker(name: string): Worker {
	const script = resolve('test/support/quota-worker.ts');
	const counts = [USERS, JOBS, LANES].map(String);
	const args = ['--import', 'tsx', script, database.url, name, ...counts];
	const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
	const lines: string[] = [];
	child.stdout.on('data', (chunk: Buffer) =>
		lines.push(...String(chunk).split('\n').filter(Boolean)),
	);
	const ended = new Promise<number | null>((done) => child.on('close', done));
	return { process: child, lines, ended };
}

/** Every account, watched while the workers are at it: whatever is seen at any moment must hold. */
async function look(): Promise<{ worst: number; over: unknown[] }> {
	const { rows } = await database.sql.query(
		`select a.subject, a.images_used + a.images_reserved as images, l.images as limit_images,
			a.gpu_seconds_used + a.gpu_seconds_reserved as gpu, l.gpu_seconds as limit_gpu,
			least(a.images_used, a.images_reserved, a.gpu_seconds_used, a.gpu_seconds_reserved, a.cost_used, a.cost_reserved) as least
		from quota_account a join quota_limit l on l.subject_kind = a.subject_kind and l.period = a.period
			and (l.subject = a.subject or (l.subject = '*' and a.subject_kind = 'user'))`,
	);
	return {
		worst: Math.min(0, ...rows.map((row) => Number(row.least))),
		over: rows.filter(
			(row) =>
				(row.limit_images !== null && Number(row.images) > Number(row.limit_images)) ||
				(row.limit_gpu !== null && Number(row.gpu) > Number(row.limit_gpu)),
		),
	};
}

describe('quotas under 50 workers in 5 processes, two of them killed', () => {
	it('are never negative and never exceeded, lose nothing, and give back what the dead held', async () => {
		const workers = Array.from({ length: PROCESSES }, (_, n) => startWorker(`w${n}`));
		let isOver = false;
		const killed = workers.slice(0, 2);
		const all = Promise.all(workers.map((worker) => worker.ended)).then(() => (isOver = true));
		let looks = 0;
		while (!isOver) {
			const seen = await look();
			looks += 1;
			expect(seen).toEqual({ worst: 0, over: [] });
			for (const worker of killed) {
				// in the middle of something: lanes always hold reservations then
				if (worker.lines.length > 60 && worker.process.exitCode === null)
					worker.process.kill('SIGKILL');
			}
			await new Promise((done) => setTimeout(done, 20));
		}
		await all;
		expect(looks).toBeGreaterThan(5);
		for (const worker of killed) expect(worker.process.signalCode).toBe('SIGKILL');
		for (const worker of workers.slice(2)) expect(worker.process.exitCode).toBe(0);
		expect(await look()).toEqual({ worst: 0, over: [] });

		const open = await database.sql.query(
			`select count(*)::int as count, sum(images)::int as images from quota_reservation where state = 'reserved'`,
		);
		expect(open.rows[0].count, 'the dead held something').toBeGreaterThan(0);
		const granted = workers.flatMap(({ lines }) =>
			lines.filter((line) => line.startsWith('granted')),
		);
		const { rows: ledger } = await database.sql.query(
			'select job_id, state, outcome from quota_reservation',
		);
		const known = new Set(ledger.map((row) => row.job_id));
		for (const line of granted) expect(known).toContain(line.slice('granted '.length));
		const states = new Map(ledger.map((row) => [row.job_id, row]));
		for (const line of workers.flatMap(({ lines }) => lines)) {
			const [what, job = ''] = line.split(' ');
			if (what !== 'settled') continue;
			const isOom = Number(job.split('-')[1]) % 5 === 4;
			expect(states.get(job)).toMatchObject(
				isOom ? { state: 'refunded', outcome: 'oom' } : { state: 'committed' },
			);
		}

		await database.sql.query(
			`update quota_reservation set expires_at = now() where state = 'reserved'`,
		);
		const pool = createPool({ connection: database.url });
		const quotas = new PostgresQuotaStore(pool);
		await quotas.expire();
		const { rows: sums } = await database.sql.query(
			`select a.subject_kind, a.subject, a.images_reserved::int as reserved, a.gpu_seconds_reserved::float8 as gpu_reserved,
				a.images_used::int as used, a.gpu_seconds_used::float8 as gpu_used,
				coalesce(sum(r.images_used), 0)::int as ledger, coalesce(sum(r.gpu_seconds_used), 0)::float8 as gpu_ledger
			from quota_account a left join quota_reservation r on a.id = any (r.account_ids)
			group by a.id order by 1, 2`,
		);
		expect(sums.map(({ subject_kind, subject }) => `${subject_kind} ${subject}`)).toEqual([
			'group *',
			'group half',
			'user user-0',
			'user user-1',
			'user user-2',
			'user user-3',
		]);
		for (const row of sums) {
			expect(row).toMatchObject({
				reserved: 0,
				gpu_reserved: 0,
				used: row.ledger,
				gpu_used: row.gpu_ledger,
			});
		}
		// what the dead had taken can be had again, and nothing more
		const everybody = sums.find((row) => row.subject === '*');
		const left = (await quotas.left(['user-3'])).find((state) =>
			state.limit?.includes('all users'),
		);
		expect(left?.images_left).toBe(LIMIT_OF_ALL - everybody?.used);
		await pool.close();
	}, 240_000);
});
