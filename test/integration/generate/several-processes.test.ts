/** Rooms of several processes over the same servers, agreeing through the database. Each room here is one of a process. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { migrate } from '../../../adapters/postgres/migrate';
import { createPool, type RouterPool } from '../../../adapters/postgres/pool';
import { PostgresReservations } from '../../../adapters/postgres/reservations';
import { systemClock } from '../../../adapters/system-clock';
import type { ReservationPort } from '../../../lib/ports';
import { createGenerator, type Generator } from '../../../service/generate';
import { MemoryReservations } from '../../../service/memory-reservations';
import { countingRandom, type Lab, openLab, until } from '../../support/generate-lab';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

let database: TestDatabase;
let lab: Lab;
const pools: RouterPool[] = [];

beforeAll(async () => {
	database = await createTestDatabase('processes');
	const pool = createPool({ connection: database.url });
	await migrate(pool);
	await pool.close();
});

afterEach(async () => {
	await lab?.close();
	await Promise.all(pools.splice(0).map((pool) => pool.close()));
	await database.sql.query('truncate server_reservation, waiting_job');
});

afterAll(async () => {
	await database?.close();
});

/** Another name of the same book makes the room another one, as in a process of its own. */
class OwnProcess extends PostgresReservations {
	constructor(
		pool: RouterPool,
		override readonly where: string,
	) {
		super({ pool });
	}
}

function processOf(name: string, reservations?: ReservationPort): Generator {
	const pool = createPool({ connection: database.url });
	pools.push(pool);
	return createGenerator({
		...lab.deps,
		random: countingRandom(`${name}-${lab.standIns[0]?.port}`),
		reservations: reservations ?? new OwnProcess(pool, name),
	});
}

function jobs(count: number, name: string, rest: Record<string, unknown> = {}) {
	return Array.from({ length: count }, (_, n) => ({
		request: { purpose: 'photo', job_id: `${name}-${n}`, deadline_seconds: 60, ...rest },
	}));
}

/** Prompts on the server at one moment, at most; from its own log. */
function deepestQueue(standIn: Lab['standIns'][number]): number {
	let depth = 0;
	let most = 0;
	for (const event of standIn.events.all()) {
		if (event.type === 'submitted') most = Math.max(most, (depth += 1));
		if (['finished', 'failed', 'interrupted', 'deleted'].includes(event.type)) depth -= 1;
	}
	return most;
}

async function countOf(table: string): Promise<number> {
	const { rows } = await database.sql.query(`select count(*)::int as count from ${table}`);
	return rows[0].count;
}

describe('three processes and two servers', () => {
	it('give no server more than it can begin, run every job once, and leave nothing reserved', async () => {
		lab = await openLab({ servers: 2 });
		const processes = ['a', 'b', 'c'].map((name) => processOf(name));
		const results = await Promise.all(processes.map((one, n) => one.generate(jobs(6, `p${n}`))));
		const all = results.flat();
		expect(all.map((one) => one.status)).toEqual(all.map(() => 'done'));
		expect(all.map((one) => one.attempts.length)).toEqual(all.map(() => 1));
		const submitted = lab.standIns.flatMap((one) => one.events.of('submitted'));
		expect(submitted).toHaveLength(18);
		// the next one may come while the last is being saved
		for (const standIn of lab.standIns) expect(deepestQueue(standIn)).toBeLessThanOrEqual(2);
		await expect.poll(() => countOf('server_reservation')).toBe(0);
		await expect.poll(() => countOf('waiting_job')).toBe(0);
	});

	it('run the more urgent job first, whichever process holds it', async () => {
		lab = await openLab({ servers: 1 });
		const [a, b] = [processOf('a'), processOf('b')];
		const order: string[] = [];
		const onSubmitted = ({ job_id }: { job_id: string }) => void order.push(job_id);
		const patient = a.generate(jobs(5, 'patient', { deadline_seconds: 120 }), { onSubmitted });
		await until('the first has begun', () => order.length === 1);
		await expect.poll(() => countOf('waiting_job')).toBe(4);
		const hurried = b.generate(jobs(1, 'hurried', { deadline_seconds: 8 }), { onSubmitted });
		await Promise.all([patient, hurried]);
		// one may have been given its turn before the other process was known to wait
		expect(order.indexOf('hurried-0')).toBeLessThanOrEqual(2);
	});

	it('do not wait for one that has died', async () => {
		lab = await openLab({ servers: 1 });
		await database.sql.query(
			`insert into server_reservation (id, job_id, owner, server, server_url, model_name, vram_peak_bytes,
				remaining_seconds, expires_at)
			values ('dead', 'dead', 'dead', 's1', $1, 'heavy', 1e10, 60, clock_timestamp() + interval '2 seconds')`,
			[lab.standIns[0]?.url],
		);
		const begun = Date.now();
		const [result] = await processOf('a').generate(jobs(1, 'alive'));
		expect(result?.status).toBe('done');
		expect(Date.now() - begun).toBeGreaterThan(1_500);
	});

	it('go on without the database, and agree again when it is back', async () => {
		lab = await openLab({ servers: 2 });
		const [a, b] = [processOf('a'), processOf('b')];
		const running = Promise.all([a.generate(jobs(6, 'a')), b.generate(jobs(6, 'b'))]);
		for (let n = 0; n < 4; n++) {
			await systemClock.sleep(400);
			await database.sql.query(
				`select pg_terminate_backend(pid) from pg_stat_activity
				where datname = current_database() and application_name = 'comfyui-router'`,
			);
		}
		const all = (await running).flat();
		expect(all.map((one) => one.status)).toEqual(all.map(() => 'done'));
		expect(lab.standIns.flatMap((one) => one.events.of('submitted'))).toHaveLength(12);
		await expect.poll(() => countOf('server_reservation'), { timeout: 30_000 }).toBe(0);
	});
});

describe('a selection that was reserved before', () => {
	it('is run with its own reservation, which does not count against it', async () => {
		lab = await openLab({ servers: 1 });
		const book = new MemoryReservations(systemClock);
		const one = processOf('a', book);
		const [first] = await one.generate(jobs(1, 'first'));
		const selection = {
			...first?.selection,
			reservation: { id: 'kept', expires_in_seconds: 60, reach: 'process' },
		};
		const [second] = await one.generate([{ selection }]);
		expect(second?.status).toBe('done');
		expect((await book.read()).reservations).toEqual([]);
	});
});
