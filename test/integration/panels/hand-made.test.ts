/** Every query of the dashboards and alerts against a case small enough to be worked out by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALERTS, PANELS } from '../../../adapters/postgres/panels';
import type { PanelRange } from '../../../adapters/postgres/panels/macros';
import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import { at, FROM, GB, range, run, USAGE, VRAM } from '../../support/hand-made-logs';
import { runQuery } from '../../support/panels';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

const HOUR_0 = Date.parse(FROM) / 1000;

let database: TestDatabase;
let store: PostgresStore;

beforeAll(async () => {
	database = await createTestDatabase('panels');
	store = createPostgresStore({ connection: database.url });
	await store.migrate();
	await store.recordUsage(USAGE);
	await store.recordVram(VRAM);
});
afterAll(async () => {
	await store.close();
	await database.close();
});

const ask = (panel: keyof typeof PANELS, only?: PanelRange['only']) =>
	runQuery(database.sql, PANELS[panel], { ...range, only });
/** [hour, metric, value] */
const series = async (panel: keyof typeof PANELS, only?: PanelRange['only']) =>
	(await ask(panel, only)).map(({ time, metric, value }) => [
		((time as Date).getTime() / 1000 - HOUR_0) / 3600,
		metric,
		Number(Number(value).toFixed(6)),
	]);
const close = (value: number) => expect.closeTo(value, 9) as unknown as number;

/** Nothing ran on a server without a price. */
const PRICED = { unpriced_images: 0, unpriced_gpu_seconds: null, unpriced_per_image: null };

describe('cost', () => {
	it('by quality: 6 images and a failed attempt at 0.7, one image at 0.2', async () => {
		expect(await ask('costByQuality')).toEqual([
			{ quality: 0.2, images: 1, cost: close(0.01), cost_per_image: close(0.01), ...PRICED },
			{ quality: 0.7, images: 6, cost: close(0.07), cost_per_image: close(0.07 / 6), ...PRICED },
		]);
	});

	it('by model, user and purpose, the dearest first', async () => {
		expect(await ask('costByModel')).toEqual([
			{
				...{ model: 'sdxl-base', images: 6, ...PRICED },
				...{ cost: close(0.07), cost_per_image: close(0.07 / 6) },
			},
			{ model: 'sd15', images: 1, cost: close(0.01), cost_per_image: close(0.01), ...PRICED },
		]);
		expect((await ask('costByUser')).map(({ user, cost }) => [user, cost])).toEqual([
			['ana', close(0.05)],
			["o'neil", close(0.03)],
		]);
		expect((await ask('costByPurpose')).map(({ purpose, images }) => [purpose, images])).toEqual([
			['photo', 6],
			['product', 1],
		]);
	});

	it('over time, by hour and model', async () => {
		expect(await series('costOverTime')).toEqual([
			[0, 'sd15', 0.01],
			[0, 'sdxl-base', 0.04],
			[1, 'sdxl-base', 0.03],
		]);
	});
});

describe('times', () => {
	it('by model, cold and warm apart: the failed and the cancelled are no measure', async () => {
		expect(await ask('timeByModel')).toEqual([
			{ model: 'sd15', start: 'cold', runs: 1, p50_seconds: 10, p95_seconds: 10 },
			{ model: 'sdxl-base', start: 'warm', runs: 3, p50_seconds: 10, p95_seconds: close(19) },
		]);
	});

	it('estimated against actual: ratios 1, 2 and 3 of one model', async () => {
		expect(await ask('estimatedAgainstActual')).toEqual([
			expect.objectContaining({ model: 'sd15', runs: 1, ratio: 1 }),
			expect.objectContaining({
				model: 'sdxl-base',
				runs: 3,
				estimated_cost: close(0.03),
				actual_cost: close(0.06),
				ratio: close(2),
				ratio_p10: close(1.2),
				ratio_p50: close(2),
				ratio_p90: close(2.8),
			}),
		]);
		expect(await series('estimateBias')).toEqual([
			[0, 'sd15', 1],
			[0, 'sdxl-base', 1.5],
			[1, 'sdxl-base', 3],
		]);
	});

	it('waiting: 95 % of 2, 1, 1 and 4 s, and of the second hour', async () => {
		expect(await series('queueWait')).toEqual([
			[0, 'normal', 3.7],
			[1, 'normal', 1],
			[1, 'urgent', 8],
		]);
	});
});

describe('deadlines and quality', () => {
	it('SLA: a job counts once, with its best attempt; refused is late, cancelled is left out', async () => {
		expect(await series('slaAttainment')).toEqual([
			[0, 'normal', 1],
			[1, 'normal', 0],
			[1, 'urgent', 0],
		]);
	});

	it('degradations by why', async () => {
		expect(await series('degradations')).toEqual([
			[0, 'after a failed attempt', 1],
			[1, 'queue', 1],
		]);
	});

	it('outcomes, out-of-memory errors, refusals', async () => {
		expect(await series('outcomes')).toEqual([
			[0, 'oom', 1],
			[0, 'success', 3],
			[1, 'cancelled', 1],
			[1, 'error', 1],
			[1, 'rejected', 1],
			[1, 'success', 1],
		]);
		expect(await series('ooms')).toEqual([[0, 'sdxl-base on gpu-a', 1]]);
		expect(await ask('refusals')).toEqual([
			{ code: 'VRAM', purpose: 'photo', requests: 1, last_at: new Date(at(80)) },
		]);
	});

	it('the totals', async () => {
		expect(await ask('totals')).toEqual([
			{
				jobs: 6,
				on_time_ratio: close(0.5),
				images: 7,
				cost: close(0.08),
				cost_per_image: close(0.08 / 7),
				...PRICED,
				priced_runs: 5,
				unpriced_runs: 0,
				quality: close((3 * 0.75 + 0.2) / 4),
				degraded_ratio: close(0.5),
				ooms: 1,
				failures: 1,
				rejected: 1,
				swaps: 2,
			},
		]);
	});
});

describe('servers', () => {
	it('swaps per hour, also where the bucket is not an hour', async () => {
		expect(await series('swaps')).toEqual([
			[0, 'gpu-a', 1],
			[0, 'gpu-b', 1],
		]);
		const rows = await runQuery(database.sql, PANELS.swaps, { ...range, intervalSeconds: 600 });
		expect(rows.map(({ value }) => value)).toEqual([6, 6]);
	});

	it('queue: mean of the readings, a server with two devices once', async () => {
		expect(await series('queueLength')).toEqual([
			[0, 'gpu-a', 2],
			[0, 'gpu-b', 0],
			[1, 'gpu-a', 0],
		]);
	});

	it('VRAM in use and obtainable by device: what ComfyUI holds and would give up is obtainable', async () => {
		expect(await series('vramUsed')).toEqual([
			[0, 'gpu-a', 22 * GB],
			[0, 'gpu-a #1', 18 * GB],
			[0, 'gpu-b', 12 * GB],
			[1, 'gpu-a', 22.8 * GB],
		]);
		expect(await series('vramObtainable')).toEqual([
			[0, 'gpu-a', 0.5],
			[0, 'gpu-a #1', 0.25],
			[0, 'gpu-b', 0.5],
			[1, 'gpu-a', 0.05],
		]);
	});

	it('annotations where another model became resident', async () => {
		expect((await ask('modelsLoaded')).map(({ time, text }) => [time, text])).toEqual([
			[new Date(at(118)), 'gpu-a: nothing known'],
			[new Date(at(15)), 'gpu-a: sdxl-base'],
		]);
	});

	it('the model resident most of each hour', async () => {
		const rows = await ask('residentModels');
		expect(rows.map(({ metric, value }) => [metric, value])).toEqual([
			// one reading each: the first by name
			['gpu-a', 'sd15'],
			['gpu-b', 'sd15'],
			['gpu-a', 'sdxl-base'],
		]);
	});

	it('the newest reading of each server', async () => {
		const rows = await ask('serversNow');
		expect(rows.map(({ server, state, used_bytes: used }) => [server, state, used])).toEqual([
			['gpu-a', 'up', 22.8 * GB],
			['gpu-a', 'up', 18 * GB],
			['gpu-b', 'up', 12 * GB],
			['gpu-b', 'no answer', null],
		]);
	});
});

describe('the variables', () => {
	it('narrow every panel; a quote in a name is only a quote', async () => {
		expect(await series('costOverTime', { user: ["o'neil"] })).toEqual([[1, 'sdxl-base', 0.03]]);
		expect(await series('costOverTime', { model: ['sd15', 'none'] })).toEqual([[0, 'sd15', 0.01]]);
		expect(await series('vramUsed', { server: ['gpu-b'] })).toEqual([[0, 'gpu-b', 12 * GB]]);
		for (const name of Object.keys(PANELS) as (keyof typeof PANELS)[]) {
			if (name === 'totals') continue;
			const nobody = { server: ['x'], model: ['x'], user: ['x'], purpose: ['x'] };
			expect(await ask(name, nobody), name).toEqual([]);
		}
	});

	it('name the schema', async () => {
		const other = { ...range, schema: 'no such schema' };
		await expect(runQuery(database.sql, PANELS.swaps, other)).rejects.toThrow(
			/"no such schema\.model_usage_log" does not exist/,
		);
	});
});

describe('alerts', () => {
	const alert = (name: string, toMs = range.toMs) => {
		const query = ALERTS.find((one) => one.name === name);
		if (!query) throw new Error(`no alert ${name}`);
		const fromMs = toMs - query.rangeSeconds * 1000;
		return runQuery(database.sql, query, { fromMs, toMs, intervalSeconds: 60 });
	};

	it('low VRAM gives the share that a run could get, of the last minutes', async () => {
		expect(await alert('low-vram')).toEqual([{ device: 'gpu-a', value: close(0.05) }]);
	});

	it('server gone gives the seconds since each last answered', async () => {
		expect(await alert('server-gone')).toEqual([
			{ server: 'gpu-a', value: 120 },
			{ server: 'gpu-b', value: 70 * 60 },
		]);
	});

	it('burn rates say nothing of few jobs, and need both windows', async () => {
		expect(await alert('sla-fast-burn')).toEqual([]);
		const jobs = (minute: number, count: number, onTime: boolean) =>
			Array.from({ length: count }, (_, n) =>
				run({
					job_id: `b-${minute}-${n}`,
					created_at: at(minute),
					urgency: 'burn',
					on_time: onTime,
				}),
			);
		await store.recordUsage([...jobs(70, 15, false), ...jobs(110, 15, true)]);
		const burning = (rows: Record<string, unknown>[]) =>
			rows.filter(({ urgency }) => urgency === 'burn');
		// half are late: five times a tenth, but none of the last quarter of an hour
		expect(burning(await alert('sla-fast-burn'))).toEqual([{ urgency: 'burn', value: 0 }]);
		expect(burning(await alert('sla-slow-burn'))).toEqual([{ urgency: 'burn', value: close(5) }]);
		await database.sql.query(`delete from model_usage_log where urgency = 'burn'`);
	});

	it('drift gives the factor either way, of models with enough runs', async () => {
		expect(await alert('calibration-drift')).toEqual([]);
		const runs = Array.from({ length: 20 }, (_, n) =>
			run({ job_id: `d-${n}`, created_at: at(60), model_name: 'fast', actual_cost: 0.005 }),
		);
		await store.recordUsage(runs);
		expect(await alert('calibration-drift')).toEqual([{ model: 'fast', value: close(2) }]);
		await database.sql.query(`delete from model_usage_log where model_name = 'fast'`);
	});
});
