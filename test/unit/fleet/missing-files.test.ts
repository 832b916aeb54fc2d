import { describe, expect, it } from 'vitest';

import { describeMissing } from '../../../lib/fleet/missing-files';
import { catalogOf, presetOf } from '../../support/selections';

const [model] = catalogOf([
	{
		name: 'flux',
		files: {
			diffusion_model: 'flux.safetensors',
			text_encoders: ['clip_l.safetensors', 't5.safetensors'],
			vae: 'ae.safetensors',
		},
		presets: [presetOf('full'), presetOf('fast', { loras: [{ file: 'turbo.safetensors' }] })],
	},
]).models;
if (!model) throw new Error('no model');

describe('describeMissing', () => {
	it('says what is there, what is not, and where it belongs', () => {
		const found = describeMissing(model, [
			'FLUX\\flux.safetensors',
			'ae.safetensors',
			'clip_l.safetensors',
		]);
		expect(found.present.map((file) => file.installed_as)).toEqual([
			'FLUX\\flux.safetensors',
			'clip_l.safetensors',
			'ae.safetensors',
		]);
		expect(found.missing.map((file) => file.file)).toEqual(['t5.safetensors', 'turbo.safetensors']);
		expect(found.message).toContain('3 of 5');
		expect(found.hint).toContain('"t5.safetensors" into models/text_encoders');
		expect(found.hint).toContain('"turbo.safetensors" into models/loras');
	});

	it('asks for the LoRAs of the preset meant only', () => {
		const all = ['flux.safetensors', 'ae.safetensors', 'clip_l.safetensors', 't5.safetensors'];
		expect(describeMissing(model, all, 'full').missing).toEqual([]);
		expect(describeMissing(model, all, 'fast').missing).toHaveLength(1);
	});

	it('misses nothing where nothing is known', () => {
		expect(describeMissing(model, null)).toMatchObject({ missing: [], message: '', hint: '' });
	});
});
