/** Simulated models made from a catalog do what the catalog says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import {
	type SamplingStage,
	emptyGpuState,
	gpuProfile,
	modelsByName,
	modelsFromCatalog,
	planJob,
	seededRandom,
} from '../../../simulator/gpu';

const catalog = parseCatalog(
	JSON.parse(readFileSync(join(__dirname, '../../../models_config.json'), 'utf8')),
);
const random = seededRandom(1);
const profile = gpuProfile({ vramTotalBytes: 1e12 });

const presets = catalog.models.flatMap((model) =>
	model.presets.map((preset) => ({ title: `${model.name} ${preset.name}`, model, preset })),
);

function reference({ model, preset }: (typeof presets)[number]): SamplingStage {
	return {
		modelName: model.name,
		steps: preset.reference.steps ?? preset.steps,
		cfg: preset.cfg,
		width: preset.reference.width,
		height: preset.reference.height,
		batchSize: preset.reference.batch_size,
		loras: preset.loras.map((lora) => lora.file),
	};
}

describe('modelsFromCatalog on the shipped catalog', () => {
	it.each(presets)('runs $title in its own time', (entry) => {
		const gpu = { profile, models: modelsByName(modelsFromCatalog(catalog)) };
		const plan = planJob(
			gpu,
			emptyGpuState(),
			{ signature: null, stages: [reference(entry)] },
			random,
		);
		expect(plan.runSeconds).toBeCloseTo(entry.preset.avg_time_seconds, 6);
		if (entry.model.load_seconds !== undefined)
			expect(plan.loadSeconds).toBe(entry.model.load_seconds);
	});

	it.each(catalog.models.filter((model) => model.vram_peak_gb !== undefined))(
		'peaks as $name says',
		(model) => {
			const gpu = { profile, models: modelsByName(modelsFromCatalog(catalog)) };
			const preset = model.presets[0];
			if (!preset) throw new Error('A model has a preset.');
			const stage = reference({ title: '', model, preset });
			const plan = planJob(gpu, emptyGpuState(), { signature: null, stages: [stage] }, random);
			const given = preset.vram_peak_gb ?? model.vram_peak_gb ?? 0;
			expect(plan.peakBytes / 1e9).toBeCloseTo(Math.max(given, model.vram_gb ?? 0), 6);
		},
	);

	it('is another truth where factors say so', () => {
		const name = catalog.models[0]?.name ?? '';
		const factors = {
			timeFactor: { [name]: 1.3 },
			vramFactor: { [name]: 1.1 },
			loadFactor: { [name]: 2 },
		};
		const [plain] = modelsFromCatalog(catalog);
		const [biased] = modelsFromCatalog(catalog, factors);
		expect((biased?.weightsBytes ?? 0) / (plain?.weightsBytes ?? 1)).toBeCloseTo(1.1, 9);
		const pace = (model: typeof plain): number => model?.timings[0]?.secondsPerStep ?? 0;
		expect(pace(biased)).toBeGreaterThan(pace(plain) * 1.25);
	});

	it('installs every file the catalog names', () => {
		const installed = new Set(
			modelsFromCatalog(catalog).flatMap((model) => model.files.map((f) => f.name)),
		);
		for (const { files, presets: list } of catalog.models) {
			const named = [
				files.checkpoint,
				files.diffusion_model,
				files.vae,
				...(files.text_encoders ?? []),
			];
			const loras = list.flatMap((preset) => preset.loras.map((lora) => lora.file));
			for (const file of [...named, ...loras]) if (file) expect(installed).toContain(file);
		}
	});
});
