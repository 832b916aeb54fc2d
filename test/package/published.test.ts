/** The package as it is published: only what is needed, typed, usable from CommonJS and ES modules without n8n. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import packageJson from '../../package.json';
import { installPackage } from '../../scripts/n8n-instance/package-folder.mjs';

const run = promisify(execFile);
const ROOT = resolve(__dirname, '../..');
const NAME = packageJson.name;

/** Beside `dist`, npm adds package.json, the README and the licence by itself. */
const ALLOWED = [
	/^dist\/(lib|adapters|service|nodes|credentials|cli|report|simulator)\/[\w./-]+\.(js|d\.ts|svg|json)$/,
	/^dist\/report\/chart-library\.LICENSES\.txt$/,
	/^(package\.json|README\.md|LICENSE|models_config\.json|models_config\.schema\.json)$/,
];
/** About 1.2 times the size of today: a picture or a bundle that slips in is seen, a new module is not. */
const MOST_PACKED_BYTES = 1_200_000;

let folder: string;
let tarball: string;
let installed: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'comfyui-router-published-'));
	installed = await installPackage(ROOT, folder);
	const { stdout } = await run(
		'npm',
		['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
		{ cwd: ROOT, maxBuffer: 2 ** 26 },
	);
	tarball = join(folder, JSON.parse(stdout)[0].filename);
});

afterAll(async () => {
	await rm(folder, { recursive: true, force: true });
});

async function filesBelow(directory: string, prefix = ''): Promise<string[]> {
	const entries = await readdir(join(directory, prefix), { withFileTypes: true });
	const nested = entries
		.filter((entry) => entry.name !== 'node_modules')
		.map((entry) => {
			const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
			return entry.isDirectory() ? filesBelow(directory, path) : [path];
		});
	return (await Promise.all(nested)).flat();
}

describe('the files that are published', () => {
	it('are the build, the catalog with its schema, README and licence, and nothing else', async () => {
		const files = await filesBelow(installed);
		const isAllowed = (file: string) => ALLOWED.some((pattern) => pattern.test(file));

		expect(files.length).toBeGreaterThan(100);
		expect(files.filter((file) => !isAllowed(file))).toEqual([]);
		expect((await stat(tarball)).size).toBeLessThan(MOST_PACKED_BYTES);
	});

	it('hold no source maps, no paths of the machine that built them, no lifecycle scripts', async () => {
		for (const file of (await filesBelow(installed)).filter((name) => name.endsWith('.js'))) {
			const text = await readFile(join(installed, file), 'utf8');
			expect(text.includes('sourceMappingURL'), file).toBe(false);
			expect(text.includes(ROOT), file).toBe(false);
		}
		const lifecycle = ['prepare', 'preinstall', 'install', 'postinstall', 'prepublish'];
		expect(Object.keys(packageJson.scripts).filter((name) => lifecycle.includes(name))).toEqual([]);
	});

	it('include every node, credential, icon and codex file that n8n loads', async () => {
		const files = new Set(await filesBelow(installed));
		for (const file of [...packageJson.n8n.nodes, ...packageJson.n8n.credentials]) {
			expect(files.has(file), file).toBe(true);
		}
		const nodeFolders = packageJson.n8n.nodes.map((file) => file.replace(/\/[^/]+$/, ''));
		for (const path of nodeFolders) {
			const inFolder = [...files].filter((file) => file.startsWith(`${path}/`));
			expect(
				inFolder.filter((file) => file.endsWith('.svg')),
				path,
			).toHaveLength(2);
			expect(
				inFolder.filter((file) => file.endsWith('.node.json')),
				path,
			).toHaveLength(1);
		}
	});
});

describe('the exports', () => {
	it('pass publint', async () => {
		const { messages, pkg } = await publint({ pkgDir: installed, pack: false });
		expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
	});

	it('have types that every module resolution finds, as "are the types wrong" checks', async () => {
		const data = new Uint8Array(await readFile(tarball));
		const analysis = await checkPackage(createPackageFromTarballData(data));

		expect(analysis.types).not.toBe(false);
		expect('problems' in analysis ? analysis.problems : null).toEqual([]);
	});

	const USE = `
		const router = new ModelRouter(parseCatalog({ version: 1, models: [] }));
		const answer = router.select({ purpose: 'photo' }, { servers: [] }, { nowMs: 0 });
		console.log(answer.decision);
	`;

	it.each([
		['CommonJS', 'use.cjs', `const { ModelRouter, parseCatalog } = require('${NAME}');`],
		['ES modules', 'use.mjs', `import { ModelRouter, parseCatalog } from '${NAME}';`],
	])('work from %s with nothing of n8n installed', async (_kind, file, load) => {
		const project = join(folder, '.n8n', 'nodes');
		await mkdir(project, { recursive: true });
		await writeFile(join(project, file), `${load}\n${USE}`);
		const { stdout } = await run(process.execPath, [file], {
			cwd: project,
			env: { ...process.env, NODE_PATH: '' },
		});

		expect(stdout.trim()).toBe('rejected');
		const modules = await readdir(join(installed, 'node_modules'));
		expect(modules.filter((name) => name.startsWith('n8n'))).toEqual([]);
	});

	it('bring a command that runs', async () => {
		const bin = join(installed, packageJson.bin['comfyui-router']);
		const { stdout } = await run(process.execPath, [bin, '--help']);

		expect(stdout).toContain('comfyui-router');
		expect(stdout).toContain('select');
	});
});
