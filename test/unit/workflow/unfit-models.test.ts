import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { parseCatalogText } from '../../../lib/catalog/parse';
import { applySelection } from '../../../lib/workflow/apply-selection';
import type { ApiGraph } from '../../../lib/workflow/graph';
import { unfitModels } from '../../../lib/workflow/unfit-models';
import { workflow } from '../../support/recordings';
import { selectionOf } from '../../support/selections';

const ROOT = path.join(__dirname, '..', '..', '..');
const catalog = parseCatalogText(readFileSync(path.join(ROOT, 'models_config.json'), 'utf8'));

function fitting(name: string): string[] {
	const unfit = unfitModels(workflow(name) as ApiGraph, catalog);
	return catalog.models.map((model) => model.name).filter((model) => !unfit.includes(model));
}

describe("the shipped catalog's models for the standard workflows", () => {
	it('a checkpoint workflow takes every all-in-one checkpoint', () => {
		const names = fitting('sdxl');
		expect(names).toContain('sdxl-base');
		expect(names).toContain('flux1-dev');
		expect(names).not.toContain('z-image-turbo');
	});

	it.each([
		['flux_dev', /^flux1-/],
		['qwen_image_lightning4', /^qwen-image/],
		['z_image_turbo', /^(z-image|lumina)/],
	])('%s takes models with the same text encoders only', (name, own) => {
		const names = fitting(name);
		expect(names.length).toBeGreaterThan(0);
		for (const model of names) expect(model).toMatch(own);
	});
});

describe('text encoders that the loaders cannot take', () => {
	const oneEncoder = (file: string) =>
		selectionOf({
			name: 'z-image-turbo',
			files: { diffusion_model: 'z.safetensors', text_encoders: [file] },
		});

	it('are an error that names the loader and the files, not a graph that fails when it runs', () => {
		expect(() => applySelection(workflow('flux_dev'), oneEncoder('qwen_3_4b.safetensors'))).toThrow(
			/loads 2 text encoders .*DualCLIPLoader.*z-image-turbo needs 1: qwen_3_4b/,
		);
	});

	it('are none where the graph names them already', () => {
		const given = workflow('flux_dev') as ApiGraph;
		const loader = Object.values(given).find((node) => node.class_type === 'DualCLIPLoader')!;
		const own = String(loader.inputs['clip_name1']);
		const { graph } = applySelection(given, oneEncoder(own));
		expect(Object.values(graph)).toContainEqual(loader);
	});
});
