import { describe, expect, it } from 'vitest';

import { isSameFile } from '../../../lib/workflow/file-names';
import { identifyModel } from '../../../lib/workflow/identify-model';
import { node, sdxlHiresFix } from '../../support/graphs';
import { workflow } from '../../support/recordings';
import { catalogOf, presetOf } from '../../support/selections';

describe('isSameFile', () => {
	it.each([
		['a.safetensors', 'a.safetensors', true],
		['SDXL\\a.safetensors', 'SDXL/a.safetensors', true],
		['SDXL/a.safetensors', 'a.safetensors', true],
		['a.safetensors', 'x/y/a.safetensors', true],
		['x/a.safetensors', 'y/a.safetensors', false],
		['ba.safetensors', 'a.safetensors', false],
		['', '', false],
	])('%s and %s: %s', (a, b, expected) => {
		expect(isSameFile(a, b)).toBe(expected);
		expect(isSameFile(b, a)).toBe(expected);
	});
});

const lightning = 'Qwen-Image-Lightning-4steps-V1.0.safetensors';
const qwenFile = 'qwen_image_fp8_e4m3fn.safetensors';

describe('identifyModel', () => {
	it('knows a model by its file, wherever the folder separator comes from', () => {
		const catalog = catalogOf([
			{ name: 'jugger', files: { checkpoint: 'juggernaut.safetensors' } },
		]);
		expect(identifyModel(sdxlHiresFix(), catalog)?.model.name).toBe('jugger');
	});

	it('does not know a model of another catalog', () => {
		const catalog = catalogOf([{ name: 'other', files: { checkpoint: 'other.safetensors' } }]);
		expect(identifyModel(workflow('sdxl'), catalog)).toBeNull();
		expect(identifyModel({}, catalog)).toBeNull();
	});

	it('tells presets of one file by their LoRAs, then by their steps', () => {
		const catalog = catalogOf([
			{
				name: 'qwen',
				files: { diffusion_model: qwenFile },
				presets: [
					presetOf('full', { steps: 50 }),
					presetOf('balanced', { steps: 20 }),
					presetOf('fast', { steps: 4, cfg: 1, loras: [{ file: lightning }] }),
				],
			},
		]);
		const graph = workflow('qwen_image_lightning4');
		expect(identifyModel(graph, catalog)?.preset.name).toBe('fast');
		graph['11'].inputs.strength_model = 0;
		graph['8'].inputs.steps = 22;
		expect(identifyModel(graph, catalog)?.preset.name).toBe('balanced');
	});

	it('tells models of one file by their LoRAs', () => {
		const fast = presetOf('fast', { steps: 4, loras: [{ file: lightning }] });
		const catalog = catalogOf([
			{ name: 'plain', files: { diffusion_model: qwenFile } },
			{ name: 'quick', files: { diffusion_model: qwenFile }, presets: [fast] },
		]);
		expect(identifyModel(workflow('qwen_image_lightning4'), catalog)?.model.name).toBe('quick');
	});

	it('prefers the exact path among files of one name', () => {
		const catalog = catalogOf([
			{ name: 'bare', files: { checkpoint: 'juggernaut.safetensors' } },
			{ name: 'foldered', files: { checkpoint: 'SDXL/juggernaut.safetensors' } },
		]);
		expect(identifyModel(sdxlHiresFix(), catalog)?.model.name).toBe('foldered');
	});

	it('reads the parameters that will run', () => {
		const catalog = catalogOf([{ name: 'm', files: { checkpoint: 'juggernaut.safetensors' } }]);
		expect(identifyModel(sdxlHiresFix(), catalog)?.parameters).toMatchObject({
			steps: 15,
			cfg: 6,
			width: 832,
			height: 1216,
			batchSize: 2,
			loras: ['style.safetensors'],
		});
	});

	it('knows a graph without a known sampler by the one catalog file in it', () => {
		const catalog = catalogOf([{ name: 'm', files: { checkpoint: 'a.safetensors' } }]);
		const graph = {
			'1': node('Efficient Everything', { thing: 'x/a.safetensors', steps: 20 }),
			'2': node('SaveImage', { images: ['1', 5] }),
		};
		expect(identifyModel(graph, catalog)?.model.name).toBe('m');
	});
});
