import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { StandIn } from '../../simulator/comfyui';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { CATALOG, comfyUiCredential, postgresCredential, startServer } from './support/fixtures';
import { runNode, type RunOptions, type RunResult } from './support/harness';
import { USER_FOLDER } from './support/user-folder';

let server: StandIn;
let database: TestDatabase;
let folder: string;
beforeAll(async () => {
	server = await startServer();
	database = await createTestDatabase('manage_models');
	folder = mkdtempSync(join(USER_FOLDER, 'manage-models-'));
});
afterAll(async () => {
	await server.close();
	await database.close();
	rmSync(folder, { recursive: true, force: true });
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

function jsonOf(result: RunResult): IDataObject[] {
	expect(result.error).toBeUndefined();
	return (result.outputs[0] ?? []).map((item) => item.json);
}

const byName = (name: string) => ({ __rl: true, mode: 'name', value: name });

describe('Manage Models: List', () => {
	it('gives one item for each model with licence, figures, their sources, and each server', async () => {
		const result = await manage({ operation: 'list' });
		const models = jsonOf(result);
		expect(models.map(({ model_name }) => model_name)).toEqual(['quick', 'fine', 'parts']);
		expect(models[0]).toMatchObject({
			enabled: true,
			commercial_use: true,
			installed_on: ['gpu1'],
			vram_gb: { value: 4, from: 'given' },
			load_seconds: { value: 2, from: 'given' },
			presets: [
				{
					name: 'standard',
					avg_time_seconds: { value: 2, from: 'measured' },
					vram_peak_gb: { value: 6, from: 'given' },
				},
			],
			servers: [{ server: 'gpu1', reachable: true, installed: true, fits: 'full' }],
		});
		expect(result.outputs[0]?.every((item) => item.pairedItem !== undefined)).toBe(true);
	});

	it('names the files that a server lacks, and the server that does not answer', async () => {
		const models = [
			...CATALOG.models,
			{ ...CATALOG.models[0], name: 'gone', files: { checkpoint: 'gone.safetensors' } },
		];
		const result = await manage(
			{ operation: 'list', catalogJson: JSON.stringify({ ...CATALOG, models }) },
			{ credentials: comfyUiCredential(`gpu1=${server.url}\ndown=http://127.0.0.1:9`) },
		);
		const gone = jsonOf(result).find(({ model_name }) => model_name === 'gone');
		expect(gone).toMatchObject({
			installed_on: [],
			servers: [
				{ server: 'gpu1', installed: false, missing_files: ['gone.safetensors'] },
				{ server: 'down', reachable: false, installed: null },
			],
		});
		expect(result.hints.join()).toMatch(/down/);
	});
});

describe('Manage Models: Sync', () => {
	const catalogFile = (name: string, content: unknown = CATALOG) => {
		const path = join(folder, name);
		writeFileSync(path, JSON.stringify(content, null, 2));
		return path;
	};
	const smaller = { ...CATALOG, models: CATALOG.models.slice(0, 1) };

	it('says what would change and leaves the file alone', async () => {
		const path = catalogFile('dry.json', smaller);
		const before = readFileSync(path, 'utf8');
		const [report] = jsonOf(
			await manage({ operation: 'sync', catalogSource: 'file', catalogPath: path }),
		);
		expect(report).toMatchObject({
			operation: 'sync',
			catalog: path,
			changed: true,
			written: false,
			counts: { added: 2, disabled: 0, models: 3 },
		});
		expect(report?.difference).toMatch(/\+ .*fine\.safetensors/);
		expect(report?.summary).toMatch(/2 added; nothing was written/);
		expect(readFileSync(path, 'utf8')).toBe(before);
	});

	it('writes when told to, keeps the version before, and finds nothing to do the second time', async () => {
		const path = catalogFile('write.json', smaller);
		const before = readFileSync(path, 'utf8');
		const run = () =>
			manage({ operation: 'sync', catalogSource: 'file', catalogPath: path, write: true });
		const [first] = jsonOf(await run());
		expect(first).toMatchObject({ written: true, backup: `${path}.bak` });
		expect(readFileSync(`${path}.bak`, 'utf8')).toBe(before);
		const [second] = jsonOf(await run());
		expect(second).toMatchObject({ changed: false, written: false });
	});

	it('keeps a catalog in Postgres in line, and the version before beside it', async () => {
		const run = (parameters: INodeParameters) =>
			manage(
				{ operation: 'sync', catalogSource: 'postgres', catalogName: 'studio', ...parameters },
				{
					credentials: {
						...comfyUiCredential(`gpu1=${server.url}`),
						...postgresCredential(database.url),
					},
				},
			);
		const missing = await run({ write: true });
		expect(missing.error?.message).toMatch(/no catalog named "studio"/);
		const [made] = jsonOf(await run({ write: true, options: { createMissing: true } }));
		expect(made).toMatchObject({ written: true, backup: 'studio.bak' });
		const { rows } = await database.sql.query(
			'select name, catalog from model_catalog order by name',
		);
		expect(rows.map(({ name }) => name)).toEqual(['studio', 'studio.bak']);
		const names = rows[0].catalog.models.map((model: { name: string }) => model.name);
		expect(names).toEqual(expect.arrayContaining(['quick', 'fine', 'parts']));
		const [again] = jsonOf(await run({ write: true }));
		expect(again).toMatchObject({ changed: false, written: false });
	});

	it('changes nothing while a server cannot be asked: its models would count as gone', async () => {
		const path = catalogFile('half.json');
		const { error } = await manage(
			{ operation: 'sync', catalogSource: 'file', catalogPath: path, write: true },
			{ credentials: comfyUiCredential(`gpu1=${server.url}\ndown=http://127.0.0.1:9`) },
		);
		expect(error?.message).toMatch(/models of down cannot be listed/);
		expect(error?.description).toMatch(/count as gone/);
	});

	it('reads a folder without any server or its credential', async () => {
		const { error } = await manage(
			{ operation: 'sync', inventory: 'folder', modelsFolder: join(folder, 'no-such-folder') },
			{ credentials: {} },
		);
		expect(error?.message).toMatch(/no folder/i);
	});

	it('shows a catalog given as JSON with its changes, and refuses to write it', async () => {
		const given = { operation: 'sync', catalogJson: JSON.stringify(smaller) };
		const [report] = jsonOf(await manage(given));
		expect((report?.updated_catalog as { models: unknown[] }).models).toHaveLength(3);
		const { error } = await manage({ ...given, write: true });
		expect(error?.message).toMatch(/cannot be written/);
	});
});

describe('Manage Models: Prewarm and Free VRAM', () => {
	it('loads a model once, leaves no image behind, then frees what it held', async () => {
		const warm = () =>
			manage({ operation: 'prewarm', model: byName('fine'), server: byName('gpu1') });
		expect(jsonOf(await warm())).toMatchObject([
			{ server: 'gpu1', model_name: 'fine', status: 'warmed' },
		]);
		expect(server.gpu.residentModels()).toContain('fine');
		expect(jsonOf(await warm())).toMatchObject([{ status: 'already_warm', loaded_before: 'fine' }]);
		const [freed] = jsonOf(await manage({ operation: 'freeVram' }));
		expect(freed).toMatchObject({ server: 'gpu1', settled: true });
		expect(Number(freed?.freed_bytes)).toBeGreaterThan(5e9);
		expect(server.gpu.residentModels()).toEqual([]);
	});

	it.each([
		['prewarm', { model: byName('quik') }, /no model "quik"/, /quick/],
		['prewarm', { model: byName("={{ '' }}") }, /No model is given/, /Choose/],
		['freeVram', { server: byName('gpu9') }, /no server "gpu9"/, /gpu1/],
	])('%s says what to do when a name is wrong', async (operation, parameters, message, hint) => {
		const { error } = await manage({ operation, ...parameters });
		expect(error?.message).toMatch(message);
		expect(error?.description).toMatch(hint);
	});

	it('of several servers one that fails keeps no other from its turn', async () => {
		const result = await manage(
			{ operation: 'freeVram' },
			{ credentials: comfyUiCredential(`down=http://127.0.0.1:9\ngpu1=${server.url}`) },
		);
		expect(jsonOf(result)).toMatchObject([
			{ server: 'down', details: { code: 'COMFYUI_UNREACHABLE' } },
			{ server: 'gpu1', settled: true },
		]);
		expect(result.hints.join()).toMatch(/down/);
	});

	it('goes on with the other items when told to, with the error where it belongs', async () => {
		const { outputs, error } = await manage(
			{ operation: 'prewarm', model: byName('={{ $json.wanted }}') },
			{
				items: [{ json: { wanted: 'nothing' } }, { json: { wanted: 'quick' } }],
				onError: 'continueErrorOutput',
			},
		);
		expect(error).toBeUndefined();
		expect(outputs[0]).toMatchObject([{ json: { status: 'warmed' }, pairedItem: { item: 1 } }]);
		expect(outputs[1]?.[0]?.json).toMatchObject({ wanted: 'nothing' });
		expect(outputs[1]?.[0]?.json.error).toMatch(/no model "nothing"/);
	});
});
