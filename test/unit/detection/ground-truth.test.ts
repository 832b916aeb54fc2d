import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { detectModel } from '../../../lib/detection';
import { headerOf } from '../../support/headers';

interface Truth {
	name: string;
	class: string;
	memory_usage_factor: number;
	latent_channels: number;
	header: Record<string, [dtype: string, shape: number[]]>;
}

/** ComfyUI 0.8.0's own detector on these tables. */
const TRUTH = JSON.parse(
	readFileSync(
		path.join(__dirname, '../../fixtures/detection/detection_ground_truth.json'),
		'utf8',
	),
) as Truth[];

describe('detection agrees with ComfyUI’s own detector', () => {
	it.each(TRUTH.map((truth) => [truth.name, truth] as const))('%s', (_name, truth) => {
		const found = detectModel(headerOf(truth.header));
		expect(found.comfyClass).toBe(truth.class);
		expect(found.memoryFactor).toBeCloseTo(truth.memory_usage_factor, 4);
		expect(found.latentChannels).toBe(truth.latent_channels);
		expect(found.part).toBe('diffusion_model');
	});

	it.each(TRUTH.map((truth) => [truth.name, truth] as const))(
		'%s inside a checkpoint',
		(_name, truth) => {
			const inner = Object.entries(truth.header).map(([key, value]) => [
				`model.diffusion_model.${key}`,
				value,
			]);
			// ComfyUI looks below the prefix only when it has more than five keys
			const padding = Array.from({ length: 6 }, (_, i) => [
				`model.diffusion_model.padding.${i}`,
				['F16', [1]],
			]);
			const vae = [['first_stage_model.decoder.conv_in.weight', ['F16', [512, 4, 3, 3]]]];
			const found = detectModel(headerOf(Object.fromEntries([...inner, ...padding, ...vae])));
			expect(found.comfyClass).toBe(truth.class);
			expect(found.part).toBe('checkpoint');
			expect(found.bytes.vae).toBe(512 * 4 * 9 * 2);
		},
	);
});
