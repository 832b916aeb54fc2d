/** Built graphs against ComfyUI's own rules: the node classes as a real server describes them. */
import { describe, expect, it } from 'vitest';

import type { ModelFiles } from '../../../lib/catalog/schema';
import { withUpscale } from '../../../lib/degradation/upscale-graph';
import { buildGraph, BUILDABLE_FAMILIES } from '../../../lib/workflow/build';
import { nodeDefinitions } from '../../../simulator/comfyui/node-definitions';
import { validatePrompt } from '../../../simulator/comfyui/validation';
import { parameters } from '../../support/selections';

const FILES: Record<string, string[]> = {
	checkpoints: ['all-in-one.safetensors'],
	diffusion_models: ['model.safetensors'],
	text_encoders: ['a.safetensors', 'b.safetensors', 'c.safetensors', 'd.safetensors'],
	vae: ['vae.safetensors'],
	loras: ['lora.safetensors'],
};
const definitions = nodeDefinitions(
	(folder) => FILES[folder] ?? [],
	() => ['in.png', 'mask.png'],
);

const checkpoint: ModelFiles = { checkpoint: 'all-in-one.safetensors' };
const parts = (encoders: number): ModelFiles => ({
	diffusion_model: 'model.safetensors',
	text_encoders: (FILES['text_encoders'] ?? []).slice(0, encoders),
	vae: 'vae.safetensors',
});

/** How each family's files come, by ComfyUI's own examples. */
const SETS: Record<string, ModelFiles[]> = {
	sd15: [checkpoint],
	sd2: [checkpoint],
	sdxl: [checkpoint, parts(2)],
	'sdxl-refiner': [checkpoint],
	sd3: [checkpoint, parts(2), parts(3)],
	flux: [checkpoint, parts(2)],
	flux2: [parts(1)],
	chroma: [parts(1)],
	'qwen-image': [parts(1)],
	'z-image': [parts(1)],
	lumina2: [checkpoint, parts(1)],
	hidream: [parts(4)],
	auraflow: [checkpoint],
	pixart: [parts(1)],
	hunyuandit: [checkpoint],
	'hunyuan-image': [parts(2)],
	omnigen2: [parts(1)],
};

const cases = BUILDABLE_FAMILIES.flatMap((family) =>
	(SETS[family] ?? []).map((files) => ({
		family,
		files,
		with: files.checkpoint ? 'a checkpoint' : `${files.text_encoders?.length} text encoders`,
	})),
);

function refusal(graph: object): unknown {
	const context = { definitions, hasInputFile: () => true };
	const { error, nodeErrors, outputs } = validatePrompt(graph, null, context);
	return error ?? (Object.keys(nodeErrors).length > 0 || outputs.length !== 1 ? nodeErrors : null);
}

describe('every family', () => {
	it('has a set of files here', () => {
		expect(Object.keys(SETS).sort()).toEqual([...BUILDABLE_FAMILIES].sort());
	});

	it.each(cases)('$family from $with: text, image, mask, LoRA, enlarged', ({ family, files }) => {
		const loras = [{ file: 'lora.safetensors', strength: 1 }];
		for (const inputs of [['text' as const], ['text' as const, 'image' as const]]) {
			const model = { name: family, family, files, inputs };
			const made = [
				buildGraph(model, { parameters }, { seed: 2 ** 47 }),
				buildGraph(model, { parameters: { ...parameters, loras } }, { seed: 1 }),
				buildGraph(model, { parameters }, { seed: 1, images: ['in.png'] }),
				buildGraph(model, { parameters }, { seed: 1, images: ['in.png'], mask: 'mask.png' }),
			];
			const graphs = [
				...made,
				...made.map((graph) => withUpscale(graph, { width: 64, height: 64 })),
			];
			expect(graphs.map(refusal)).toEqual(graphs.map(() => null));
		}
	});
});
