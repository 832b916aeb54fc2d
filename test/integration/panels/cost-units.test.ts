/** Money and GPU seconds in one log, against sums worked out by hand: no query and no report adds one to the other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PostgresCostHistory } from '../../../adapters/postgres/cost-history';
import { PANELS } from '../../../adapters/postgres/panels';
import { createPool } from '../../../adapters/postgres/pool';
import { readReportData } from '../../../adapters/postgres/report-data';
import { createPostgresStore } from '../../../adapters/postgres/store';
import { costReport } from '../../../lib/cost-report';
import { renderReport } from '../../../report/render-report';
import { MIXED_UNITS, range } from '../../support/hand-made-logs';
import { runQuery } from '../../support/panels';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

let database: TestDatabase;

beforeAll(async () => {
	database = await createTestDatabase('cost_units');
	const store = createPostgresStore({ connection: database.url });
	await store.migrate();
	await store.recordUsage(MIXED_UNITS);
	await store.close();
});
afterAll(() => database.close());

const close = (value: number) => expect.closeTo(value, 9) as unknown as number;
const ask = (panel: keyof typeof PANELS) => runQuery(database.sql, PANELS[panel], range);
const NO_MONEY = { cost: null, cost_per_image: null };
const NO_SECONDS = { unpriced_gpu_seconds: null, unpriced_per_image: null, unpriced_images: 0 };
const FLUX = {
	...{ images: 7, cost: close(0.06), cost_per_image: close(0.02) },
	...{ unpriced_images: 4, unpriced_gpu_seconds: 40, unpriced_per_image: 10 },
};

describe('panels', () => {
	it('give the costs of a model in both units, each over the images made in it', async () => {
		expect(await ask('costByModel')).toEqual([
			{ model: 'dear', images: 1, cost: 10, cost_per_image: 10, ...NO_SECONDS },
			{ model: 'flux1-dev', ...FLUX },
			{
				...{ model: 'free', images: 0, ...NO_MONEY },
				...{ unpriced_images: 0, unpriced_gpu_seconds: 5, unpriced_per_image: null },
			},
		]);
	});

	it('give them by quality, and as totals', async () => {
		const all = {
			...{ images: 8, cost: close(10.06), cost_per_image: close(10.06 / 4) },
			...{ unpriced_images: 4, unpriced_gpu_seconds: 45, unpriced_per_image: 45 / 4 },
		};
		expect(await ask('costByQuality')).toEqual([{ quality: 0.7, ...all }]);
		expect(await ask('totals')).toMatchObject([{ ...all, priced_runs: 3, unpriced_runs: 3 }]);
	});

	it('give them over time in a query each', async () => {
		const values = async (panel: keyof typeof PANELS) =>
			(await ask(panel)).map(({ metric, value }) => [metric, value]);
		expect(await values('costOverTime')).toEqual([
			['dear', 10],
			['flux1-dev', close(0.06)],
		]);
		expect(await values('unpricedOverTime')).toEqual([
			['flux1-dev', 40],
			['free', 5],
		]);
	});

	it('compare estimates with what they were estimates of', async () => {
		expect(await ask('estimatedAgainstActual')).toMatchObject([
			{ model: 'dear', unit: 'money', ratio: 1 },
			{ model: 'flux1-dev', unit: 'money', estimated_cost: close(0.05), ratio: close(1.2) },
			{
				...{ model: 'flux1-dev (no price)', unit: 'gpu_seconds' },
				...{ estimated_cost: 30, actual_cost: 40, ratio: close(4 / 3) },
			},
		]);
		expect((await ask('estimateBias')).map(({ metric, value }) => [metric, value])).toEqual([
			['dear', 1],
			['flux1-dev', close(1.2)],
			['flux1-dev (no price)', close(4 / 3)],
		]);
	});
});

describe('reports', () => {
	const withPool = async <T>(use: (pool: ReturnType<typeof createPool>) => Promise<T>) => {
		const pool = createPool({ connection: database.url });
		try {
			return await use(pool);
		} finally {
			await pool.close();
		}
	};

	it('the page shows both', async () => {
		const period = { ...range, coarseSeconds: 3600, fineSeconds: 3600 };
		const page = renderReport(await withPool((pool) => readReportData(pool, period)));
		expect(page).toContain('<dd class="figure">$10.06</dd>');
		expect(page).toContain('45 GPU s without a price');
		expect(page).toContain('>40 GPU s</td>');
		expect(page).not.toMatch(/55\.06|50\.06|40\.06/);
	});

	it('the bias is told for each, with as many jobs of each as asked for', async () => {
		// the log is of a fixed day, and the report of the days before now
		const sinceDays = (Date.now() - range.fromMs) / 86_400_000 + 1;
		const history = await withPool((pool) =>
			new PostgresCostHistory(pool).costs({ sinceDays, jobs: 1 }),
		);
		const { totals, jobs } = costReport(history);
		expect(totals).toMatchObject([
			{ unit: 'money', runs: 3, estimated: close(10.05), actual: close(10.06) },
			{ unit: 'gpu_seconds', runs: 3, estimated: 30, actual: 40, cost: 45, failed_cost: 5 },
		]);
		expect(jobs.map(({ job_id, unit }) => [job_id, unit])).toEqual([
			['money', 'money'],
			['seconds', 'gpu_seconds'],
		]);
	});
});
