import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { planSync } from '../../../lib/catalog-sync';
import { parseCatalog } from '../../../lib/catalog/parse';
import { detectModel } from '../../../lib/detection';
import { modelMemory } from '../../../lib/estimate/vram/weights';
import { headerOf, type ShortTable } from '../../support/headers';

const TRUTH = JSON.parse(
	readFileSync(
		path.join(__dirname, '../../fixtures/detection/detection_ground_truth.json'),
		'utf8',
	),
) as Array<{ name: string; header: ShortTable }>;

const flux: ShortTable = { 'double_blocks.0.img_attn.norm.key_norm.scale': ['BF16', [128]] };
const MORE: Array<[string, ShortTable]> = [
	[
		'Chroma Radiance',
		{
			...flux,
			'distilled_guidance_layer.0.norms.0.scale': ['BF16', [1]],
			'nerf_blocks.0.norm.scale': ['BF16', [1]],
		},
	],
	[
		'Wan VACE 1.3B',
		{
			'head.modulation': ['BF16', [1, 2, 1536]],
			'vace_patch_embedding.weight': ['BF16', [1536, 96, 1, 2, 2]],
		},
	],
	[
		'LTX 2',
		{
			'adaln_single.emb.timestep_embedder.linear_1.bias': ['BF16', [1]],
			'audio_adaln_single.linear.weight': ['BF16', [1]],
		},
	],
	['Cascade B', { 'clf.1.weight': ['BF16', [1]], 'clip_mapper.weight': ['BF16', [1]] }],
];

describe('an entry made from a file of any name has the memory figures of its architecture', () => {
	it.each([...TRUTH.map(({ name, header }) => [name, header] as const), ...MORE])(
		'%s',
		(_name, table) => {
			const detection = detectModel(headerOf(table), 'x.safetensors');
			const file = {
				name: 'x.safetensors',
				kind: 'diffusion_models',
				bytes: 1e9,
				detection,
				problem: null,
				usable: true,
			};
			const [change] = planSync([], { files: [file], warnings: [] }, []).changes;
			if (change?.kind !== 'add') throw new Error('no entry was added');
			const [model] = parseCatalog({ version: 1, models: [change.entry] }).models;
			const memory = modelMemory(model!);
			expect(memory.factor).toBeCloseTo(detection.memoryFactor!, 4);
			expect(memory.latentChannels).toBe(detection.latentChannels);
			expect(memory.downscale).toBe(detection.downscale);
		},
	);
});
