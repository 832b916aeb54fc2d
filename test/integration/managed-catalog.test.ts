import { fork } from 'node:child_process';
import {
	chmod,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	stat,
	symlink,
	utimes,
	writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createFileOnce, readTextFile, writeFileAtomically } from '../../adapters/files/json-file';
import {
	managedCatalogPath,
	readCatalogFile,
	resolveManagedCatalog,
} from '../../adapters/files/managed-catalog';

const root = join(__dirname, '..', '..');
const shippedPath = join(root, 'models_config.json');
const empty = '{"version": 1, "models": []}';
let userFolder: string;

beforeEach(async () => {
	userFolder = await mkdtemp(join(tmpdir(), 'managed-catalog-'));
});

afterEach(async () => {
	await rm(userFolder, { recursive: true, force: true });
});

describe('resolveManagedCatalog', () => {
	it('makes the copy at first use, byte for byte, and finds it afterwards', async () => {
		const first = await resolveManagedCatalog({ userFolder, shippedPath });
		const second = await resolveManagedCatalog({ userFolder, shippedPath });
		expect(first.created).toBe(true);
		expect(second.created).toBe(false);
		expect(first.path).toBe(join(userFolder, 'comfyui-router', 'models_config.json'));
		expect(first.text).toBe(await readFile(shippedPath, 'utf8'));
		expect(await readFile(first.path, 'utf8')).toBe(first.text);
		expect(second.catalog.models.length).toBeGreaterThan(10);
	});

	it("keeps the user's edits, and sees them at once", async () => {
		const { path } = await resolveManagedCatalog({ userFolder, shippedPath });
		await writeFile(path, empty);
		const edited = await resolveManagedCatalog({ userFolder, shippedPath });
		expect(edited).toMatchObject({ created: false, text: empty, catalog: { models: [] } });
	});

	it('leaves nothing but the copy behind when many start at once, and one of them made it', async () => {
		const all = await Promise.all(
			Array.from({ length: 40 }, () => resolveManagedCatalog({ userFolder, shippedPath })),
		);
		expect(all.filter(({ created }) => created)).toHaveLength(1);
		expect(await readdir(dirname(managedCatalogPath(userFolder)))).toEqual(['models_config.json']);
	});

	it('is made once by several processes that start together', async () => {
		const script = join(root, 'test', 'support', 'resolve-managed-catalog.ts');
		const results = await Promise.all(
			Array.from({ length: 4 }, () => inProcess(script, [userFolder, shippedPath])),
		);
		expect(results.map(({ models }) => models)).toEqual(new Array(4).fill(results[0]!.models));
		expect(results.filter(({ created }) => created)).toHaveLength(1);
	});

	it('reports every fault of an edited copy with its path, and leaves the copy alone', async () => {
		const { path } = await resolveManagedCatalog({ userFolder, shippedPath });
		const broken = '{"version": 2, "model": []}';
		await writeFile(path, broken);
		await expect(resolveManagedCatalog({ userFolder, shippedPath })).rejects.toMatchObject({
			code: 'CATALOG_INVALID',
			message: expect.stringContaining(path),
			problems: [{ path: 'version' }, { path: 'models' }, { path: 'model' }],
		});
		expect(await readFile(path, 'utf8')).toBe(broken);
	});

	it('says what to do where the copy cannot be made', async () => {
		await writeFile(join(userFolder, 'comfyui-router'), 'a file where the folder should be');
		await expect(resolveManagedCatalog({ userFolder, shippedPath })).rejects.toMatchObject({
			name: 'RouterError',
			message: expect.stringContaining(managedCatalogPath(userFolder)),
			hint: expect.stringContaining('is a file, not a folder'),
			cause: { code: 'ENOTDIR' },
		});
	});

	it("refuses to write in the package's own folder", async () => {
		await expect(
			resolveManagedCatalog({ userFolder: join(root, 'data'), shippedPath }),
		).rejects.toMatchObject({
			code: 'FILE_UNWRITABLE',
			hint: expect.stringContaining('N8N_USER_FOLDER'),
		});
	});
});

describe('readCatalogFile', () => {
	it('parses once for 10,000 calls, and again when the file changed', async () => {
		const path = join(userFolder, 'c.json');
		await writeFile(path, empty);
		const all = await Promise.all(Array.from({ length: 10_000 }, () => readCatalogFile(path)));
		expect(new Set(all.map(({ catalog }) => catalog)).size).toBe(1);
		await utimes(path, 1, 1);
		expect((await readCatalogFile(path)).catalog).not.toBe(all[0]!.catalog);
	});

	it('does not remember a failure', async () => {
		const path = join(userFolder, 'c.json');
		await writeFile(path, '{');
		await expect(readCatalogFile(path)).rejects.toMatchObject({ code: 'CATALOG_INVALID' });
		await writeFile(path, empty);
		expect((await readCatalogFile(path)).catalog.models).toEqual([]);
	});

	it('protects the shared catalog from changes', async () => {
		const path = join(userFolder, 'c.json');
		await writeFile(path, empty);
		const { catalog } = await readCatalogFile(path);
		expect(() => catalog.models.push({} as never)).toThrow(TypeError);
	});

	it('says what is wrong with a path that is no readable file', async () => {
		await expect(readCatalogFile(join(userFolder, 'none.json'))).rejects.toMatchObject({
			code: 'FILE_NOT_FOUND',
			message: expect.stringContaining('none.json'),
			cause: { code: 'ENOENT' },
		});
		await expect(readCatalogFile(userFolder)).rejects.toMatchObject({
			code: 'FILE_UNREADABLE',
			hint: expect.stringContaining('folder'),
		});
		await expect(readCatalogFile('/dev/null')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
	});
});

describe('writeFileAtomically', () => {
	it('makes folders, replaces the content and keeps the mode', async () => {
		const path = join(userFolder, 'a', 'b', 'c.json');
		expect(await writeFileAtomically(path, 'one')).toBeNull();
		await chmod(path, 0o600);
		await writeFileAtomically(path, 'two');
		expect(await readTextFile(path)).toBe('two');
		expect((await stat(path)).mode & 0o777).toBe(0o600);
		expect(await readdir(dirname(path))).toEqual(['c.json']);
	});

	it('keeps what was there as a backup', async () => {
		const path = join(userFolder, 'c.json');
		expect(await writeFileAtomically(path, 'one', { backup: true })).toBeNull();
		expect(await writeFileAtomically(path, 'two', { backup: true })).toBe(`${path}.bak`);
		expect(await readTextFile(`${path}.bak`)).toBe('one');
	});

	it('writes through a link instead of replacing it', async () => {
		const real = join(userFolder, 'real.json');
		const path = join(userFolder, 'link.json');
		await writeFile(real, 'one');
		await symlink(real, path);
		await writeFileAtomically(path, 'two');
		expect(await readFile(real, 'utf8')).toBe('two');
	});

	it('never shows half a file to a reader', async () => {
		const path = join(userFolder, 'c.json');
		const contents = ['a', 'b'].map((letter) => letter.repeat(500_000));
		await writeFileAtomically(path, contents[0]!);
		let writing = true;
		const writer = (async () => {
			for (let turn = 0; turn < 40; turn++) await writeFileAtomically(path, contents[turn % 2]!);
			writing = false;
		})();
		const seen = new Set<string>();
		while (writing) seen.add(await readTextFile(path));
		await writer;
		expect([...seen].every((text) => contents.includes(text))).toBe(true);
	});

	it('leaves the old content and no litter where it fails', async () => {
		const path = join(userFolder, 'folder');
		await mkdir(path);
		await expect(writeFileAtomically(path, 'x')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
		expect(await readdir(userFolder)).toEqual(['folder']);
	});
});

describe('createFileOnce', () => {
	it('never replaces what is there', async () => {
		const path = join(userFolder, 'c.json');
		expect(await createFileOnce(path, 'mine')).toBe(true);
		expect(await createFileOnce(path, 'other')).toBe(false);
		expect(await readTextFile(path)).toBe('mine');
	});
});

interface Resolved {
	created: boolean;
	models: number;
}

function inProcess(script: string, args: string[]): Promise<Resolved> {
	return new Promise((done, fail) => {
		const child = fork(script, args, { execArgv: ['--import', 'tsx'] });
		child.once('message', (message) => done(message as Resolved));
		child.once('error', fail);
		child.once('exit', (code) => fail(new Error(`The process ended with code ${code}.`)));
	});
}
