/** The changes of models among many readings, against going through them one by one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PANELS } from '../../../adapters/postgres/panels';
import { createPostgresStore } from '../../../adapters/postgres/store';
import type { VramReading } from '../../../lib/vram-watch/types';
import { seededRandom } from '../../../simulator/replay/random';
import { runQuery } from '../../support/panels';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { vramReading } from '../../support/usage-rows';

const FROM_MS = Date.parse('2026-01-30T22:00:00Z');
const HOURS = 30;
const MOST = 500;
const MODELS = [null, '', 'a', 'b', 'c'];

let database: TestDatabase;
const readings = new Map<string, VramReading[]>();

/** @param stays probability that the next reading has the same model */
function readingsOf(server: string, stays: number, silent = false): VramReading[] {
	// no two servers are read in the same moment: which of two changes is newer must be certain
	const place = readings.size;
	const random = seededRandom(place);
	const found: VramReading[] = [];
	let model: string | null = 'a';
	for (let minute = 0; minute < HOURS * 60; minute++) {
		if (random() > stays) model = MODELS[Math.floor(random() * MODELS.length)] ?? null;
		// hours in which nobody looked, and a server that is gone at the end
		if (silent && (minute % 400 < 130 || minute > 1300)) continue;
		const observed_at = new Date(FROM_MS + minute * 60_000 + place).toISOString();
		found.push(vramReading({ server, observed_at, loaded_model: model }));
	}
	return found;
}

beforeAll(async () => {
	readings.set('busy', readingsOf('busy', 0.4));
	readings.set('calm', readingsOf('calm', 0.995));
	readings.set('away', readingsOf('away', 0.9, true));
	readings.set('steady', readingsOf('steady', 1));
	database = await createTestDatabase('models_loaded');
	const store = createPostgresStore({ connection: database.url });
	await store.migrate();
	await store.recordVram([...readings.values()].flat());
	await store.close();
});
afterAll(() => database.close());

/** What each server's readings tell, one after the other, the newest change first. */
function changesOf(servers: readonly string[], fromMs: number, toMs: number): string[] {
	const found = servers.flatMap((server) => {
		const own = (readings.get(server) ?? []).filter(({ observed_at: at }) => {
			const ms = Date.parse(at ?? '');
			return ms >= fromMs && ms <= toMs;
		});
		return own.flatMap(({ observed_at, loaded_model }, index) =>
			index > 0 && loaded_model !== own[index - 1]?.loaded_model
				? [{ at: observed_at ?? '', text: `${server}: ${loaded_model ?? 'nothing known'}` }]
				: [],
		);
	});
	found.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : a.text < b.text ? -1 : 1));
	return found.map(({ at, text }) => `${at} ${text}`);
}

async function asked(server: string[] | undefined, fromMs: number, toMs: number) {
	const only = server === undefined ? {} : { server };
	const range = { fromMs, toMs, intervalSeconds: 60, only };
	const rows = await runQuery(database.sql, PANELS.modelsLoaded, range);
	return rows.map(({ time, text }) => `${(time as Date).toISOString()} ${String(text)}`);
}

describe('changes of the resident model', () => {
	const toMs = FROM_MS + HOURS * 3_600_000;

	it('are all found where they are fewer than are shown', async () => {
		for (const servers of [['calm'], ['away'], ['calm', 'away', 'steady']]) {
			const expected = changesOf(servers, FROM_MS, toMs);
			expect(expected.length).toBeGreaterThan(3);
			expect(expected.length).toBeLessThan(MOST);
			expect((await asked(servers, FROM_MS, toMs)).sort()).toEqual(expected.sort());
		}
	});

	it('are the newest where they are more', async () => {
		const expected = changesOf([...readings.keys()], FROM_MS, toMs);
		expect(expected.length).toBeGreaterThan(MOST);
		expect((await asked(undefined, FROM_MS, toMs)).sort()).toEqual(expected.slice(0, MOST).sort());
	});

	it('are none at the first reading of a range, which need not begin with a span', async () => {
		const fromMs = FROM_MS + 3 * 3_600_000 + 123_456;
		for (const hours of [0.3, 1, 7]) {
			const endMs = fromMs + hours * 3_600_000;
			const expected = changesOf([...readings.keys()], fromMs, endMs);
			expect((await asked(undefined, fromMs, endMs)).sort()).toEqual(expected.sort());
		}
	});

	it('are none of a server whose model stays', async () => {
		expect(await asked(['steady'], FROM_MS, toMs)).toEqual([]);
	});
});
