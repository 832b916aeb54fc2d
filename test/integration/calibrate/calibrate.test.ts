/** The command end to end: a real PostgreSQL, a catalog file, a server with a history of its own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { parseText } from '../../../adapters/files/catalog-text';
import { ComfyUiClient } from '../../../adapters/comfyui';
import { createPostgresStore } from '../../../adapters/postgres/store';
import type { UsageRow } from '../../../lib/usage/types';
import { parseCatalog } from '../../../lib/catalog/parse';
import type { Catalog, Preset } from '../../../lib/catalog/schema';
import { buildGraph } from '../../../lib/workflow/build';
import { startComfyUiStandIn } from '../../../simulator/comfyui';
import { modelsFromCatalog } from '../../../simulator/gpu';
import { normal, seededRandom } from '../../../simulator/gpu/random';
import { cli } from '../../support/cli';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { usageRow, vramReading } from '../../support/usage-rows';

const DAY_MS = 86_400_000;

/** As a person writes it. */
const CATALOG = `{
	"version": 1, "currency": "EUR",
	// the old workhorse
	"models": [
		{ "name": "sdxl-base", "family": "sdxl", "files": {"checkpoint":"sd_xl_base_1.0.safetensors"},
			"purposes": { "photo": 0.5 }, "load_seconds": 8, "vram_gb": 5.1, "vram_peak_gb": 7,
			"presets": [
				{ "name": "full", "steps": 30, "cfg": 7, "reference": { "width": 1024, "height": 1024 },
					"avg_time_seconds": 10.0, "source": "a guess" }
			] }
	]
}
`;

let database: TestDatabase;
let folder: string;
let file: string;

beforeAll(async () => {
	database = await createTestDatabase('calibrate');
	folder = await mkdtemp(path.join(tmpdir(), 'calibrate-'));
	file = path.join(folder, 'models_config.json');
});
beforeEach(async () => {
	await database.sql.query('drop schema public cascade; create schema public');
	await writeFile(file, CATALOG);
});
afterAll(async () => {
	await rm(folder, { recursive: true });
	await database.close();
});

async function log(rows: UsageRow[]): Promise<void> {
	const store = createPostgresStore({ connection: database.url });
	try {
		await store.recordUsage(rows);
	} finally {
		await store.close();
	}
}

/** One an hour, the newest an hour ago: 14 s instead of 10, and everything that spoils a log. */
function realisticRows(): UsageRow[] {
	const random = seededRandom(7);
	const row = (i: number, overrides: Partial<UsageRow>): UsageRow => {
		const run = 14 * Math.exp(0.05 * normal(random));
		const created_at = new Date(Date.now() - (i + 1) * 3_600_000).toISOString();
		return usageRow({
			...{ job_id: `job-${i}`, run_seconds: run, actual_seconds: run + 1, created_at },
			...{ vram_peak_bytes: 7_400_000_000, prompt_id: `prompt-${i}` },
			...overrides,
		});
	};
	return Array.from({ length: 60 }, (_, i) => {
		if (i % 10 === 1) return row(i, { run_seconds: 0.003, vram_peak_bytes: null });
		if (i % 20 === 2) return row(i, { status: 'cancelled', run_seconds: 5 });
		if (i % 15 === 3) return row(i, { status: 'error', run_seconds: 1 });
		if (i % 12 === 4) return row(i, { cold: true, load_seconds: null, run_seconds: 26 });
		return row(i, {});
	});
}

/** Somebody else's prompts: another client, no log. Each has its own seed, or it would come from the cache. */
async function runForeignJobs(url: string, catalog: Catalog, count: number): Promise<void> {
	const client = new ComfyUiClient({ name: 'foreign', url });
	const parameters = {
		...{ steps: 30, cfg: 7, sampler_name: 'euler', scheduler: 'normal', denoise: 1, seed: null },
		...{ width: 1024, height: 1024, batch_size: 1, prompt: 'x', negative_prompt: '', loras: [] },
	};
	try {
		for (let seed = 0; seed < count; seed++) {
			const graph = buildGraph(catalog.models[0]!, { parameters }, { seed });
			const promptId = `00000000-0000-4000-8000-00000000000${seed}`;
			await client.submit({ graph, clientId: 'foreign', promptId });
		}
		await expect
			.poll(async () => (await client.recentHistory(count)).length, { timeout: 20_000 })
			.toBe(count);
	} finally {
		client.close();
	}
}

const calibrate = (...args: string[]) =>
	cli(['calibrate', '--catalog', file, '--database-url', database.url, ...args]);

describe('calibrate', () => {
	it('has nothing to do on an empty log', async () => {
		await log([usageRow({ status: 'rejected' })]);
		const { code, out, err } = await calibrate();
		expect({ code, err }).toEqual({ code: 0, err: '' });
		expect(out).toBe(`Read 0 logged runs.\n${file} agrees with what was measured.\n`);
	});

	it('says what it would change and why, exits 2 and writes nothing', async () => {
		await log(realisticRows());
		const { code, out } = await calibrate();
		expect(code).toBe(2);
		expect(out).toMatch(/\* +sdxl-base +full +avg_time_seconds +42 +10 +1[34]\.?\d* +1[34]/);
		expect(out).toContain('42 runs, 3 ended early');
		expect(out).toMatch(/\* +sdxl-base +load_seconds +5 +8 +1\d/);
		expect(out).toMatch(/\* +sdxl-base +vram_peak_gb +\d+ +7 +7\.4/);
		expect(out).toContain('left out: 6 cached');
		expect(out).toContain('nothing was written. Add --write');
		expect(await readFile(file, 'utf8')).toBe(CATALOG);
	});

	it('writes those figures and no other byte, keeps a backup, and is then content', async () => {
		await log(realisticRows());
		const { code, out } = await calibrate('--write');
		expect(code).toBe(0);
		expect(out).toContain(`${file}.bak`);
		expect(await readFile(`${file}.bak`, 'utf8')).toBe(CATALOG);
		const after = await readFile(file, 'utf8');
		const kept = CATALOG.split('\n').filter((line) => !/load_seconds|avg_time/.test(line));
		for (const line of kept) expect(after).toContain(line);
		const [preset] = (parseText(after).value as Catalog).models[0]!.presets as [Preset];
		expect(preset.confidence).toBe('measured');
		expect(preset.avg_time_seconds).toBeGreaterThan(13.5);
		expect(preset.avg_time_seconds).toBeLessThan(14.5);
		expect(preset.p95_time_seconds).toBeGreaterThan(14.8);
		expect(preset.p95_time_seconds).toBeLessThan(16.5);
		expect(preset.source).toMatch(/^Measured by calibrate on gpu-a, \d{4}-\d\d-\d\d: 42 runs/);
		const again = await calibrate();
		expect(again.code).toBe(0);
		expect(await readFile(file, 'utf8')).toBe(after);
	});

	it('gives the library its entries as JSON, and looks back only as far as asked', async () => {
		const old = realisticRows().map((row) => ({
			...row,
			created_at: new Date(Date.parse(row.created_at!) - 30 * DAY_MS).toISOString(),
		}));
		await log(old);
		const all = JSON.parse((await calibrate('--json')).out);
		expect(all.entries[0]).toMatchObject({
			model_name: 'sdxl-base',
			preset: 'full',
			server: 'gpu-a',
		});
		expect(all.entries[0].time_factor).toBeCloseTo(1.4, 1);
		expect(all.runs).toMatchObject({ logged: 56, left_out: { cached: 6 } });
		const recent = await calibrate('--json', '--since-days', '10');
		expect(recent.code).toBe(0);
		expect(JSON.parse(recent.out)).toMatchObject({ entries: [], changes: [] });
	});

	it('sees a change in rows that were all written at one moment, by their order', async () => {
		const random = seededRandom(3);
		const rows = Array.from({ length: 50 }, (_, i) => {
			const run_seconds = (i < 25 ? 9 : 12) * Math.exp(0.05 * normal(random));
			return usageRow({ job_id: `bulk-${i}`, run_seconds, prompt_id: null });
		});
		await log(rows);
		const { entries } = JSON.parse((await calibrate('--json')).out);
		expect(entries[0]).toMatchObject({ samples: 25, drift: true });
		expect(entries[0].time_factor).toBeCloseTo(1.2, 1);
	});

	it('knows a MIG slice from the VRAM log, and expects of it what the slice is', async () => {
		const onSlice = (job: number) =>
			usageRow({ job_id: `slice-${job}`, run_seconds: (10 * 7) / 3, prompt_id: null });
		await log(Array.from({ length: 20 }, (_, job) => onSlice(job)));
		const device_name = 'cuda:0 NVIDIA A100-SXM4-40GB MIG 3g.20gb : native';
		const factor = async () =>
			JSON.parse((await calibrate('--json')).out).entries[0].time_factor as number;
		expect(await factor()).toBeGreaterThan(2);
		const store = createPostgresStore({ connection: database.url });
		await store.recordVram([vramReading({ device_name })]);
		await store.close();
		expect(await factor()).toBeCloseTo(1, 1);
	});

	it("learns from a server's own history what nobody logged; a server that is down is a warning", async () => {
		const catalog = parseCatalog(parseText(CATALOG).value);
		const server = await startComfyUiStandIn({ models: modelsFromCatalog(catalog), speedUp: 15 });
		try {
			await runForeignJobs(server.url, catalog, 6);
			const args = ['calibrate', '--catalog', file, '--json'];
			const both = ['--server', `gpu-b=${server.url}`, '--server', 'down=http://127.0.0.1:1'];
			const { code, out, err } = await cli([...args, ...both]);
			const { runs, entries } = JSON.parse(out);
			expect([code, runs.logged, runs.foreign]).toEqual([2, 0, 6]);
			expect(entries[0]).toMatchObject({ preset: 'full', server: 'gpu-b', samples: 5 });
			expect(entries[0].time_factor).toBeLessThan(0.5);
			expect(err).toContain('down: ');
		} finally {
			await server.close();
		}
	});

	it('does without the right to write the log, and says which right it needs', async () => {
		await log(realisticRows());
		const role = `reader_${Math.random().toString(36).slice(2)}`;
		await database.sql.query(`create role ${role} login password 'secret'`);
		await database.sql.query(`grant usage on schema public to ${role}`);
		const url = database.urlFor(role, 'secret');
		const asReader = () => cli(['calibrate', '--catalog', file, '--database-url', url]);
		const refused = await asReader();
		expect(refused.code).toBe(1);
		expect(refused.err).toContain('Grant SELECT on model_usage_log');
		expect(refused.err).not.toContain('secret');
		await database.sql.query(`grant select on model_usage_log to ${role}`);
		expect((await asReader()).code).toBe(2);
		await database.sql.query(`drop owned by ${role}; drop role ${role}`);
	});

	it('names a missing database, a catalog that is none, and a range that is none', async () => {
		expect((await cli(['calibrate', '--catalog', file])).code).toBe(64);
		expect((await calibrate('--since-days', 'ever')).code).toBe(64);
		await writeFile(file, '{ "version": 1, "models": [ }');
		expect((await calibrate()).code).toBe(64);
		expect((await cli(['calibrate', '--help'])).out).toContain('Examples:');
	});
});
