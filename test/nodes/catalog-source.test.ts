import { access, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import type { INodeListSearchResult } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { StandIn } from '../../simulator/comfyui';
import { createTestDatabase } from '../support/postgres';
import { CATALOG, comfyUiCredential, postgresCredential, startServer } from './support/fixtures';
import { type Credentials, OUR_NODES, runNode } from './support/harness';
import { USER_FOLDER } from './support/user-folder';

let server: StandIn;
let folder: string;
beforeAll(async () => {
	server = await startServer();
	folder = await mkdtemp(join(USER_FOLDER, 'comfyui-router-catalog-'));
});
afterAll(async () => {
	await server.close();
	await rm(folder, { recursive: true, force: true });
});

const managedPath = join(USER_FOLDER, '.n8n', 'comfyui-router', 'models_config.json');

async function search(
	parameters: Record<string, unknown>,
	filter?: string,
): Promise<INodeListSearchResult> {
	const method =
		OUR_NODES['n8n-nodes-comfyui-router.selectModel']?.methods?.listSearch?.searchModels;
	const context = {
		getCurrentNodeParameter: (name: string) => parameters[name],
		getNode: () => ({ name: 'Select Model', type: 'selectModel' }),
	};
	return (await method?.call(context as never, filter)) as INodeListSearchResult;
}

describe('the list of models', () => {
	it('shows the models of the catalog in use with their presets, by name', async () => {
		const { results } = await search({ catalogSource: 'json', catalogJson: CATALOG });
		expect(results).toEqual([
			{ name: 'fine (standard)', value: 'fine' },
			{ name: 'parts (standard)', value: 'parts' },
			{ name: 'quick (standard)', value: 'quick' },
		]);
	});

	it('shows those that match what is typed', async () => {
		const { results } = await search({ catalogSource: 'json', catalogJson: CATALOG }, 'QUI');
		expect(results.map((result) => result.value)).toEqual(['quick']);
	});

	it('reads a catalog with comments and a comma after the last entry', async () => {
		const json = typeof CATALOG === 'string' ? CATALOG : JSON.stringify(CATALOG);
		const catalogJson = `// ours\n${json.replace(/\}\s*$/, ', /* end */ }')}`;
		const { results } = await search({ catalogSource: 'json', catalogJson });
		expect(results.map((result) => result.value)).toEqual(['fine', 'parts', 'quick']);
		const path = join(folder, 'with-comments.json');
		await writeFile(path, catalogJson);
		expect((await search({ catalogSource: 'file', catalogPath: path })).results).toEqual(results);
	});

	it('says what is wrong with the catalog', async () => {
		await expect(search({ catalogSource: 'json', catalogJson: '{' })).rejects.toMatchObject({
			name: 'NodeOperationError',
		});
	});
});

describe('the catalog', () => {
	const select = (parameters: Record<string, string>, more: Credentials = {}) =>
		runNode({
			type: 'selectModel',
			parameters: { purpose: 'photo', ...parameters },
			credentials: { ...comfyUiCredential(server.url), ...more },
		});

	it("is the managed copy by default, made at first use and the user's own from then on", async () => {
		await expect(access(managedPath)).rejects.toThrow();
		const first = await select({});
		// the stand-in has none of the shipped files
		expect(first.outputs[1]?.[0]?.json.selection).toMatchObject({
			rejection: { code: 'NOT_INSTALLED' },
		});
		expect(JSON.parse(await readFile(managedPath, 'utf8')).models.length).toBeGreaterThan(10);
		await writeFile(managedPath, JSON.stringify(CATALOG));
		const second = await select({});
		expect(second.outputs[0]?.[0]?.json.model_name).toBe('parts');
	});

	it('can be a file', async () => {
		const catalogPath = join(folder, 'mine.json');
		await writeFile(
			catalogPath,
			JSON.stringify({ ...CATALOG, models: CATALOG.models.slice(0, 1) }),
		);
		const { outputs } = await select({ catalogSource: 'file', catalogPath });
		expect(outputs[0]?.[0]?.json.model_name).toBe('quick');
	});

	it.each([
		['that is not there', '/nowhere/models_config.json', /\/nowhere\/models_config\.json/],
		['without a path', '={{ "" }}', /empty/],
	])('can be a file; one %s is explained', async (_what, catalogPath, message) => {
		const { error } = await select({ catalogSource: 'file', catalogPath });
		expect(error?.message).toMatch(message);
	});

	it('cannot be a file outside the folders that n8n allows, nor a link to one', async () => {
		const outside = await mkdtemp(join(tmpdir(), 'comfyui-router-outside-'));
		try {
			const secret = join(outside, 'models_config.json');
			await writeFile(secret, JSON.stringify(CATALOG));
			const link = join(folder, 'link.json');
			await symlink(secret, link);
			const beside = `${folder}/${relative(folder, secret)}`;
			for (const catalogPath of [secret, link, beside]) {
				const { error } = await select({ catalogSource: 'file', catalogPath });
				expect(error?.message).toMatch(/does not allow/);
				expect(error?.description).toMatch(/N8N_RESTRICT_FILE_ACCESS_TO/);
				await expect(search({ catalogSource: 'file', catalogPath })).rejects.toThrow(/allow/);
			}
		} finally {
			await rm(outside, { recursive: true, force: true });
		}
	});

	it('can be any file where n8n names no folders', async () => {
		const outside = await mkdtemp(join(tmpdir(), 'comfyui-router-outside-'));
		vi.stubEnv('N8N_RESTRICT_FILE_ACCESS_TO', '');
		try {
			const catalogPath = join(outside, 'models_config.json');
			await writeFile(catalogPath, JSON.stringify(CATALOG));
			const { error } = await select({ catalogSource: 'file', catalogPath });
			expect(error).toBeUndefined();
		} finally {
			vi.unstubAllEnvs();
			await rm(outside, { recursive: true, force: true });
		}
	});

	it('can be a row in Postgres; the table is made, and a name that is not there is explained', async () => {
		const database = await createTestDatabase('catalog');
		try {
			const fromRow = (catalogName: string) =>
				select({ catalogSource: 'postgres', catalogName }, postgresCredential(database.url));
			const { error } = await fromRow("it's mine");
			expect(error?.message).toMatch(/it's mine/);
			expect(error?.description).toMatch(/insert into model_catalog/);
			await database.sql.query('insert into model_catalog (name, catalog) values ($1, $2)', [
				"it's mine",
				JSON.stringify(CATALOG),
			]);
			const { outputs } = await fromRow("it's mine");
			expect(outputs[0]?.[0]?.json.model_name).toBe('parts');
		} finally {
			await database.close();
		}
	});
});
