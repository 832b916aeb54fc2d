/** The reservation book against the real database: its life cycle as a model, its lock, its losses. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { migrate } from '../../../adapters/postgres/migrate';
import { createPool, type RouterPool } from '../../../adapters/postgres/pool';
import { PostgresReservations } from '../../../adapters/postgres/reservations';
import type { Clock, ReservationPort } from '../../../lib/ports';
import type { BookChanges, ReservationBook } from '../../../lib/reservations';
import { MemoryReservations } from '../../../service/memory-reservations';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { newReservation } from '../../support/reservations';

let database: TestDatabase;
let pool: RouterPool;
let port: PostgresReservations;

beforeAll(async () => {
	database = await createTestDatabase('reservations');
	pool = createPool({ connection: database.url, maxConnections: 10 });
	await migrate(pool);
	port = new PostgresReservations({ pool });
});

afterAll(async () => {
	await pool?.close();
	await database?.close();
});

beforeEach(async () => {
	await database.sql.query('truncate server_reservation, waiting_job');
});

/** As if so much time had gone by: every moment in the tables moves back. */
async function passTime(seconds: number): Promise<void> {
	const back = (columns: string[]) =>
		columns.map((name) => `${name} = ${name} - interval '${seconds} seconds'`).join(', ');
	await database.sql.query(
		`update server_reservation set ${back(['told_at', 'deadline_at', 'submitted_at', 'made_at', 'expires_at'])};
		update waiting_job set ${back(['asked_at', 'deadline_at', 'expires_at'])}`,
	);
}

/** Spans to whole seconds, in the order of their ids; what only the memory keeps is left out. */
function comparable(book: ReservationBook): unknown {
	const rounded = (row: object, dropped: string[]) =>
		Object.fromEntries(
			Object.entries(row)
				.filter(([name]) => !dropped.includes(name))
				.map(([name, value]) => [
					name,
					typeof value === 'number' && name !== 'vram_peak_bytes'
						? Math.round(value / 5) * 5 + 0
						: (value as unknown),
				]),
		);
	const by = (key: string) => (a: Record<string, unknown>, b: Record<string, unknown>) =>
		String(a[key]) < String(b[key]) ? -1 : 1;
	return {
		reservations: book.reservations.map((row) => rounded(row, ['submitted'])).sort(by('id')),
		waiting: book.waiting.map((row) => rounded(row, ['expires_in_seconds'])).sort(by('key')),
	};
}

interface Model {
	nowMs: number;
	memory: MemoryReservations;
}

/** Any change goes to the model and the database alike; after each the books must say the same. */
class Change implements fc.AsyncCommand<Model, ReservationPort> {
	constructor(
		private readonly changes: BookChanges,
		private readonly inLock: boolean,
	) {}

	check(): boolean {
		return true;
	}

	async run(model: Model, real: ReservationPort): Promise<void> {
		for (const one of [model.memory, real]) {
			if (this.inLock) {
				const book = await one.exclusively((seen) => ({ changes: this.changes, result: seen }));
				expect(comparable(book)).toBeTruthy();
			} else await one.apply(this.changes);
		}
		await sameBooks(model, real);
	}

	toString(): string {
		return `${this.inLock ? 'exclusively' : 'apply'}(${JSON.stringify(this.changes)})`;
	}
}

class Pass implements fc.AsyncCommand<Model, ReservationPort> {
	constructor(private readonly seconds: number) {}

	check(): boolean {
		return true;
	}

	async run(model: Model, real: ReservationPort): Promise<void> {
		model.nowMs += this.seconds * 1000;
		await passTime(this.seconds);
		await sameBooks(model, real);
	}

	toString(): string {
		return `pass(${this.seconds} s)`;
	}
}

async function sameBooks(model: Model, real: ReservationPort): Promise<void> {
	expect(comparable(await real.read())).toEqual(comparable(await model.memory.read()));
}

const id = fc.constantFrom('r1', 'r2', 'r3');
const key = fc.constantFrom('k1', 'k2');
// whole tens: rounding to fives then hides what the test itself takes
const tens = fc.integer({ min: 1, max: 9 }).map((n) => n * 10);
const reserved = fc
	.record({
		id,
		job_id: fc.constantFrom('job', 'it\'s \\ "odd" \u00fc'),
		owner: fc.constantFrom('a', 'b'),
		server: fc.constantFrom('s1', 's2'),
		remaining_seconds: tens,
		running: fc.boolean(),
		deadline_seconds: fc.option(tens),
		prompt_id: fc.option(fc.constantFrom('p1', 'p2')),
		submitted: fc.boolean(),
		expires_in_seconds: tens.map((seconds) => seconds + 4),
	})
	.map((rest) => newReservation({ ...rest, submitted: rest.submitted && rest.prompt_id !== null }));
const waiting = fc.record({
	key,
	owner: fc.constantFrom('a', 'b'),
	scope: fc.constant('scope'),
	request: fc.constant({ purpose: 'photo' }),
	waited_seconds: fc.constant(0),
	deadline_seconds: tens,
	expires_in_seconds: tens.map((seconds) => seconds + 4),
});
/** One statement takes each row once. */
const unique = <T>(one: fc.Arbitrary<T>, of: (value: T) => string) =>
	fc.uniqueArray(one, { maxLength: 3, selector: of });
const changes = fc.record(
	{
		reserve: unique(reserved, (one) => one.id),
		found: unique(fc.record({ id, prompt_id: fc.constantFrom('p8', 'p9') }), (one) => one.id),
		release: unique(id, String),
		wait: unique(waiting, (one) => one.key),
		stop_waiting: unique(key, String),
	},
	{ requiredKeys: [] },
);

describe('the life of a reservation', () => {
	it('is the same in the database as in memory, whatever happens in which order', async () => {
		const commands = fc.commands(
			[
				fc.tuple(changes, fc.boolean()).map(([all, inLock]) => new Change(all, inLock)),
				tens.map((seconds) => new Pass(seconds)),
			],
			{ maxCommands: 12 },
		);
		await fc.assert(
			fc.asyncProperty(commands, async (run) => {
				await database.sql.query('truncate server_reservation, waiting_job');
				const model: Model = { nowMs: 0, memory: null as unknown as MemoryReservations };
				const clock: Clock = { nowMs: () => model.nowMs, sleep: async () => undefined };
				model.memory = new MemoryReservations(clock);
				await fc.asyncModelRun(() => ({ model, real: port }), run);
			}),
			{ numRuns: 60, seed: 7 },
		);
	});

	it('takes names and requests of every kind', async () => {
		const odd = `'; drop table server_reservation; -- \\ \u0000 \ud800 "x"`;
		await port.apply({ reserve: [newReservation({ job_id: odd, server: odd })] });
		const [row] = (await port.read()).reservations;
		expect(row?.job_id).toContain('drop table');
		await port.apply({ release: ['r1'] });
		expect((await port.read()).reservations).toEqual([]);
	});

	it('removes the rows of the dead with the next change', async () => {
		await port.apply({ reserve: [newReservation({ id: 'dead' })] });
		await passTime(100);
		const fresh = new PostgresReservations({ pool });
		await fresh.apply({ reserve: [newReservation({ id: 'alive' })] });
		const { rows } = await database.sql.query('select id from server_reservation');
		expect(rows).toEqual([{ id: 'alive' }]);
	});
});

describe('choosing and reserving', () => {
	it.each([undefined, 'waiting'] as const)(
		'is one step: each sees all before it (without %s)',
		async (without) => {
			const many = Array.from({ length: 40 }, async (_, n) =>
				port.exclusively(
					(book) => ({
						changes: { reserve: [newReservation({ id: `n${n}` })] },
						result: book.reservations.length,
					}),
					without,
				),
			);
			const seen = (await Promise.all(many)).sort((a, b) => a - b);
			expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => n));
		},
	);

	it('changes nothing where the decision fails, and does not keep the lock', async () => {
		const failing = port.exclusively(() => {
			throw new Error('no decision');
		});
		await expect(failing).rejects.toThrow('no decision');
		const seen = await port.exclusively((book) => ({ changes: {}, result: book.reservations }));
		expect(seen).toEqual([]);
	});

	it('survives the loss of its connection in the middle, once', async () => {
		let runs = 0;
		const result = await port.exclusively(() => {
			runs += 1;
			return {
				changes: { reserve: [newReservation()] },
				result: runs,
			};
		});
		expect(result).toBe(1);
		const lost = port.exclusively((book) => {
			runs += 1;
			return { changes: { reserve: [newReservation({ id: 'r2' })] }, result: book };
		});
		await database.sql.query(
			`select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and application_name = 'comfyui-router'`,
		);
		await lost;
		const { reservations } = await port.read();
		expect(reservations.map((one) => one.id).sort()).toEqual(['r1', 'r2']);
	});

	it('gives the lock back when a process hangs in the middle', async () => {
		const client = await pool.connect();
		const hung = client.query(
			`begin; set local idle_in_transaction_session_timeout = '300ms';
			select pg_advisory_xact_lock(hashtextextended('comfyui_router_reserve public', 0))`,
		);
		client.on('error', () => undefined);
		await hung;
		const seen = await port.exclusively((book) => ({ changes: {}, result: book.waiting }));
		expect(seen).toEqual([]);
		client.release(true);
	});

	it('waits for the lock for so long, and no longer', async () => {
		const client = await pool.connect();
		await client.query(
			`begin; select pg_advisory_xact_lock(hashtextextended('comfyui_router_reserve public', 0))`,
		);
		const waiting = port.exclusively(() => ({ changes: {}, result: null }));
		await expect(waiting).rejects.toMatchObject({ code: expect.stringMatching(/^POSTGRES_/) });
		await client.query('rollback');
		client.release();
	});

	it('wakes the one that is named, and all', async () => {
		const heard: string[] = [];
		const listeners = ['a', 'b'].map((owner) => port.listen(owner, () => heard.push(owner)));
		// each is woken once when it begins to listen
		await expect.poll(() => [...heard].sort(), { timeout: 10_000 }).toEqual(['a', 'b']);
		await port.apply({ wake: ['b'] });
		await expect.poll(() => heard.slice(2), { timeout: 10_000 }).toEqual(['b']);
		await port.apply({ wake: ['*'] });
		await expect.poll(() => heard.slice(3).sort(), { timeout: 10_000 }).toEqual(['a', 'b']);
		for (const listener of listeners) listener.close();
	});
});

describe('a role that may not', () => {
	it('is told which grants are missing', async () => {
		await database.sql.query(`create role narrow login password 'narrow'`);
		const narrow = createPool({ connection: database.urlFor('narrow', 'narrow') });
		const refused = new PostgresReservations({ pool: narrow }).read();
		await expect(refused).rejects.toMatchObject({
			code: 'POSTGRES_PERMISSION',
			hint: expect.stringContaining('UPDATE'),
		});
		await narrow.close();
		await database.sql.query('drop role narrow');
	});
});
