import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createPostgresStore, type PostgresStore } from '../../../adapters/postgres/store';
import { systemClock } from '../../../adapters/system-clock';
import { RouterError } from '../../../lib/errors';
import type { ComfyUiPort, SubmitPrompt } from '../../../lib/ports';
import {
	benchmarkModels,
	type BenchmarkOptions,
	type BenchmarkProgress,
} from '../../../service/benchmark-models';
import { submitForeign } from '../../support/foreign-job';
import { countingRandom, type Lab, type LabOptions, openLab } from '../../support/generate-lab';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';

let database: TestDatabase;
let store: PostgresStore;
beforeAll(async () => {
	database = await createTestDatabase('benchmark');
	store = createPostgresStore({ connection: database.url });
});
afterAll(async () => {
	await store.close();
	await database.close();
});

let lab: Lab | undefined;
afterEach(async () => {
	await lab?.close();
	lab = undefined;
});

async function open(options: LabOptions = {}) {
	lab = await openLab(options);
	const { catalog, clients } = lab;
	const run = (more: Partial<BenchmarkOptions> = {}) =>
		benchmarkModels({
			server: clients[0]!,
			catalog,
			wishes: { models: ['light'], repeats: 2 },
			clock: systemClock,
			random: countingRandom(),
			store: null,
			pollMs: 20,
			...more,
		});
	return { run, standIn: lab.standIns[0]!, client: clients[0]!, catalog };
}

describe('a benchmark', () => {
	it('finds what the server really takes: twice the time, five times the load', async () => {
		const truth = { timeFactor: { light: 2 }, loadFactor: { light: 5 } };
		const { run, standIn } = await open({ truth, speedUp: 1 });
		const result = await run();
		expect(result.stopped).toBeNull();
		expect(result.runs.map(({ kind, status, was_cold }) => [kind, status, was_cold])).toEqual([
			['cold', 'success', true],
			['warm', 'success', false],
			['warm', 'success', false],
		]);
		const figure = (name: string) => result.suggestions.find((one) => one.figure === name);
		// the simulated device never is faster than it is; how much slower depends on the machine
		expect(figure('avg_time_seconds')).toMatchObject({ old: 0.25, samples: 2 });
		expect(figure('avg_time_seconds')!.new).toBeGreaterThan(0.4);
		expect(figure('load_seconds')).toMatchObject({ old: 0.1, samples: 1 });
		expect(figure('load_seconds')!.new).toBeGreaterThan(0.2);
		expect(figure('vram_peak_gb')!.new).toBeGreaterThan(1.9);
		expect(standIn.disk.list('output')).toEqual([]);
	});

	it('tells beforehand what it would do, and does nothing in a dry run', async () => {
		const { run, standIn } = await open();
		const result = await run({ dryRun: true, wishes: { repeats: 1 } });
		expect(result.plan.runs.length).toBe(5);
		expect(result.plan.estimated_seconds).toBeGreaterThan(1);
		expect(result.runs).toEqual([]);
		expect(standIn.events.of('request').some(({ path }) => path.includes('prompt'))).toBe(false);
	});

	it('reports its progress and what is left', async () => {
		const { run } = await open();
		const told: BenchmarkProgress[] = [];
		await run({ onProgress: (progress) => told.push(progress) });
		expect(told.map(({ done, total }) => `${done} of ${total}`)).toEqual([
			'0 of 3',
			'1 of 3',
			'2 of 3',
		]);
		const left = told.map((one) => one.remaining_seconds);
		expect(left).toEqual([...left].sort((a, b) => b - a));
	});

	it('logs each run, so that calibrating learns from it', async () => {
		const { run } = await open();
		const result = await run({ store, jobIdPrefix: 'bench-1', executionId: '17' });
		expect(result.rows_written).toBe(3);
		const { rows } = await database.sql.query(
			`select job_id, model_name, preset, server, purpose, status, cold, timing_source, execution_id,
			run_seconds, width from model_usage_log order by job_id`,
		);
		expect(rows).toMatchObject([
			{ job_id: 'bench-1/0', cold: true, purpose: 'benchmark', status: 'success', width: 512 },
			{ job_id: 'bench-1/1', cold: false, timing_source: 'comfyui', execution_id: '17' },
			{ job_id: 'bench-1/2', model_name: 'light', preset: 'full', server: 's1' },
		]);
		expect(rows.every(({ run_seconds }) => run_seconds > 0)).toBe(true);
	});

	it('keeps what it measured where the log cannot be written', async () => {
		const { run } = await open();
		const error = new RouterError({ code: 'POSTGRES_UNREACHABLE', message: 'gone', hint: 'wait' });
		const result = await run({ store: { recordUsage: () => Promise.reject(error) } });
		expect(result).toMatchObject({ rows_written: 0, log_error: 'gone wait', stopped: null });
		expect(result.runs).toHaveLength(3);
	});
});

describe('a benchmark and other clients', () => {
	it('does not begin while their jobs run, and submits nothing', async () => {
		const { run, client, catalog, standIn } = await open();
		const foreign = await submitForeign(client, catalog, 'heavy');
		await expect(run()).rejects.toMatchObject({ code: 'SERVER_BUSY' });
		const { running, pending } = await client.queue();
		const left = [...running, ...pending].map(({ promptId }) => promptId);
		expect(left.filter((id) => id !== foreign)).toEqual([]);
		expect(standIn.events.of('request').some(({ path }) => path.includes('free'))).toBe(false);
	});

	it('stops when one arrives, with what it has, and leaves theirs alone', async () => {
		const { run, client, catalog } = await open({ truth: { timeFactor: { heavy: 20 } } });
		let foreign = '';
		let submitted = 0;
		// their job comes in right behind our second one
		const server = Object.create(client, {
			submit: {
				value: async (prompt: SubmitPrompt) => {
					const receipt = await client.submit(prompt);
					submitted += 1;
					if (submitted === 2) foreign = await submitForeign(client, catalog, 'heavy');
					return receipt;
				},
			},
		}) as ComfyUiPort;
		const result = await run({ server });
		expect(result.stopped).toMatch(/makes room/);
		expect(result.runs).toHaveLength(2);
		const { running } = await client.queue();
		expect(running.map(({ promptId }) => promptId)).toEqual([foreign]);
	});

	it('waits for them where it is told to', async () => {
		const { run, client, catalog } = await open();
		const foreign = await submitForeign(client, catalog, 'heavy');
		const result = await run({ whenBusy: 'wait' });
		expect(result.stopped).toBeNull();
		expect(await client.history(foreign)).toMatchObject({ status: 'success' });
	});
});

describe('a benchmark and failures', () => {
	it('begins no run after its time is over, however wrong the estimate was', async () => {
		const { run } = await open({ truth: { timeFactor: { heavy: 8 } }, speedUp: 1 });
		const wishes = { models: ['heavy'], presets: ['full'], repeats: 1, maxSeconds: 7 };
		const result = await run({ wishes });
		expect(result.plan.runs).toHaveLength(2);
		expect(result.runs).toHaveLength(1);
		expect(result.stopped).toMatch(/limit of 7 s/);
	});

	it('gives up a preset that fails once, and goes on with the next', async () => {
		const { run, standIn } = await open();
		standIn.faults.oomNext('sampling');
		const result = await run({ wishes: { models: ['heavy'], repeats: 2 } });
		expect(result.runs.map(({ preset, status }) => `${preset} ${status}`)).toEqual([
			'full oom',
			'fast success',
			'fast success',
		]);
		expect(result.runs[0]?.error_message).toMatch(/memory/);
		const figures = result.suggestions.map(({ preset, figure }) => `${preset} ${figure}`);
		expect(figures).not.toContain('full avg_time_seconds');
	});

	it('ends with what it has where the server goes away', async () => {
		const { run, standIn } = await open();
		const gone: Promise<void>[] = [];
		const result = await run({
			onProgress: ({ done }) => {
				if (done === 2) gone.push(standIn.kill());
			},
		});
		await Promise.all(gone);
		expect(result.stopped).not.toBeNull();
		expect(result.runs.filter(({ status }) => status === 'success')).toHaveLength(2);
	});
});
