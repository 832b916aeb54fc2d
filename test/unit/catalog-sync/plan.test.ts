import { describe, expect, it } from 'vitest';

import { describePlan, type InstalledFile, planSync } from '../../../lib/catalog-sync';
import { detectModel } from '../../../lib/detection';
import { ServerInventory } from '../../../service/server-inventory';
import { headerOf, type ShortTable } from '../../support/headers';

const SHIPPED = [
	{
		name: 'z-image-turbo',
		family: 'z-image',
		files: {
			diffusion_model: 'z_image_turbo_bf16.safetensors',
			text_encoders: ['qwen_3_4b.safetensors'],
			vae: 'ae.safetensors',
		},
		purposes: { photo: 0.9 },
		vram_gb: 12.3,
		presets: [
			{
				name: 'full',
				steps: 8,
				cfg: 1,
				vram_peak_gb: 13,
				reference: { width: 1024, height: 1024 },
				avg_time_seconds: 3,
			},
		],
	},
];
const Z_IMAGE: ShortTable = { 'cap_embedder.1.weight': ['BF16', [3840, 2560]] };
const QWEN3: ShortTable = {
	'model.layers.0.post_attention_layernorm.weight': ['BF16', [2560]],
	'model.layers.0.self_attn.q_norm.weight': ['BF16', [128]],
};

function file(
	name: string,
	kind: string,
	table?: ShortTable,
	more: Partial<InstalledFile> = {},
): InstalledFile {
	const detection = table ? detectModel(headerOf(table), name) : null;
	return { name, kind, bytes: 1e9, detection, problem: null, usable: true, ...more };
}

const plan = (models: Array<Record<string, unknown>>, ...files: InstalledFile[]) =>
	planSync(models, { files, warnings: [] }, SHIPPED);
const encoder = file('qwen_3_4b.safetensors', 'text_encoders', QWEN3);
const vae = file('ae.safetensors', 'vae', { 'decoder.conv_in.weight': ['F32', [512, 16, 3, 3]] });
const added = (result: ReturnType<typeof plan>) =>
	result.changes.flatMap((change) => (change.kind === 'add' ? [change.entry] : []));

describe('planning a sync', () => {
	it('gives a look-alike of a shipped model its settings, and its own figures', () => {
		const [entry] = added(
			plan([], file('my-turbo.safetensors', 'diffusion_models', Z_IMAGE), encoder, vae),
		);
		expect(entry).toMatchObject({
			name: 'my-turbo',
			family: 'z-image',
			enabled: true,
			commercial_use: false,
			purposes: { photo: 0.81 },
		});
		expect(entry).not.toHaveProperty('vram_peak_gb');
		expect(entry?.presets).toEqual([expect.not.objectContaining({ vram_peak_gb: 13 })]);
		expect(entry?.vram_gb).toBeCloseTo((3840 * 2560 * 2) / 1e9, 3);
	});

	it('does not give a base model the settings of a distilled one', () => {
		const [entry] = added(
			plan([], file('my-z-image.safetensors', 'diffusion_models', Z_IMAGE), encoder, vae),
		);
		expect(entry).toMatchObject({ family: 'z-image', enabled: false });
	});

	it('leaves disabled what ComfyUI does not convert from the names of the diffusers library', () => {
		const klein = {
			'double_stream_modulation_img.linear.weight': ['BF16', [1, 1]],
			'x_embedder.weight': ['BF16', [3072, 128]],
		} satisfies ShortTable;
		const [entry] = added(plan([], file('klein.safetensors', 'diffusion_models', klein)));
		expect(entry).toMatchObject({ family: 'flux2', enabled: false });
		expect(String(entry?.x_disabled_reason)).toContain('diffusers');
	});

	it('takes the same encoder under another name', () => {
		const other = file('qwen3-renamed.safetensors', 'text_encoders', QWEN3);
		const [entry] = added(
			plan([], file('z_image_turbo_bf16.safetensors', 'diffusion_models', Z_IMAGE), other, vae),
		);
		expect(entry).toMatchObject({
			enabled: true,
			files: { text_encoders: ['qwen3-renamed.safetensors'] },
		});
	});

	it('treats a half-copied file as missing', () => {
		const models = [{ name: 'mine', files: { checkpoint: 'a.safetensors' } }];
		const broken = file('a.safetensors', 'checkpoints', undefined, {
			usable: false,
			problem: 'Half there.',
		});
		expect(plan(models, broken).changes).toEqual([
			{
				kind: 'disable',
				model: 'mine',
				index: 0,
				reason: 'Files missing: a.safetensors (Half there.)',
			},
		]);
	});

	it('says where a file is that is in the wrong folder', () => {
		const models = [{ name: 'mine', files: { checkpoint: 'a.safetensors' } }];
		const [change] = plan(models, file('sub/a.safetensors', 'loras')).changes;
		expect(change).toMatchObject({
			reason: 'Files missing: a.safetensors (there is sub/a.safetensors in loras)',
		});
	});

	it('matches the backslashes of a Windows server', () => {
		const models = [{ name: 'mine', files: { checkpoint: 'sub\\a.safetensors' } }];
		expect(plan(models, file('sub/a.safetensors', 'checkpoints')).changes).toEqual([]);
	});

	it('takes files of the same name in two folders for two models, each once', () => {
		const names = (...models: Array<Record<string, unknown>>) =>
			added(
				plan(
					models,
					file('same.safetensors', 'checkpoints', Z_IMAGE),
					file('same.safetensors', 'diffusion_models', Z_IMAGE),
					file('same.safetensors', 'diffusion_models', Z_IMAGE),
				),
			).map((entry) => [entry.name, Object.keys(entry.files as object)[0]]);
		expect(names()).toEqual([
			['same', 'checkpoint'],
			['same-2', 'diffusion_model'],
		]);
		expect(names({ name: 'a', files: { checkpoint: 'same.safetensors' } })).toEqual([
			['same', 'diffusion_model'],
		]);
	});

	it('never gives two entries the same name', () => {
		const models = [{ name: 'odd', files: {} }];
		const strange: ShortTable = { x: ['F16', [1]] };
		const result = plan(
			models,
			file('odd.safetensors', 'checkpoints', strange),
			file('sub/odd.safetensors', 'checkpoints', strange),
		);
		expect(added(result).map((entry) => entry.name)).toEqual(['odd-2', 'odd-3']);
	});

	it('refreshes generated figures when the file was replaced, and nothing else', () => {
		const models = [
			{
				name: 'a',
				files: { diffusion_model: 'a.safetensors' },
				vram_gb: 99,
				family: 'flux',
				x_generated: 'family vram_gb',
			},
			{ name: 'b', files: { diffusion_model: 'b.safetensors' }, vram_gb: 99, family: 'flux' },
		];
		const result = plan(
			models,
			file('a.safetensors', 'diffusion_models', Z_IMAGE),
			file('b.safetensors', 'diffusion_models', Z_IMAGE),
		);
		expect(
			result.changes.map(
				(change) => change.kind === 'update' && [change.model, change.key, change.to],
			),
		).toEqual([
			['a', 'family', 'z-image'],
			['a', 'vram_gb', 0.02],
		]);
		expect(result.notes).toContain('b: the entry says flux, its file b.safetensors is z-image.');
	});

	it('names LoRAs that a preset needs and nobody installed', () => {
		const presets = [{ name: 'fast', loras: [{ file: 'x/fast.safetensors' }] }];
		const models = [{ name: 'mine', files: { checkpoint: 'a.safetensors' }, presets }];
		const result = plan(models, file('a.safetensors', 'checkpoints'));
		expect(describePlan(result)).toContain(
			'the LoRA fast.safetensors of preset fast is not installed',
		);
	});
});

describe('the models of a server', () => {
	it('are known by name, size and their own description', async () => {
		const files: Record<string, string[]> = {
			checkpoints: ['xl.safetensors', 'plain.safetensors'],
			unet: ['z_image_turbo_bf16.safetensors'],
		};
		const inventory = await new ServerInventory({
			fileSizes: (folder) =>
				Promise.resolve(
					folder === 'checkpoints'
						? files[folder]!.map((name) => ({ name, folder, sizeBytes: 7e9, modifiedMs: null }))
						: null,
				),
			filesIn: (folder) => Promise.resolve(files[folder] ?? null),
			fileMetadata: (_folder, name) =>
				Promise.resolve(
					name === 'xl.safetensors'
						? { 'modelspec.architecture': 'stable-diffusion-xl-v1-base' }
						: null,
				),
		}).list();
		const byName = new Map(inventory.files.map((found) => [found.name, found]));
		expect(byName.get('xl.safetensors')).toMatchObject({
			bytes: 7e9,
			detection: { part: 'checkpoint', family: 'sdxl' },
		});
		expect(byName.get('plain.safetensors')?.detection).toBeNull();
		const entries = added(planSync([], inventory, SHIPPED) as ReturnType<typeof plan>);
		expect(entries.find((entry) => entry.name === 'plain')).toMatchObject({
			enabled: false,
			x_file_gb: 7,
		});
		expect(entries.find((entry) => entry.name === 'z-image-turbo')).toMatchObject({
			family: 'z-image',
		});
	});

	it('are refused as empty where no folder is known, so that nothing is disabled by mistake', async () => {
		const none = () => Promise.resolve(null);
		const server = new ServerInventory({ fileSizes: none, filesIn: none, fileMetadata: none });
		await expect(server.list()).rejects.toMatchObject({ code: 'COMFYUI_NOT_COMFYUI' });
	});
});
