import { mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { scanModels } from '../../../adapters/files/model-files';
import { readFileAsync } from '../../../adapters/files/model-files/read-file';
import { TableCache } from '../../../adapters/files/model-files/table-cache';
import { Turns } from '../../../adapters/files/model-files/turns';
import { ggufHeader, type ShortTable } from '../../support/headers';
import { modelFolder, type ModelFolderFixture } from '../../support/model-folder';

const SCHNELL: ShortTable = {
	'double_blocks.0.img_attn.norm.key_norm.scale': ['BF16', [128]],
	'img_in.weight': ['BF16', [3072, 64]],
};
const CLIP_L: ShortTable = { 'text_model.encoder.layers.0.mlp.fc1.weight': ['F16', [3072, 768]] };

describe('scanning a models folder', () => {
	let folder: ModelFolderFixture;
	beforeEach(() => {
		folder = modelFolder();
	});
	afterEach(() => folder.remove());

	const scan = async (root = folder.root) => {
		const report = await scanModels(root);
		return new Map(report.files.map((file) => [`${file.kind}/${file.name}`, file]));
	};

	it('names files as ComfyUI does and detects them below the data of any size', async () => {
		folder.safetensors('unet/flux/schnell.safetensors', SCHNELL);
		folder.safetensors('clip/clip_l.safetensors', CLIP_L);
		const found = await scan();
		expect(found.get('diffusion_models/flux/schnell.safetensors')?.detection).toMatchObject({
			family: 'flux',
			variant: ['schnell'],
		});
		expect(found.get('text_encoders/clip_l.safetensors')?.detection).toMatchObject({
			part: 'text_encoder',
			component: 'clip-l',
		});
	});

	it('never opens a pickle and says of a download that it is not finished', async () => {
		folder.bytes('checkpoints/old.ckpt', 'anything');
		folder.bytes('checkpoints/new.safetensors.crdownload', 'half');
		const found = await scan();
		expect(found.get('checkpoints/old.ckpt')?.problem?.code).toBe('PICKLE');
		expect(found.get('checkpoints/new.safetensors.crdownload')?.problem?.code).toBe(
			'PARTIAL_DOWNLOAD',
		);
	});

	it('reports a half-copied, an empty and a damaged file and goes on', async () => {
		folder.safetensors('checkpoints/half.safetensors', SCHNELL, { bodyBytes: 100 });
		folder.bytes('checkpoints/empty.safetensors', '');
		folder.bytes('checkpoints/page.safetensors', '<!DOCTYPE html><title>Please log in</title>');
		folder.safetensors('checkpoints/good.safetensors', SCHNELL);
		const found = await scan();
		expect(found.get('checkpoints/half.safetensors')?.problem?.code).toBe('TRUNCATED');
		expect(found.get('checkpoints/empty.safetensors')?.problem?.code).toBe('EMPTY');
		expect(found.get('checkpoints/page.safetensors')?.problem?.message).toContain('web page');
		expect(found.get('checkpoints/good.safetensors')?.problem).toBeNull();
	});

	it('follows links, survives circles and reports links to nowhere', async () => {
		folder.safetensors('elsewhere/schnell.safetensors', SCHNELL);
		mkdirSync(path.join(folder.root, 'diffusion_models/a'), { recursive: true });
		symlinkSync(
			path.join(folder.root, 'elsewhere'),
			path.join(folder.root, 'diffusion_models/shared'),
		);
		symlinkSync(folder.root, path.join(folder.root, 'diffusion_models/a/up'));
		symlinkSync(
			path.join(folder.root, 'diffusion_models/a'),
			path.join(folder.root, 'diffusion_models/a/self'),
		);
		symlinkSync(
			'/nowhere/x.safetensors',
			path.join(folder.root, 'diffusion_models/gone.safetensors'),
		);
		const found = await scan();
		expect(found.get('diffusion_models/shared/schnell.safetensors')?.detection?.family).toBe(
			'flux',
		);
		expect(found.get('diffusion_models/gone.safetensors')?.problem?.code).toBe('BROKEN_LINK');
		expect(
			[...found.keys()].filter((name) => name.includes('up') || name.includes('self')),
		).toEqual([]);
	});

	it('reads the folders that extra_model_paths.yaml adds', async () => {
		folder.safetensors('other-disk/sd/x.safetensors', SCHNELL);
		folder.safetensors('other-disk/enc/clip_l.safetensors', CLIP_L);
		folder.bytes(
			'ComfyUI/extra_model_paths.yaml',
			`my_disk:\n  base_path: ${path.join(folder.root, 'other-disk')}\n  is_default: true\n  checkpoints: sd\n  text_encoders: |\n    missing/\n    enc/\n`,
		);
		folder.safetensors('ComfyUI/models/checkpoints/own.safetensors', SCHNELL);
		const found = await scan(path.join(folder.root, 'ComfyUI'));
		expect([...found.keys()].sort()).toEqual([
			'checkpoints/own.safetensors',
			'checkpoints/x.safetensors',
			'text_encoders/clip_l.safetensors',
		]);
	});

	it('joins split files and misses none of their parts', async () => {
		folder.safetensors('diffusion_models/big-00001-of-00002.safetensors', SCHNELL);
		folder.safetensors('diffusion_models/big-00002-of-00002.safetensors', {
			'final_layer.linear.weight': ['BF16', [64, 3072]],
		});
		folder.safetensors('diffusion_models/odd-00001-of-00003.safetensors', SCHNELL);
		const found = await scan();
		const big = found.get('diffusion_models/big-00001-of-00002.safetensors');
		expect(big).toMatchObject({ parts: 2, problem: null });
		expect(big?.detection?.parameters).toBe(128 + 3072 * 64 + 64 * 3072);
		expect(found.get('diffusion_models/odd-00001-of-00003.safetensors')?.problem?.code).toBe(
			'SPLIT_INCOMPLETE',
		);
	});

	it('recognises a split model by keys that no part has all of', async () => {
		const { 'img_in.weight': image, ...blocks } = SCHNELL;
		const guidance = { 'guidance_in.in_layer.weight': ['BF16', [3072, 256]] } as const;
		folder.safetensors('diffusion_models/big-00001-of-00003.safetensors', blocks);
		folder.safetensors('diffusion_models/big-00002-of-00003.safetensors', {
			'img_in.weight': image!,
		});
		folder.safetensors('diffusion_models/big-00003-of-00003.safetensors', guidance);
		folder.safetensors('diffusion_models/mixed-00001-of-00002.safetensors', SCHNELL);
		folder.safetensors('diffusion_models/mixed-00002-of-00002.safetensors', SCHNELL);
		const found = await scan();
		expect(found.get('diffusion_models/big-00001-of-00003.safetensors')).toMatchObject({
			parts: 3,
			problem: null,
			detection: { family: 'flux', comfyClass: 'Flux', variant: ['dev'] },
		});
		expect(found.get('diffusion_models/mixed-00001-of-00002.safetensors')?.problem?.code).toBe(
			'HEADER_INVALID',
		);
	});

	it('detects GGUF files and their quantisation', async () => {
		const header = ggufHeader(
			{ 'general.architecture': 'flux' },
			{
				'double_blocks.0.img_attn.norm.key_norm.scale': [0, [128]],
				'img_in.weight': [12, [3072, 64 * 4]],
			},
		);
		folder.bytes('unet/flux-q4.gguf', Buffer.concat([header, Buffer.alloc(3072 * 256)]));
		const found = await scan();
		const file = found.get('diffusion_models/flux-q4.gguf');
		expect(file?.problem).toBeNull();
		expect(file?.detection).toMatchObject({ family: 'flux', stored: { dtype: 'gguf_q4_k' } });
	});

	it('gives files with the same table their own names and metadata', async () => {
		folder.safetensors('diffusion_models/plain.safetensors', SCHNELL);
		folder.safetensors('diffusion_models/a-turbo.safetensors', SCHNELL, {
			metadata: { note: 'x' },
		});
		folder.safetensors('diffusion_models/b.safetensors', SCHNELL, {
			metadata: { 'modelspec.title': 'My Lightning' },
		});
		const found = await scan();
		const variant = (name: string) => found.get(`diffusion_models/${name}`)?.detection?.variant;
		expect(variant('plain.safetensors')).toEqual(['schnell']);
		expect(variant('a-turbo.safetensors')).toEqual(['schnell', 'turbo']);
		expect(variant('b.safetensors')).toEqual(['schnell', 'lightning']);
	});

	it('holds one header of many megabytes at a time, and answers for each', async () => {
		const held: number[] = [];
		let holders = 0;
		class Counted extends Turns {
			override async take(): Promise<() => void> {
				const done = await super.take();
				held.push((holders += 1));
				return () => {
					holders -= 1;
					done();
				};
			}
		}
		const length = Buffer.alloc(8);
		length.writeBigUInt64LE(12_000_000n);
		const paths = Array.from({ length: 6 }, (_, i) => {
			const file = folder.bytes(`checkpoints/large${i}.safetensors`, length);
			truncateSync(file, 12_000_008);
			return file;
		});
		paths.push(folder.safetensors('checkpoints/small.safetensors', SCHNELL));
		const turns = new Counted();
		const readings = await Promise.all(
			paths.map((file) => readFileAsync(file, new TableCache(), turns)),
		);
		expect(held).toEqual([1, 1, 1, 1, 1, 1]);
		expect(holders).toBe(0);
		expect(readings.map(({ problem }) => problem?.code ?? null)).toEqual([
			...Array.from({ length: 6 }, () => 'HEADER_INVALID'),
			null,
		]);
	});
});
