import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type RouterError } from '../../../lib/errors';
import { applySelection } from '../../../lib/workflow/apply-selection';
import { fluxCustom, node, qwenEdit, sdxlHiresFix } from '../../support/graphs';
import { workflow } from '../../support/recordings';
import { parameters, selectionOf } from '../../support/selections';

const sdxl = { name: 'sdxl', files: { checkpoint: 'sd_xl_base_1.0.safetensors' } };
const flux = {
	name: 'flux',
	files: {
		diffusion_model: 'flux1-krea-dev.safetensors',
		text_encoders: ['clip_l.safetensors', 't5xxl_fp8.safetensors'],
		vae: 'ae.safetensors',
	},
};
const qwen = {
	name: 'qwen',
	files: {
		diffusion_model: 'qwen_image_2512_bf16.safetensors',
		text_encoders: ['qwen_2.5_vl_7b.safetensors'],
		vae: 'qwen_image_vae.safetensors',
	},
};

describe('applySelection', () => {
	it('sets every value of a checkpoint graph and misses nothing', () => {
		const { graph, missing } = applySelection(workflow('sdxl'), selectionOf(sdxl));
		expect(missing).toEqual([]);
		expect(graph['4']?.inputs['ckpt_name']).toBe('sd_xl_base_1.0.safetensors');
		expect(graph['5']?.inputs).toEqual({ width: 896, height: 1152, batch_size: 2 });
		expect(graph['6']?.inputs['text']).toBe('a new prompt');
		expect(graph['7']?.inputs['text']).toBe('new negative');
		expect(graph['3']?.inputs).toMatchObject({
			seed: 99,
			steps: 12,
			cfg: 5,
			sampler_name: 'dpmpp_2m',
			scheduler: 'karras',
			denoise: 1,
		});
	});

	it('changes nothing else, and not the graph it was given', () => {
		const given = workflow('sdxl');
		const before = structuredClone(given);
		const { graph } = applySelection(given, selectionOf(sdxl));
		expect(given).toEqual(before);
		expect(Object.keys(graph)).toEqual(Object.keys(given));
		expect(graph['9']).toEqual(before['9']);
	});

	it("keeps the graph's texts and denoise where the request has none", () => {
		const given = workflow('sdxl');
		given['3'].inputs.denoise = 0.6;
		const { graph } = applySelection(given, selectionOf(sdxl, { prompt: '', negative_prompt: '' }));
		expect(graph['6']?.inputs['text']).toBe('a red cube');
		expect(graph['3']?.inputs['denoise']).toBe(0.6);
	});

	it("takes the seed of the options before that of the selection, and keeps the graph's without either", () => {
		const withBoth = applySelection(workflow('sdxl'), selectionOf(sdxl), { seed: 5 });
		expect(withBoth.graph['3']?.inputs['seed']).toBe(5);
		const withNone = applySelection(workflow('sdxl'), selectionOf(sdxl, { seed: null }));
		expect(withNone.graph['3']?.inputs['seed']).toBe(1);
	});

	it('writes through primitives into a custom sampler', () => {
		const { graph, missing } = applySelection(fluxCustom(), selectionOf(flux, { cfg: 1 }));
		expect(graph['unet']?.inputs['unet_name']).toBe('flux1-krea-dev.safetensors');
		expect(graph['w']?.inputs['value']).toBe(896);
		expect(graph['latent']?.inputs['width']).toEqual(['w', 0]);
		expect(graph['noise']?.inputs['noise_seed']).toBe(99);
		expect(graph['sigmas']?.inputs).toMatchObject({ steps: 12, scheduler: 'karras' });
		// BasicGuider has no negative side
		expect(missing).toEqual(['negative']);
	});

	it('leaves text encoder files that are the same where they are', () => {
		const { graph } = applySelection(fluxCustom(), selectionOf(flux, { cfg: 1 }));
		expect(graph['clip']?.inputs).toMatchObject({
			clip_name1: 't5xxl_fp8.safetensors',
			clip_name2: 'clip_l.safetensors',
		});
	});

	it('keeps the sub-folder of a file that is already there', () => {
		const model = { name: 'j', files: { checkpoint: 'juggernaut.safetensors' } };
		const { graph } = applySelection(sdxlHiresFix(), selectionOf(model));
		expect(graph['1']?.inputs['ckpt_name']).toBe('SDXL\\juggernaut.safetensors');
	});

	it('puts a LoRA between the loader and everything that used its model', () => {
		const loras = [
			{ file: 'a.safetensors', strength: 0.5 },
			{ file: 'b.safetensors', strength: 1 },
		];
		const { graph } = applySelection(fluxCustom(), selectionOf(flux, { cfg: 1, loras }));
		expect(graph['1']).toMatchObject({
			class_type: 'LoraLoaderModelOnly',
			inputs: { lora_name: 'a.safetensors', strength_model: 0.5, model: ['unet', 0] },
		});
		expect(graph['2']?.inputs).toMatchObject({ lora_name: 'b.safetensors', model: ['1', 0] });
		expect(graph['shift']?.inputs['model']).toEqual(['2', 0]);
	});

	it("replaces a few-step LoRA by the preset's own", () => {
		const loras = [{ file: 'Qwen-Image-2512-Lightning-4steps-V1.0-fp32.safetensors', strength: 1 }];
		const given = workflow('qwen_image_lightning4');
		const { graph } = applySelection(given, selectionOf(qwen, { loras }));
		expect(graph['11']?.inputs).toMatchObject({ lora_name: loras[0]?.file, strength_model: 1 });
		expect(Object.keys(graph)).toHaveLength(Object.keys(given).length);
	});

	it('switches a few-step LoRA off for a preset without one, and leaves a style LoRA alone', () => {
		const off = applySelection(workflow('qwen_image_lightning4'), selectionOf(qwen));
		expect(off.graph['11']?.inputs['strength_model']).toBe(0);
		const style = applySelection(sdxlHiresFix(), selectionOf(sdxl));
		expect(style.graph['2']?.inputs['strength_model']).toBe(0.8);
	});

	it('leaves the size of an edit to its image', () => {
		const { graph, missing } = applySelection(qwenEdit(), selectionOf(qwen, { batch_size: 1 }));
		expect(missing).toEqual([]);
		expect(graph['6']?.inputs['prompt']).toBe('a new prompt');
	});

	it('lengthens the last step with the steps', () => {
		const given = workflow('sdxl');
		const inputs = given['3'].inputs;
		given['3'] = node('KSamplerAdvanced', {
			...inputs,
			noise_seed: 3,
			add_noise: 'enable',
			start_at_step: 0,
			end_at_step: 25,
		});
		delete given['3'].inputs.seed;
		const { graph } = applySelection(given, selectionOf(sdxl));
		expect(graph['3']?.inputs).toMatchObject({ noise_seed: 99, steps: 12, end_at_step: 12 });
	});

	it.each([
		['sdxl', flux, 'loads a checkpoint'],
		['flux_dev', sdxl, 'loads a diffusion model'],
	])('says what to do where %s meets files of the other kind', (name, model, message) => {
		try {
			applySelection(workflow(name), selectionOf(model));
			expect.unreachable();
		} catch (error) {
			expect(error).toMatchObject({ code: 'WORKFLOW_INVALID' });
			expect((error as RouterError).message).toContain(message);
			expect((error as RouterError).hint).toContain('workflow');
		}
	});

	it('obeys overrides by title', () => {
		const { graph } = applySelection(sdxlHiresFix(), selectionOf(sdxl), {
			overrides: { sampler: { node: 'First pass' }, negative: { node: '6', input: 'text' } },
		});
		expect(graph['9']?.inputs['steps']).toBe(12);
		expect(graph['11']?.inputs['steps']).toBe(15);
		expect(graph['4']?.inputs['value']).toBe('a new prompt');
	});

	it('never shows hostile text in a prototype', () => {
		const given = JSON.parse(
			JSON.stringify(workflow('sdxl')).replace(
				'"SaveImage"',
				'"SaveImage","__proto__":{"polluted":1}',
			),
		);
		const prompt = '"; DROP TABLE x; -- ${7*7} \u0000 __proto__';
		const { graph } = applySelection(given, selectionOf(sdxl, { prompt }));
		expect(graph['6']?.inputs['text']).toBe(prompt);
		expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
	});

	it('is stable: applying the same selection again changes nothing', () => {
		const graphs = [workflow('sdxl'), sdxlHiresFix()];
		fc.assert(
			fc.property(
				fc.constantFrom(...graphs),
				fc.record({
					steps: fc.integer({ min: 1, max: 100 }),
					seed: fc.nat(),
					prompt: fc.string(),
					width: fc.integer({ min: 16, max: 4096 }),
				}),
				(graph, changed) => {
					const selection = selectionOf(sdxl, { ...parameters, ...changed });
					const once = applySelection(graph, selection).graph;
					expect(applySelection(once, selection).graph).toEqual(once);
				},
			),
			{ numRuns: 200 },
		);
	});
});
