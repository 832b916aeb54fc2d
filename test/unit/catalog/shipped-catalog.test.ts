import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
	DEFAULT_QUALITY_TIERS,
	DEFAULT_URGENCIES,
	KNOWN_FAMILIES,
} from '../../../lib/catalog/defaults';
import { parseCatalogText } from '../../../lib/catalog/parse';
import type { CatalogModel } from '../../../lib/catalog/schema';
import { CATALOG_EVIDENCE } from '../../support/catalog-evidence';
import {
	expectedLoadSeconds,
	expectedPeakGb,
	expectedPresetQuality,
	expectedPurposes,
	expectedSeconds,
} from '../../support/catalog-formulae';

const root = join(__dirname, '..', '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const catalog = parseCatalogText(read('models_config.json'));
const models = catalog.models.map((model) => [model.name, model] as const);
const presets = catalog.models.flatMap((model) =>
	model.presets.map((preset) => [`${model.name} ${preset.name}`, model, preset] as const),
);
const byName = (name: string): CatalogModel => {
	const found = catalog.models.find((model) => model.name === name);
	if (found === undefined) throw new Error(`There is no ${name}.`);
	return found;
};

/** Licence and whether it allows commercial use without conditions, from the vendors' licences and model cards. */
const LICENCES: Array<[names: RegExp, licence: RegExp, commercial: boolean]> = [
	[/^sd15$/, /OpenRAIL-M/, true],
	[/^sdxl-(base|lightning)/, /OpenRAIL\+\+-M/, true],
	[/^sdxl-turbo$/, /sai-nc-community/, false],
	[/^sd35-/, /Stability AI Community/, false],
	[/^flux1-schnell$/, /Apache-2\.0/, true],
	[/^flux1-(dev|krea|kontext)/, /Non-Commercial/, false],
	[/^flux2-klein-4b$/, /Apache-2\.0/, true],
	[/^flux2-(dev|klein-9b)$/, /Non-Commercial/, false],
	[/^(chroma|qwen|z-image|lumina)/, /Apache-2\.0/, true],
	[/^hidream/, /MIT/, true],
	[/^hunyuan/, /Tencent Hunyuan Community/, false],
];

describe('the shipped catalog', () => {
	it('holds the models that are promised', () => {
		expect(catalog.models.map(({ name }) => name)).toEqual(
			expect.arrayContaining([
				'sd15',
				'sdxl-base',
				'sdxl-lightning-4step',
				'sdxl-lightning-8step',
				'sdxl-turbo',
				'flux1-dev',
				'flux1-schnell',
				'flux2-klein-4b',
				'qwen-image',
				'qwen-image-2512',
				'qwen-image-edit-2511',
				'z-image-turbo',
			]),
		);
	});

	it('writes the default urgencies and tiers out, and names no servers', () => {
		expect(catalog.urgency).toEqual(DEFAULT_URGENCIES);
		expect(catalog.quality_tiers).toEqual(DEFAULT_QUALITY_TIERS);
		expect(catalog.servers).toEqual([]);
	});

	it('has evidence for every model and every preset, and no more', () => {
		expect(Object.keys(CATALOG_EVIDENCE).sort()).toEqual(models.map(([name]) => name).sort());
		for (const [name, model] of models) {
			expect(Object.keys(CATALOG_EVIDENCE[name]!.presets).sort(), name).toEqual(
				model.presets.map((preset) => preset.name).sort(),
			);
		}
	});

	it.each(models)('%s has the qualities that follow from its evidence', (name, model) => {
		const evidence = CATALOG_EVIDENCE[name]!;
		const expected = expectedPurposes(evidence);
		expect(model.purposes).toEqual(expected);
		for (const preset of model.presets) {
			const { deduction } = evidence.presets[preset.name]!;
			expect(preset.quality, preset.name).toBe(expectedPresetQuality(expected, deduction));
		}
		expect(Math.max(...model.presets.map(({ quality }) => quality))).toBe(1);
		expect((model as { x_assumed_inputs?: string[] }).x_assumed_inputs).toEqual(
			evidence.quality.guessed,
		);
	});

	it.each(presets)(
		'%s has the time that was published or follows from its passes',
		(_, model, preset) => {
			const evidence = CATALOG_EVIDENCE[model.name]!.presets[preset.name]!;
			expect(preset.avg_time_seconds).toBe(expectedSeconds(evidence, preset.steps));
			expect(preset.confidence).toBe(
				evidence.publishedSeconds === undefined ? 'estimated' : 'published',
			);
			expect(preset.cfg > 1 ? 2 : 1).toBe(evidence.passesPerStep);
			expect(preset.p95_time_seconds).toBeUndefined();
		},
	);

	it.each(models)('%s has the memory and load that follow from its parts', (name, model) => {
		const { memory } = CATALOG_EVIDENCE[name]!;
		const { width, height } = model.presets[0]!.reference;
		expect(model.vram_gb).toBe(memory.samplingGb);
		expect(model.vram_peak_gb).toBe(expectedPeakGb(memory, width, height));
		expect(model.vram_peak_gb).toBeGreaterThan(model.vram_gb!);
		expect(model.load_seconds).toBe(expectedLoadSeconds(memory));
	});

	it.each(models)('%s has a licence that is stated right', (name, model) => {
		const rows = LICENCES.filter(([names]) => names.test(name));
		expect(rows).toHaveLength(1);
		expect(model.license).toMatch(rows[0]![1]);
		expect(model.commercial_use).toBe(rows[0]![2]);
		if (!model.commercial_use) expect(model.license_notes ?? '').not.toBe('');
	});

	it.each(models)('%s is complete', (_, model) => {
		expect(model.enabled).toBe(true);
		expect(KNOWN_FAMILIES).toContain(model.family);
		expect(model.name).toMatch(/^[a-z0-9]+([.-][a-z0-9]+)*$/);
		expect(model.files.checkpoint ?? model.files.diffusion_model).toMatch(/\.safetensors$/);
		if (model.files.diffusion_model !== undefined) {
			expect(model.files.text_encoders?.length).toBeGreaterThan(0);
			expect(model.files.vae).toBeDefined();
		}
		expect(model.inputs.includes('image')).toBe(model.purposes.edit !== undefined);
	});

	it.each(presets)('%s is runnable and says where its time is from', (_, model, preset) => {
		expect(preset.source?.length).toBeGreaterThan(40);
		expect(preset.reference.gpu).toMatch(/^RTX 4090/);
		expect(preset.reference.steps).toBe(preset.steps);
		expect(preset.reference.width).toBeGreaterThanOrEqual(model.min_width!);
		expect(preset.reference.width).toBeLessThanOrEqual(model.max_width!);
		expect(preset.reference.height).toBeGreaterThanOrEqual(model.min_height!);
		expect(preset.reference.height).toBeLessThanOrEqual(model.max_height!);
	});

	it('uses samplers and schedulers that ComfyUI has', () => {
		const recorded = JSON.parse(
			read('test/fixtures/comfyui/recordings/object_info_KSampler.json'),
		) as { body: { KSampler: { input: { required: Record<string, [string[]]> } } } };
		const { sampler_name, scheduler } = recorded.body.KSampler.input.required;
		for (const [name, , preset] of presets) {
			expect(sampler_name![0], name).toContain(preset.sampler_name);
			expect(scheduler![0], name).toContain(preset.scheduler);
		}
	});

	it('says that a negative prompt has no effect where every preset runs at cfg 1', () => {
		for (const [name, model] of models) {
			if (model.presets.every(({ cfg }) => cfg <= 1))
				expect(model.supports_negative_prompt, name).toBe(false);
			else if (name !== 'sd35-large-turbo') expect(model.supports_negative_prompt, name).toBe(true);
		}
	});

	it('pairs Lightning LoRAs only with weights that they work on', () => {
		for (const [name, model, preset] of presets) {
			for (const { file } of preset.loras) {
				const base = model.files.diffusion_model ?? '';
				const isPlainFp8 = /fp8_e4m3fn\.safetensors$/.test(base);
				expect(/-fp8-e4m3fn-Lightning-/.test(file), name).toBe(isPlainFp8);
				const release = /2509|2511|2512/;
				expect(release.exec(file)?.[0], name).toBe(release.exec(base)?.[0]);
				expect(file, name).toContain(`-${preset.steps}steps-`);
				expect(preset.cfg, name).toBe(1);
			}
		}
		expect(byName('qwen-image-2512').presets.flatMap(({ loras }) => loras)).toEqual([]);
		expect(byName('qwen-image-2512-bf16').presets.flatMap(({ loras }) => loras)).toHaveLength(1);
	});

	it('keeps every 24 GB reference within 24 GB', () => {
		const bytes24GiB = 24 * 1024 ** 3;
		for (const [name, model, preset] of presets) {
			const is24 = preset.reference.gpu!.endsWith('24 GB');
			expect((model.vram_peak_gb! + 0.5) * 1e9 < bytes24GiB, name).toBe(is24);
		}
	});
});
