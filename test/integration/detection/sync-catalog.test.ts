import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { run } from '../../../cli/run';
import { parseText } from '../../../adapters/files/catalog-text';
import type { ShortTable } from '../../support/headers';
import { modelFolder, type ModelFolderFixture } from '../../support/model-folder';

const Z_IMAGE: ShortTable = { 'cap_embedder.1.weight': ['BF16', [3840, 2560]] };
const CATALOG = `{
  // Ana's catalog: keep the order!
  "version": 1,
  "models": [
    {
      "name": "Ana's favourite",   "family": "z-image", // do not rename
      "files": { "diffusion_model": "ana.safetensors" },
      "purposes": { "photo": 0.90 },
      "presets": [ { "name": "p", "steps": 8, "cfg": 1, "reference": { "width": 1024, "height": 1024 }, "avg_time_seconds": 2.50 } ]
    }
  ]
}
`;

describe('update-models-config on a folder', () => {
	let folder: ModelFolderFixture;
	let catalog: string;
	beforeEach(() => {
		folder = modelFolder();
		catalog = folder.bytes('catalog.json', CATALOG);
		folder.safetensors('models/diffusion_models/ana.safetensors', Z_IMAGE);
	});
	afterEach(() => folder.remove());

	async function sync(...more: string[]): Promise<{ code: number; out: string; err: string }> {
		let out = '';
		let err = '';
		const io = {
			readStdin: () => Promise.resolve(''),
			out: (text: string) => void (out += text),
			err: (text: string) => void (err += text),
			env: {},
			clock: { nowMs: () => 0, sleep: () => Promise.resolve() },
			signal: new AbortController().signal,
		};
		const args = ['--catalog', catalog, '--models-dir', path.join(folder.root, 'models'), ...more];
		const code = await run(['update-models-config', ...args], '0.0.0', io);
		return { code, out, err };
	}

	const text = () => readFileSync(catalog, 'utf8');
	const models = () =>
		(parseText(text()).value as { models: Array<Record<string, unknown>> }).models;

	it('changes nothing and exits 0 when all is as the catalog says', async () => {
		expect((await sync('--write')).code).toBe(0);
		expect(text()).toBe(CATALOG);
	});

	it('prints what would change, exits 2 and writes nothing', async () => {
		folder.safetensors('models/checkpoints/strange.safetensors', { 'foo.bar': ['F32', [3]] });
		const { code, out } = await sync();
		expect(code).toBe(2);
		expect(out).toContain('+ strange');
		expect(text()).toBe(CATALOG);
	});

	it('adds an unknown architecture as a disabled entry, keeps a backup and is then up to date', async () => {
		folder.safetensors('models/checkpoints/strange.safetensors', { 'foo.bar': ['F32', [3]] });
		expect((await sync('--write')).code).toBe(0);
		expect(models()[1]).toMatchObject({ name: 'strange', family: 'unknown', enabled: false });
		expect(readFileSync(`${catalog}.bak`, 'utf8')).toBe(CATALOG);
		expect(text().startsWith(CATALOG.slice(0, CATALOG.indexOf('\n  ]')))).toBe(true);
		expect((await sync()).code).toBe(0);
	});

	it('gives a file that the shipped catalog knows its shipped entry, disabled until its parts are there', async () => {
		folder.safetensors('models/diffusion_models/z_image_turbo_bf16.safetensors', Z_IMAGE);
		await sync('--write');
		const [, entry] = models();
		expect(entry).toMatchObject({ name: 'z-image-turbo', family: 'z-image', enabled: false });
		expect(entry?.x_disabled_reason).toContain('qwen_3_4b.safetensors');
		folder.safetensors('models/text_encoders/qwen_3_4b.safetensors', { x: ['F16', [1]] });
		folder.safetensors('models/vae/ae.safetensors', { x: ['F16', [1]] });
		await sync('--write');
		expect(models()[1]).toMatchObject({ enabled: true });
		expect(models()[1]).not.toHaveProperty('x_disabled_reason');
	});

	it('disables an entry whose file is gone and restores the text byte for byte when it is back', async () => {
		const file = path.join(folder.root, 'models/diffusion_models/ana.safetensors');
		rmSync(file);
		await sync('--write');
		expect(models()[0]).toMatchObject({
			enabled: false,
			x_disabled_reason: 'Files missing: ana.safetensors',
		});
		expect((await sync()).code).toBe(0);
		folder.safetensors('models/diffusion_models/ana.safetensors', Z_IMAGE);
		await sync('--write');
		expect(text()).toBe(CATALOG);
	});

	it('syncs the other files where one has a name that no entry can hold', async () => {
		folder.bytes('models/checkpoints/a\u001b[31m\nb.ckpt', 'x');
		folder.safetensors('models/checkpoints/fine.safetensors', { 'a.b': ['F32', [4, 4]] });
		const { code, out } = await sync('--write');
		expect(code).toBe(0);
		expect(out).toContain('note: a [31m b.ckpt: its name has control characters');
		expect(models().map(({ name }) => name)).toEqual(["Ana's favourite", 'fine']);
	});

	it('makes valid entries of files of a few bytes', async () => {
		const tiny: ShortTable = { 'caption_projection.0.linear.weight': ['BF16', [1, 1]] };
		folder.safetensors('models/diffusion_models/tiny.safetensors', tiny);
		expect((await sync('--write')).code).toBe(0);
		expect(models()[1]).toMatchObject({ name: 'tiny', family: 'hidream', x_memory_factor: 2 });
		expect((await sync()).code).toBe(0);
	});

	it('leaves an entry alone that a person disabled', async () => {
		const disabled = CATALOG.replace('"purposes"', '"enabled": false, "purposes"');
		folder.bytes('catalog.json', disabled);
		rmSync(path.join(folder.root, 'models/diffusion_models/ana.safetensors'));
		folder.safetensors('models/vae/x.safetensors', Z_IMAGE);
		expect((await sync('--write')).code).toBe(0);
		expect(text()).toBe(disabled);
	});

	it('exits 64 for a folder that does not exist, instead of disabling everything', async () => {
		const { code, err } = await sync('--models-dir', path.join(folder.root, 'typo'));
		expect(code).toBe(64);
		expect(err).toContain('typo');
		expect(text()).toBe(CATALOG);
	});

	it('keeps the byte order mark and line ends of Windows, and refuses bytes that it could not write back', async () => {
		const windows = `\uFEFF${CATALOG.replaceAll('\n', '\r\n')}`;
		folder.bytes('catalog.json', windows);
		folder.safetensors('models/diffusion_models/new.safetensors', { 'a.b': ['F32', [4, 4]] });
		expect((await sync('--write')).code).toBe(0);
		expect(text().startsWith('\uFEFF{\r\n')).toBe(true);
		expect(text().replaceAll('\r\n', '')).not.toContain('\n');
		expect(models().map(({ name }) => name)).toEqual(["Ana's favourite", 'new']);

		const latin1 = Buffer.from(
			CATALOG.replace('keep the order', 'garde l\u2019\u00e9t\u00e9'),
			'latin1',
		);
		writeFileSync(catalog, latin1);
		expect((await sync('--write')).err).toContain('not UTF-8');
		expect(readFileSync(catalog).equals(latin1)).toBe(true);
	});

	it('exits 64 for a catalog that is not valid and leaves it as it is', async () => {
		folder.bytes('catalog.json', '{"version": 1, "models": [{}]}');
		expect((await sync('--write')).code).toBe(64);
		expect(text()).toBe('{"version": 1, "models": [{}]}');
	});
});
