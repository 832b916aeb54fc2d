import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { RouterError } from '../../../lib/errors';
import { findBindings } from '../../../lib/workflow/bindings';
import type { ApiGraph } from '../../../lib/workflow/graph';
import { parseGraph } from '../../../lib/workflow/parse-graph';
import { fluxCustom, node, qwenEdit, sdxlHiresFix } from '../../support/graphs';
import { workflow } from '../../support/recordings';

const at = (nodeId: string, input: string) => ({ nodeId, input });

function codeOf(run: () => unknown): string {
	try {
		run();
	} catch (error) {
		if (error instanceof RouterError) return error.code;
		throw error;
	}
	return 'no error';
}

describe('findBindings on recorded workflows', () => {
	it('finds everything in an SD 1.5 graph', () => {
		const found = findBindings(workflow('sd15'));
		expect(found.sampler).toMatchObject({ nodeId: '3', classType: 'KSampler' });
		expect(found.outputs).toEqual(['9']);
		expect(found.model).toMatchObject({ nodeId: '4', input: 'ckpt_name', kind: 'checkpoint' });
		expect(found.values).toEqual({
			steps: [at('3', 'steps')],
			cfg: [at('3', 'cfg')],
			sampler_name: [at('3', 'sampler_name')],
			scheduler: [at('3', 'scheduler')],
			seed: [at('3', 'seed')],
			denoise: [at('3', 'denoise')],
			width: [at('5', 'width')],
			height: [at('5', 'height')],
			batch_size: [at('5', 'batch_size')],
			positive: [at('6', 'text')],
			negative: [at('7', 'text')],
			text_encoders: [],
			vae: [],
		});
	});

	it('goes through FluxGuidance and finds the separate files', () => {
		const found = findBindings(workflow('flux_dev'));
		expect(found.model).toMatchObject({ nodeId: '1', input: 'unet_name', kind: 'diffusion_model' });
		expect(found.values.positive).toEqual([at('4', 'text')]);
		expect(found.values.negative).toEqual([at('6', 'text')]);
		expect(found.values.text_encoders).toEqual([at('2', 'clip_name1'), at('2', 'clip_name2')]);
		expect(found.values.vae).toEqual([at('3', 'vae_name')]);
	});

	it('finds the LoRA between loader and model patch', () => {
		const found = findBindings(workflow('qwen_image_lightning4'));
		expect(found.loras).toEqual([
			{ nodeId: '11', file: at('11', 'lora_name'), strengths: [at('11', 'strength_model')] },
		]);
		expect(found.model?.nodeId).toBe('1');
	});
});

describe('findBindings on graphs people build', () => {
	it('follows a custom sampler through guider, noise, sampler and sigmas', () => {
		const found = findBindings(fluxCustom());
		expect(found.sampler.nodeId).toBe('sampler');
		expect(found.values).toMatchObject({
			steps: [at('sigmas', 'steps')],
			cfg: [],
			sampler_name: [at('select', 'sampler_name')],
			scheduler: [at('sigmas', 'scheduler')],
			seed: [at('noise', 'noise_seed')],
			denoise: [at('sigmas', 'denoise')],
			width: [at('w', 'value')],
			height: [at('h', 'value')],
			positive: [at('text', 'text')],
			negative: [],
		});
		expect(found.model).toMatchObject({ nodeId: 'unet', output: ['unet', 0] });
	});

	it('finds cfg in a CFGGuider and both its texts', () => {
		const graph = fluxCustom();
		graph['neg'] = node('CLIPTextEncode', { text: 'bad', clip: ['clip', 0] });
		graph['guider'] = node('CFGGuider', {
			cfg: 4,
			model: ['shift', 0],
			positive: ['guidance', 0],
			negative: ['neg', 0],
		});
		const found = findBindings(graph);
		expect(found.values.cfg).toEqual([at('guider', 'cfg')]);
		expect(found.values.negative).toEqual([at('neg', 'text')]);
	});

	it('takes the sampler nearest to the saved output and says so', () => {
		const found = findBindings(sdxlHiresFix());
		expect(found.sampler).toMatchObject({ nodeId: '11', title: 'Second pass' });
		expect(found.samplers).toEqual(['11', '9']);
		expect(found.description).toContain('11 (Second pass)');
		expect(found.description).toContain('9 (First pass)');
	});

	it('finds size, texts and seed behind other nodes', () => {
		const found = findBindings(sdxlHiresFix());
		expect(found.values.width).toEqual([at('8', 'width')]);
		expect(found.values.batch_size).toEqual([at('8', 'batch_size')]);
		expect(found.values.seed).toEqual([at('12', 'seed')]);
		expect(found.values.positive).toEqual([at('4', 'value')]);
		expect(found.values.negative).toEqual([at('6', 'text')]);
		expect(found.loras.map((lora) => lora.nodeId)).toEqual(['2']);
		expect(found.imageToImage).toBe(false);
	});

	it('can be told another sampler, by id or by title', () => {
		expect(findBindings(sdxlHiresFix(), { sampler: { node: '9' } }).sampler.nodeId).toBe('9');
		const titled = findBindings(sdxlHiresFix(), { sampler: { node: 'First pass' } });
		expect(titled.values.steps).toEqual([at('9', 'steps')]);
	});

	it('can be told any other place', () => {
		const found = findBindings(sdxlHiresFix(), {
			positive: { node: 'Prompt' },
			steps: [{ node: '9' }, { node: '11' }],
			seed: { node: '12', input: 'seed' },
		});
		expect(found.values.positive).toEqual([at('4', 'value')]);
		expect(found.values.steps).toEqual([at('9', 'steps'), at('11', 'steps')]);
	});

	it('refuses a choice that is not there or not unique', () => {
		expect(codeOf(() => findBindings(sdxlHiresFix(), { sampler: { node: 'Nope' } }))).toBe(
			'WORKFLOW_INVALID',
		);
		const twice = { ...sdxlHiresFix(), '99': node('Note', {}, 'Prompt') };
		expect(codeOf(() => findBindings(twice, { positive: { node: 'Prompt' } }))).toBe(
			'WORKFLOW_INVALID',
		);
	});

	it('reads the texts of an edit graph and leaves its size to the image', () => {
		const found = findBindings(qwenEdit());
		expect(found.imageToImage).toBe(true);
		expect(found.values.width).toEqual([]);
		expect(found.values.positive).toEqual([at('6', 'prompt')]);
		expect(found.values.negative).toEqual([at('7', 'prompt')]);
		expect(found.values.text_encoders).toEqual([at('2', 'clip_name')]);
	});

	it('does not take a zeroed-out positive for the negative text', () => {
		const graph = workflow('sd15');
		graph['7'] = node('ConditioningZeroOut', { conditioning: ['6', 0] });
		expect(findBindings(graph).values.negative).toEqual([]);
		graph['3'].inputs.negative = ['6', 0];
		expect(findBindings(graph).values.negative).toEqual([]);
	});

	it('binds both texts of a combined conditioning', () => {
		const graph = workflow('sd15');
		graph['60'] = node('CLIPTextEncode', { text: 'more', clip: ['4', 1] });
		graph['61'] = node('ConditioningCombine', {
			conditioning_1: ['6', 0],
			conditioning_2: ['60', 0],
		});
		graph['3'].inputs.positive = ['61', 0];
		expect(findBindings(graph).values.positive).toEqual([at('6', 'text'), at('60', 'text')]);
	});

	it('binds a computed text where the encoder uses it', () => {
		const graph = workflow('sd15');
		graph['50'] = node('StringConcatenate', { string_a: 'x', string_b: ['51', 0] });
		graph['51'] = node('PrimitiveString', { value: 'y' });
		graph['6'].inputs.text = ['50', 0];
		expect(findBindings(graph).values.positive).toEqual([at('6', 'text')]);
	});

	it('reads a loader that holds texts, size and LoRA itself', () => {
		const graph: ApiGraph = {
			'1': node('Efficient Loader', {
				ckpt_name: 'dream.safetensors',
				vae_name: 'Baked VAE',
				lora_name: 'None',
				lora_model_strength: 1,
				positive: 'a cat',
				negative: 'blurry',
				empty_latent_width: 512,
				empty_latent_height: 768,
				batch_size: 1,
			}),
			'2': node('KSampler (Efficient)', {
				seed: 1,
				steps: 20,
				cfg: 7,
				sampler_name: 'euler',
				scheduler: 'normal',
				denoise: 1,
				model: ['1', 0],
				positive: ['1', 1],
				negative: ['1', 2],
				latent_image: ['1', 3],
			}),
			'3': node('FaceDetailer', {
				steps: 10,
				cfg: 5,
				seed: 2,
				image: ['2', 5],
				model: ['1', 0],
				positive: ['1', 1],
				negative: ['1', 2],
			}),
			'13:59': node('SaveImage', { images: ['3', 0], filename_prefix: 'x' }),
		};
		const found = findBindings(graph);
		expect(found.sampler.nodeId).toBe('2');
		expect(found.model).toMatchObject({ nodeId: '1', input: 'ckpt_name', kind: 'checkpoint' });
		expect(found.values).toMatchObject({
			width: [at('1', 'empty_latent_width')],
			height: [at('1', 'empty_latent_height')],
			positive: [at('1', 'positive')],
			negative: [at('1', 'negative')],
			steps: [at('2', 'steps')],
		});
	});

	it('reads GGUF and custom loaders by their input names', () => {
		const graph = workflow('flux_dev');
		graph['1'] = node('UnetLoaderGGUF', { unet_name: 'flux1-dev-Q8_0.gguf' });
		expect(findBindings(graph).model).toMatchObject({ kind: 'diffusion_model', nodeId: '1' });
	});
});

describe('findBindings on broken graphs', () => {
	it('survives a circle', () => {
		const graph = workflow('sd15');
		graph['20'] = node('LoraLoader', { lora_name: 'a', model: ['21', 0] });
		graph['21'] = node('LoraLoader', { lora_name: 'b', model: ['20', 0] });
		graph['3'].inputs.model = ['20', 0];
		graph['3'].inputs.positive = ['3', 0];
		const found = findBindings(graph);
		expect(found.model).toBeNull();
		expect(found.values.positive).toEqual([]);
	});

	it('survives links to missing nodes, and ids that objects inherit', () => {
		const graph = workflow('sd15');
		graph['3'].inputs.model = ['constructor', 0];
		graph['3'].inputs.latent_image = ['__proto__', 0];
		graph['3'].inputs.positive = ['404', 0];
		const found = findBindings(graph);
		expect(found.model).toBeNull();
		expect(found.values.width).toEqual([]);
		expect(found.values.positive).toEqual([]);
	});

	it('says that there is no sampler', () => {
		const graph: ApiGraph = {
			'1': node('EmptyImage', { width: 64, height: 64 }),
			'2': node('SaveImage', { images: ['1', 0] }),
		};
		expect(codeOf(() => findBindings(graph))).toBe('WORKFLOW_INVALID');
	});

	it('ends on any graph, with bindings or a RouterError', () => {
		const id = fc.constantFrom('1', '2', '3', '4', '5', '__proto__');
		const input = fc.constantFrom(
			'model',
			'positive',
			'negative',
			'latent_image',
			'conditioning',
			'guider',
			'samples',
			'clip',
			'vae',
			'text',
			'seed',
			'steps',
			'cfg',
			'ckpt_name',
			'images',
			'value',
		);
		const value = fc.oneof(fc.tuple(id, fc.nat(2)), fc.string(), fc.integer(), fc.constant(null));
		const anyNode = fc.record({
			class_type: fc.constantFrom('KSampler', 'SaveImage', 'Reroute', 'CLIPTextEncode', 'X'),
			inputs: fc.dictionary(input, value),
		});
		fc.assert(
			fc.property(fc.dictionary(id, anyNode), (graph) => {
				expect(['no error', 'WORKFLOW_INVALID']).toContain(
					codeOf(() => findBindings(graph as unknown as ApiGraph)),
				);
			}),
			{ numRuns: 1000 },
		);
	});
});

describe('parseGraph', () => {
	it('says how to export the API format when given the editor format', () => {
		const ui = { last_node_id: 9, nodes: [{ id: 1, type: 'KSampler' }], links: [], version: 0.4 };
		try {
			parseGraph(ui);
			expect.unreachable();
		} catch (error) {
			expect(error).toMatchObject({ code: 'WORKFLOW_UI_FORMAT' });
			expect((error as RouterError).hint).toContain('Export (API)');
		}
	});

	it('takes text, and a whole body of POST /prompt', () => {
		const graph = workflow('sd15');
		expect(parseGraph(JSON.stringify(graph))).toEqual(graph);
		expect(parseGraph({ prompt: graph, client_id: 'x' })).toEqual(graph);
	});

	it('names every node that is none', () => {
		try {
			parseGraph({ '1': { inputs: {} }, '2': { class_type: 'X' }, '3': 7 });
			expect.unreachable();
		} catch (error) {
			expect((error as RouterError).problems.map((problem) => problem.path)).toEqual([
				'1',
				'2',
				'3',
			]);
		}
	});

	it.each([[null], [[]], [7], ['no json'], [{}], [{ nodes: [] }]])('refuses %j', (json) => {
		expect(codeOf(() => parseGraph(json))).toMatch(/^WORKFLOW_/);
	});
});
