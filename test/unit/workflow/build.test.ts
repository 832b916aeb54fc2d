import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { catalogSchema } from '../../../lib/catalog/schema';
import { findBindings } from '../../../lib/workflow/bindings';
import { buildGraph } from '../../../lib/workflow/build';
import { type ApiGraph, isLink, nodeOf } from '../../../lib/workflow/graph';
import { identifyModel } from '../../../lib/workflow/identify-model';
import { canonical } from '../../support/canonical-graph';
import { workflow } from '../../support/recordings';
import { parameters } from '../../support/selections';

const shipped = catalogSchema.parse(
	JSON.parse(readFileSync(join(__dirname, '..', '..', '..', 'models_config.json'), 'utf8')),
);

const euler = {
	sampler_name: 'euler',
	scheduler: 'simple',
	cfg: 1,
	prompt: 'a red cube',
	negative_prompt: '',
};
const square = { width: 1024, height: 1024, batch_size: 1 };

function classes(graph: ApiGraph): string[] {
	return Object.values(graph).map((node) => node.class_type);
}

/** Every link leads to a node. */
function danglingLinks(graph: ApiGraph): string[] {
	return Object.entries(graph).flatMap(([id, node]) =>
		Object.entries(node.inputs)
			.filter(([, value]) => isLink(value) && !nodeOf(graph, value[0]))
			.map(([name]) => `${id}.${name}`),
	);
}

describe('buildGraph equals the workflows a real server has accepted', () => {
	const base = { inputs: ['text' as const] };
	it.each([
		{
			name: 'sd15',
			model: {
				...base,
				name: 'a',
				family: 'sd15',
				files: { checkpoint: 'sd15-mini-random-fp16.safetensors' },
			},
			run: {
				...euler,
				steps: 2,
				cfg: 7,
				scheduler: 'normal',
				negative_prompt: 'blurry',
				width: 64,
				height: 64,
			},
			prefix: 'feas',
		},
		{
			name: 'sdxl',
			model: {
				...base,
				name: 'a',
				family: 'sdxl',
				files: { checkpoint: 'sdxl-vega-random-fp16.safetensors' },
			},
			run: {
				...euler,
				...square,
				steps: 25,
				cfg: 7,
				sampler_name: 'dpmpp_2m',
				scheduler: 'karras',
				negative_prompt: 'blurry',
			},
			prefix: 'sdxl',
		},
		{
			name: 'flux_dev',
			model: {
				...base,
				name: 'flux1-dev',
				family: 'flux',
				files: {
					diffusion_model: 'flux1-dev-fp8.safetensors',
					text_encoders: ['t5xxl_fp8_e4m3fn.safetensors', 'clip_l.safetensors'],
					vae: 'ae.safetensors',
				},
			},
			run: { ...euler, ...square, steps: 20 },
			prefix: 'flux',
		},
		{
			name: 'qwen_image_lightning4',
			model: {
				...base,
				name: 'qwen-image',
				family: 'qwen-image',
				files: {
					diffusion_model: 'qwen_image_fp8_e4m3fn.safetensors',
					text_encoders: ['qwen_2.5_vl_7b_fp8_scaled.safetensors'],
					vae: 'qwen_image_vae.safetensors',
				},
			},
			run: {
				...euler,
				width: 1328,
				height: 1328,
				steps: 4,
				loras: [{ file: 'Qwen-Image-Lightning-4steps-V1.0.safetensors', strength: 1 }],
			},
			prefix: 'qwen',
		},
		{
			name: 'z_image_turbo',
			model: {
				...base,
				name: 'z-image-turbo',
				family: 'z-image',
				files: {
					diffusion_model: 'z_image_turbo_bf16.safetensors',
					text_encoders: ['qwen_3_4b.safetensors'],
					vae: 'ae.safetensors',
				},
			},
			run: { ...euler, ...square, steps: 8 },
			prefix: 'zimage',
		},
	])('$name', ({ name, model, run, prefix }) => {
		const selection = { parameters: { ...parameters, batch_size: 1, ...run } };
		const graph = buildGraph(model, selection, { seed: 1, filenamePrefix: prefix });
		expect(canonical(graph)).toEqual(canonical(workflow(name), ['device']));
	});
});

describe('buildGraph for the shipped catalog', () => {
	const cases = shipped.models.flatMap((model) =>
		model.presets.map((preset) => ({ model, preset })),
	);

	it.each(cases.map((one) => ({ ...one, label: `${one.model.name}/${one.preset.name}` })))(
		'$label: complete, found again by its bindings, identified again',
		({ model, preset }) => {
			const { steps, cfg, sampler_name, scheduler, loras } = preset;
			const run = { ...parameters, steps, cfg, sampler_name, scheduler, loras };
			const images = model.inputs.includes('image') ? ['in.png'] : [];
			const graph = buildGraph(model, { parameters: run }, { seed: 3, images });
			expect(danglingLinks(graph)).toEqual([]);
			const { values } = findBindings(graph);
			const unbound = Object.entries(values)
				.filter(([, refs]) => refs.length === 0)
				.map(([name]) => name);
			const mayLack = model.files.checkpoint === undefined ? [] : ['text_encoders', 'vae'];
			expect(unbound.filter((name) => !mayLack.includes(name))).toEqual([]);
			const found = identifyModel(graph, shipped);
			expect(found?.model.name).toBe(model.name);
			expect(found?.preset.name).toBe(preset.name);
		},
	);
});

describe('buildGraph with images', () => {
	const sdxl = { name: 's', family: 'sdxl', files: { checkpoint: 'a' }, inputs: ['text' as const] };
	const edit = {
		name: 'qwen-image-edit-2511',
		family: 'qwen-image',
		files: { diffusion_model: 'qwen_image_edit_2511_bf16', text_encoders: ['q'], vae: 'v' },
		inputs: ['text' as const, 'image' as const],
	};

	it('starts from the image, with the denoise asked for', () => {
		const run = { parameters: { ...parameters, denoise: 0.6 } };
		const graph = buildGraph(sdxl, run, { seed: 1, images: ['in.png'] });
		const found = findBindings(graph);
		expect(found.imageToImage).toBe(true);
		expect(nodeOf(graph, found.sampler.nodeId)?.inputs['denoise']).toBe(0.6);
		expect(classes(graph)).toEqual(
			expect.arrayContaining(['LoadImage', 'ImageScale', 'VAEEncode', 'RepeatLatentBatch']),
		);
		expect(danglingLinks(graph)).toEqual([]);
	});

	it('paints only in the mask', () => {
		const graph = buildGraph(
			sdxl,
			{ parameters },
			{ seed: 1, images: ['in.png'], mask: 'mask.png' },
		);
		expect(classes(graph)).toEqual(expect.arrayContaining(['ImageToMask', 'SetLatentNoiseMask']));
	});

	it('refuses a mask without an image', () => {
		expect(() => buildGraph(sdxl, { parameters }, { seed: 1, mask: 'mask.png' })).toThrow(/mask/);
	});

	it('edits with up to three images through the encoder and starts from noise', () => {
		const graph = buildGraph(
			edit,
			{ parameters },
			{ seed: 1, images: ['1.png', '2.png', '3.png', '4.png'] },
		);
		const encoders = Object.values(graph).filter(
			(node) => node.class_type === 'TextEncodeQwenImageEditPlus',
		);
		expect(encoders).toHaveLength(2);
		expect(Object.keys(encoders[0]?.inputs ?? {})).toEqual(
			expect.arrayContaining(['image1', 'image2', 'image3']),
		);
		expect(encoders[0]?.inputs['image4']).toBeUndefined();
		expect(classes(graph)).toContain('EmptySD3LatentImage');
	});

	it('joins reference latents for Kontext and FLUX.2', () => {
		for (const [family, name] of [
			['flux', 'flux1-kontext-dev'],
			['flux2', 'flux2-klein-4b'],
		] as const) {
			const model = { ...edit, family, name };
			expect(classes(buildGraph(model, { parameters }, { seed: 1, images: ['1.png'] }))).toContain(
				'ReferenceLatent',
			);
		}
	});
});

describe('buildGraph at the edges', () => {
	it('names what a catalog entry lacks', () => {
		const model = {
			name: 'q',
			family: 'qwen-image',
			files: { diffusion_model: 'a' },
			inputs: ['text' as const],
		};
		expect(() => buildGraph(model, { parameters }, { seed: 1 })).toThrow(/text_encoders, no vae/);
	});

	it('asks for a workflow where the family has no graph', () => {
		const model = {
			name: 'w',
			family: 'wan',
			files: { diffusion_model: 'a' },
			inputs: ['text' as const],
		};
		expect(() => buildGraph(model, { parameters }, { seed: 1 })).toThrow(/no built-in workflow/);
	});

	it('uses a schedule node where the scheduler is one', () => {
		const model = {
			name: 't',
			family: 'sdxl',
			files: { checkpoint: 'a' },
			inputs: ['text' as const],
		};
		const run = { parameters: { ...parameters, scheduler: 'sd_turbo' } };
		expect(classes(buildGraph(model, run, { seed: 1 }))).toEqual(
			expect.arrayContaining(['SDTurboScheduler', 'SamplerCustomAdvanced', 'CFGGuider']),
		);
	});

	it('loads GGUF files with the loader for them', () => {
		const files = {
			diffusion_model: 'flux1-dev-Q8_0.gguf',
			text_encoders: ['t5.gguf', 'clip_l.safetensors'],
			vae: 'v',
		};
		const model = { name: 'f', family: 'flux', files, inputs: ['text' as const] };
		expect(classes(buildGraph(model, { parameters }, { seed: 1 }))).toEqual(
			expect.arrayContaining(['UnetLoaderGGUF', 'DualCLIPLoaderGGUF']),
		);
	});
});
