/** A day of vram_usage_log: 100 servers every 10 seconds, some of them hanging, written to the real database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import type { ComfyUiPort, SystemStats } from '../../../lib/ports';
import { collectVram, onEachBeat } from '../../../service/monitor';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { VirtualClock } from '../../support/virtual-clock';

const SERVERS = 100;
const INTERVAL_MS = 10_000;
const TIMEOUT_MS = 5_000;
/** Two hours tell as much as a day: one as usual, one in which most servers hang. VRAM_HOURS=24 replays all of it. */
const HOURS = Number(process.env.VRAM_HOURS ?? 2);
const ROUNDS = (HOURS * 3_600_000) / INTERVAL_MS;

let database: TestDatabase;
let store: PostgresStore;

beforeAll(async () => {
	database = await createTestDatabase('vram_day');
	store = createPostgresStore({ connection: database.url });
});

afterAll(async () => {
	await store?.close();
	await database?.close();
});

const stats: SystemStats = {
	comfyuiVersion: '0.8.0',
	argv: [],
	devices: [{ vram_total: 24e9, vram_free: 20e9, torch_vram_total: 0, torch_vram_free: 0 }],
};

/** From the second hour on all but ten hang. */
function server(n: number, clock: VirtualClock, startMs: number): ComfyUiPort {
	const hangs = () => n >= 10 && clock.nowMs() - startMs >= 3_600_000;
	const answer = <T>(value: T) => (hangs() ? new Promise<T>(() => undefined) : value);
	return {
		name: `gpu-${n}`,
		url: `http://gpu-${n}:8188`,
		systemStats: async () => answer(stats),
		queue: async () => ({ running: [], pending: [] }),
		recentHistory: async () => [],
	} as unknown as ComfyUiPort;
}

describe('100 servers every 10 seconds', () => {
	it('are read on the beat, never twice at once, and hung ones delay no other', async () => {
		const startMs = Date.now() - HOURS * 3_600_000;
		const clock = new VirtualClock(startMs);
		const servers = Array.from({ length: SERVERS }, (_, n) => server(n, clock, startMs));
		const stop = new AbortController();
		const begins: number[] = [];
		let mostDelayMs = 0;
		let under = 0;
		let writing = 0;
		const round = async () => {
			expect((under += 1)).toBe(1);
			const beganMs = clock.nowMs();
			begins.push(beganMs);
			const readings = await collectVram(servers, null, clock, { timeoutMs: TIMEOUT_MS });
			for (const one of readings) {
				const delayMs = Date.parse(one.observed_at) - beganMs;
				if (one.reachable) mostDelayMs = Math.max(mostDelayMs, delayMs);
			}
			writing += 1;
			await store.recordVram(readings).finally(() => (writing -= 1));
			under -= 1;
			if (begins.length === ROUNDS) stop.abort(new Error('the day is over'));
		};
		const day = onEachBeat(clock, INTERVAL_MS, round, stop.signal);
		await clock.run(day, () => writing > 0);

		expect(begins.map((ms) => ms - startMs)).toEqual(begins.map((_ms, n) => n * INTERVAL_MS));
		expect(mostDelayMs).toBe(0);
		const { rows } = await database.sql.query(
			`select count(*)::int as all, count(*) filter (where not reachable)::int as hung from vram_usage_log`,
		);
		expect(rows[0]).toEqual({
			all: ROUNDS * SERVERS,
			hung: (ROUNDS - ROUNDS / HOURS) * (SERVERS - 10),
		});
	});
});
