import { describe, expect, it } from 'vitest';

import type { ApiGraph } from '../../../lib/workflow/graph';
import { withServerFileNames } from '../../../lib/workflow/server-file-names';

const graph: ApiGraph = {
	'1': { class_type: 'UNETLoader', inputs: { unet_name: 'flux1-dev.safetensors' } },
	'2': {
		class_type: 'DualCLIPLoader',
		inputs: { clip_name1: 't5xxl.safetensors', clip_name2: 'flux/clip_l.safetensors' },
	},
	'3': {
		class_type: 'LoraLoaderModelOnly',
		inputs: { lora_name: 'style.safetensors', model: ['1', 0] },
	},
	'4': { class_type: 'CLIPTextEncode', inputs: { text: 'a cat, flux1-dev' } },
};
const inputs = (installed: string[] | null) =>
	Object.values(withServerFileNames(graph, installed)).map((node) => node.inputs);

describe('withServerFileNames', () => {
	it('takes the name that the server lists: sub-folder, backslashes, another folder', () => {
		const installed = ['flux\\flux1-dev.safetensors', 'te/t5xxl.safetensors', 'clip_l.safetensors'];
		expect(inputs(installed)).toEqual([
			{ unet_name: 'flux\\flux1-dev.safetensors' },
			{ clip_name1: 'te/t5xxl.safetensors', clip_name2: 'clip_l.safetensors' },
			{ lora_name: 'style.safetensors', model: ['1', 0] },
			{ text: 'a cat, flux1-dev' },
		]);
	});

	it('prefers the very name, then the folder asked for', () => {
		const first = inputs(['a/flux1-dev.safetensors', 'flux1-dev.safetensors']);
		expect(first[0]).toEqual({ unet_name: 'flux1-dev.safetensors' });
		const second = inputs(['sd/clip_l.safetensors', 'all/flux/clip_l.safetensors']);
		expect(second[1]).toMatchObject({ clip_name2: 'all/flux/clip_l.safetensors' });
	});

	it('changes nothing where nothing is known or nothing differs, and never the graph given', () => {
		const before = structuredClone(graph);
		expect(withServerFileNames(graph, null)).toBe(graph);
		expect(withServerFileNames(graph, ['flux1-dev.safetensors'])).toBe(graph);
		withServerFileNames(graph, ['flux\\flux1-dev.safetensors']);
		expect(graph).toEqual(before);
	});
});
