import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ComfyUiClient } from '../../adapters/comfyui';
import { createPostgresStore } from '../../adapters/postgres/store';
import { parseCatalog } from '../../lib/catalog/parse';
import type { StandIn } from '../../simulator/comfyui';
import { submitForeign } from '../support/foreign-job';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { usageRow } from '../support/usage-rows';
import { CATALOG, comfyUiCredential, postgresCredential, startServer } from './support/fixtures';
import { runNode, type RunOptions, type RunResult } from './support/harness';

let server: StandIn;
let slow: StandIn;
let database: TestDatabase;
beforeAll(async () => {
	server = await startServer();
	slow = await startServer({ speedUp: 0.1 });
	database = await createTestDatabase('manage_measuring');
});
afterAll(async () => {
	await server.close();
	await slow.close();
	await database.close();
});

const fromJson = { catalogSource: 'json', catalogJson: JSON.stringify(CATALOG) };

function manage(parameters: INodeParameters, more: Partial<RunOptions> = {}): Promise<RunResult> {
	return runNode({
		type: 'manageModels',
		parameters: { ...fromJson, ...parameters },
		credentials: comfyUiCredential(`gpu1=${server.url}`),
		...more,
	});
}

function onlyItem(result: RunResult): IDataObject {
	expect(result.error).toBeUndefined();
	expect(result.outputs[0]).toHaveLength(1);
	return result.outputs[0]?.[0]?.json as IDataObject;
}

const both = () => ({
	...comfyUiCredential(`gpu1=${server.url}`),
	...postgresCredential(database.url),
});

describe('Manage Models: Benchmark', () => {
	const all = { operation: 'benchmark', scope: 'all', models: 'quick', options: { repeats: 2 } };

	it('only estimates where that is asked for', async () => {
		const report = onlyItem(await manage({ ...all, estimateOnly: true }));
		expect(report).toMatchObject({ server: 'gpu1', runs: [], suggestions: [] });
		expect(report.estimate).toMatch(/^3 runs, about \d+ s$/);
		expect(report.plan).toHaveLength(3);
	});

	it('says why nothing is left to measure', async () => {
		const report = onlyItem(await manage({ ...all, scope: 'missing' }));
		expect(report.summary).toBe('0 of 0 runs measured, 0 figures suggested.');
		expect(report.skipped).toMatchObject([{ model_name: 'quick', reason: 'measured already' }]);
	});

	it('measures, suggests figures, and writes each run to the log that is connected', async () => {
		const report = onlyItem(await manage(all, { credentials: both() }));
		expect(report).toMatchObject({ stopped: null, rows_written: 3, log_error: null });
		const figures = (report.suggestions as { figure: string }[]).map(({ figure }) => figure);
		expect(figures).toContain('avg_time_seconds');
		const { rows } = await database.sql.query(
			`select job_id, workflow_id, execution_id, cold from model_usage_log order by job_id`,
		);
		expect(rows).toMatchObject([
			{ job_id: 'execution-7/Subject/0/gpu1/0', workflow_id: 'workflow-1', cold: true },
			{ job_id: 'execution-7/Subject/0/gpu1/1', execution_id: 'execution-7', cold: false },
			{ job_id: 'execution-7/Subject/0/gpu1/2', cold: false },
		]);
	});

	it('names a wrong option with what is wrong', async () => {
		const { error } = await manage({ ...all, models: 'quik', options: { megapixels: 'large' } });
		expect(error?.message).toMatch(/megapixels/);
		const typo = await manage({ ...all, models: 'quik' });
		expect(typo.error?.description).toMatch(/quick/);
	});
});

describe('Manage Models on a busy server', () => {
	it.each([
		['benchmark', { scope: 'all' }],
		['freeVram', {}],
		['prewarm', { model: { __rl: true, mode: 'name', value: 'quick' } }],
	])('%s refuses, says who is waiting, and what to do', async (operation, parameters) => {
		const client = new ComfyUiClient({ name: 'gpu1', url: slow.url });
		const { running } = await client.queue();
		if (running.length === 0) await submitForeign(client, parseCatalog(CATALOG), 'fine');
		client.close();
		const { outputs, error } = await manage(
			{ operation, ...parameters },
			{ credentials: comfyUiCredential(`gpu1=${slow.url}`), onError: 'continueRegularOutput' },
		);
		expect(error).toBeUndefined();
		const json = outputs[0]?.[0]?.json;
		expect(json?.error).toMatch(/1 of other clients/);
		expect(json?.details).toMatchObject({ code: 'SERVER_BUSY' });
		expect(slow.gpu.residentModels()).not.toContain('quick');
	});
});

describe('Manage Models: Calibrate', () => {
	it('says that it needs a database for the log', async () => {
		const { error } = await manage({ operation: 'calibrate' });
		expect(error?.message).toMatch(/no Postgres credential/);
		expect(error?.description).toMatch(/credential/);
	});

	it('proposes what the log says, with numbers and reasons, then writes it', async () => {
		const store = createPostgresStore({ connection: database.url });
		const rows = Array.from({ length: 30 }, (_, n) =>
			usageRow({
				job_id: `learn-${n}`,
				model_name: 'fine',
				preset: 'standard',
				server: 'gpu1',
				steps: 20,
				run_seconds: 18 + (n % 5) * 0.1,
				actual_seconds: 19,
				vram_peak_bytes: null,
			}),
		);
		await store.recordUsage(rows);
		await database.sql.query(`insert into model_catalog (name, catalog) values ('learned', $1)`, [
			JSON.stringify(CATALOG),
		]);
		await store.close();
		const calibrate = (parameters: INodeParameters) =>
			manage(
				{
					operation: 'calibrate',
					catalogSource: 'postgres',
					catalogName: 'learned',
					...parameters,
				},
				{ credentials: postgresCredential(database.url) },
			);
		const dry = onlyItem(await calibrate({}));
		expect(dry).toMatchObject({ operation: 'calibrate', changed: true, written: false });
		expect(dry.difference).toMatch(/~ fine \/ standard: avg_time_seconds 12 -> 18\.\d+ \(n 30\)/);
		const wrote = onlyItem(await calibrate({ write: true }));
		expect(wrote).toMatchObject({ written: true, backup: 'learned.bak' });
		const { rows: stored } = await database.sql.query(
			`select catalog from model_catalog where name = 'learned'`,
		);
		const fine = stored[0].catalog.models.find(({ name }: { name: string }) => name === 'fine');
		expect(fine.presets[0].avg_time_seconds).toBeGreaterThan(17);
		expect(onlyItem(await calibrate({ write: true }))).toMatchObject({ changed: false });
	});

	it("learns from the servers' own histories without a database", async () => {
		const report = onlyItem(await manage({ operation: 'calibrate', learnFrom: 'servers' }));
		expect(report).toMatchObject({ written: false, warnings: [] });
		expect((report.counts as { runs_foreign: number }).runs_foreign).toBeGreaterThan(0);
	});
});
