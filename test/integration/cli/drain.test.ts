import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { parseText } from '../../../adapters/files/catalog-text';
import { cli } from '../../support/cli';

/** As a person writes it. */
const CATALOG = `{
	"version": 1,
	// two cards
	"servers": [
		{ "name": "gpu-1", "url": "http://gpu-1:8188" }, // the old one
		{ "name": "gpu-2",   "draining": false }
	],
	"models": [
		{ "name": "m", "family": "sdxl", "files": {"checkpoint":"m.safetensors"}, "purposes": { "photo": 0.5 },
			"load_seconds": 8, "vram_gb": 5, "vram_peak_gb": 7,
			"presets": [{ "name": "full", "steps": 30, "cfg": 7, "reference": { "width": 1024, "height": 1024 }, "avg_time_seconds": 10 }] }
	]
}
`;

let folder: string;
let file: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'drain-'));
	file = join(folder, 'models_config.json');
});
beforeEach(() => writeFile(file, CATALOG));
afterAll(() => rm(folder, { recursive: true }));

const drain = (...args: string[]) => cli(['drain', ...args, '--catalog', file]);

/** Servers that a photo may go to. */
async function chosen(): Promise<string | undefined> {
	const device = { vram_total: 24e9, vram_free: 23e9, torch_vram_total: 0, torch_vram_free: 0 };
	const servers = ['gpu-1', 'gpu-2'].map((name) => ({ name, devices: [device] }));
	const fleet = join(folder, 'fleet.json');
	await writeFile(fleet, JSON.stringify({ servers }));
	// `select` takes plain JSON
	const plain = join(folder, 'plain.json');
	await writeFile(plain, JSON.stringify(parseText(await readFile(file, 'utf8')).value));
	const args = ['select', '--catalog', plain, '--fleet', fleet, '--request', '-'];
	const { out, err } = await cli(args, { stdin: '{"purpose":"photo"}' });
	expect(err).toBe('');
	return (JSON.parse(out) as { server?: string }).server;
}

describe('drain', () => {
	it('takes a server out of service and back, and leaves every other byte of the catalog', async () => {
		expect(await chosen()).toBe('gpu-1');
		expect(await drain('gpu-1')).toEqual({
			...{ code: 0, err: '' },
			out: 'gpu-1 drains: it gets no new jobs.\n',
		});
		expect(await readFile(file, 'utf8')).toBe(
			CATALOG.replace('gpu-1:8188" }', 'gpu-1:8188", "draining": true }'),
		);
		expect(await readFile(`${file}.bak`, 'utf8')).toBe(CATALOG);
		expect(await chosen()).toBe('gpu-2');
		expect((await drain('gpu-1', '--undo')).out).toBe('gpu-1 takes jobs.\n');
		expect(await chosen()).toBe('gpu-1');
	});

	it('changes a value that is there, and nothing where it is so already', async () => {
		expect((await drain('gpu-2', '--undo')).out).toBe('gpu-2 takes jobs (as before).\n');
		expect(await readFile(file, 'utf8')).toBe(CATALOG);
		const { out } = await drain('gpu-2', '--json');
		expect(JSON.parse(out)).toEqual({ server: 'gpu-2', draining: true, changed: true });
		expect(await readFile(file, 'utf8')).toBe(
			CATALOG.replace('"draining": false', '"draining": true'),
		);
	});

	it.each([
		[['gpu-3'], 'no server "gpu-3". It has gpu-1, gpu-2'],
		[[], 'The server is missing'],
		[['gpu-1', 'gpu-2'], '"gpu-2" is out of place: drain takes the name of a server'],
	])('refuses %j and writes nothing', async (args, message) => {
		expect(await drain(...args)).toMatchObject({ code: 64, err: expect.stringContaining(message) });
		expect(await readFile(file, 'utf8')).toBe(CATALOG);
	});
});
