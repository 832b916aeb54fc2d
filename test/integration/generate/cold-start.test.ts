/** Servers that are off until wanted: jobs wait for them, whatever starts servers is told, and not for ever. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createPool, type RouterPool } from '../../../adapters/postgres/pool';
import { migrate } from '../../../adapters/postgres/migrate';
import { PostgresReservations } from '../../../adapters/postgres/reservations';
import { systemClock } from '../../../adapters/system-clock';
import { ModelRouter } from '../../../lib/router/model-router';
import { readFleet } from '../../../service/fleet';
import { createGenerator } from '../../../service/generate';
import { selectAndReserve } from '../../../service/select-and-reserve';
import { type Lab, openLab, quickCatalog } from '../../support/generate-lab';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

let database: TestDatabase;
let pool: RouterPool;
let lab: Lab;

beforeAll(async () => {
	database = await createTestDatabase('cold');
	pool = createPool({ connection: database.url });
	await migrate(pool);
});
afterEach(async () => {
	await lab.close();
	await database.sql.query('truncate server_reservation, waiting_job');
});
afterAll(async () => {
	await pool.close();
	await database.close();
});

const asleep = (name: string, seconds: number) => ({
	...{ name, cold_start_seconds: seconds, vram_gb: 24 },
});

async function backlogSeconds(): Promise<number> {
	const { rows } = await database.sql.query('select backlog_seconds from predicted_backlog');
	return rows[0].backlog_seconds;
}

const job = (job_id: string, rest: object = {}) => ({
	request: { purpose: 'photo', job_id, deadline_seconds: 120, ...rest },
});

async function openWith(servers: object[], count: number) {
	lab = await openLab({ servers: count, catalog: quickCatalog({ servers }) });
	return createGenerator({
		...lab.deps,
		reservations: new PostgresReservations({ pool }),
		patience: { neverReachedMs: 4_000 },
	});
}

describe('a server that is off until wanted', () => {
	it('is waited for, is backlog meanwhile, and gets the job once it is up', async () => {
		const generator = await openWith([asleep('s1', 30)], 1);
		await lab.standIns[0]!.kill();
		expect(await backlogSeconds()).toBe(0);
		const heard: string[] = [];
		const result = generator.generate([job('first')], {
			onProgress: (event) => void (event.phase === 'waiting' && heard.push(event.reason)),
		});
		// what an autoscaler reads: more than nothing wakes it
		await expect.poll(backlogSeconds, { timeout: 10_000 }).toBeGreaterThan(0);
		await lab.standIns[0]!.listen();
		expect(await result).toMatchObject([{ status: 'done', attempts: [{ server: 's1' }] }]);
		expect(heard.join(' ')).toContain('after it has started');
		await expect.poll(backlogSeconds, { timeout: 10_000 }).toBe(0);
	});

	it('is given up where it does not come: the job is decided anew, and refused where nobody else can take it', async () => {
		const generator = await openWith([asleep('s1', 1.5)], 1);
		await lab.standIns[0]!.kill();
		const heard: string[] = [];
		const [result] = await generator.generate([job('lost', { deadline_seconds: 5 })], {
			onProgress: (event) => void (event.phase === 'waiting' && heard.push(event.reason)),
		});
		expect(result).toMatchObject({ status: 'failed', attempts: [] });
		expect(result?.selection?.rejection?.code).toBe('UNREACHABLE');
		expect(heard[0]).toContain('after it has started');
	});

	it('is given up where it does not come, and another takes the job as soon as it can', async () => {
		const generator = await openWith([asleep('s1', 1.5)], 2);
		for (const standIn of lab.standIns) await standIn.kill();
		const heard: string[] = [];
		const result = generator.generate([job('moved')], {
			onProgress: (event) => void (event.phase === 'waiting' && heard.push(event.reason)),
		});
		await expect
			.poll(() => heard.some((reason) => !reason.includes('has started')), { timeout: 20_000 })
			.toBe(true);
		await lab.standIns[1]!.listen();
		expect(await result).toMatchObject([{ status: 'done', attempts: [{ server: 's2' }] }]);
	});

	it('is waited for by a job that is decided on arrival, and by one that was selected before', async () => {
		const generator = await openWith([asleep('s1', 30)], 1);
		await lab.standIns[0]!.kill();
		const fleet = await readFleet({
			servers: lab.clients,
			catalog: lab.catalog,
			clock: systemClock,
		});
		const router = new ModelRouter(lab.catalog);
		const selection = router.select(job('chosen').request, fleet, { nowMs: Date.now() });
		expect(selection).toMatchObject({ decision: 'selected', server: 's1' });
		if (selection.decision !== 'selected') return;
		const results = Promise.all([
			generator.generate([job('arrives')], { commitOnArrival: true }),
			generator.generate([{ ...job('chosen'), selection }]),
		]);
		await systemClock.sleep(1_500);
		expect(lab.standIns[0]!.events.of('submitted')).toEqual([]);
		await lab.standIns[0]!.listen();
		for (const [result] of await results) expect(result).toMatchObject({ status: 'done' });
		expect(lab.standIns[0]!.events.of('submitted')).toHaveLength(2);
	});

	it('is woken by what Select Model reserves there, for as long as its start may take', async () => {
		await openWith([asleep('s1', 100)], 1);
		await lab.standIns[0]!.kill();
		const port = new PostgresReservations({ pool });
		const router = new ModelRouter(lab.catalog);
		const readBeganMs = Date.now();
		const fleet = await readFleet({
			servers: lab.clients,
			catalog: lab.catalog,
			clock: systemClock,
		});
		const choose = (jobId: string) =>
			selectAndReserve(
				{ port, fleet, readBeganMs, clock: systemClock },
				[jobId],
				(_index, now) => ({
					selection: router.select(job(jobId).request, now, { nowMs: Date.now() }),
				}),
			);
		const [first] = await choose('a');
		expect(first).toMatchObject({
			decided: { selection: { server: 's1', reservation: { expires_in_seconds: 180 } } },
		});
		expect(await backlogSeconds()).toBeGreaterThan(0);
		// the next one sees it
		const [second] = await choose('b');
		const reason = second && 'decided' in second && second.decided.selection.selection_reason;
		expect(reason).toMatch(/100 s until the server has started, .* in the queue/);
	});
});
