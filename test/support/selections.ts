/** Selections for tests of what is done with them. */
import { type Catalog, type CatalogModel, catalogSchema } from '../../lib/catalog/schema';
import type { SelectedDecision, SelectionParameters } from '../../lib/selection/types';

/** A catalog with these models; what a model must have and a test does not care about is filled in. */
export function catalogOf(
	models: Record<string, unknown>[],
	rest: Record<string, unknown> = {},
): Catalog {
	const preset = {
		name: 'full',
		steps: 20,
		cfg: 7,
		reference: { width: 1024, height: 1024 },
		avg_time_seconds: 10,
	};
	return catalogSchema.parse({
		version: 1,
		models: models.map((model) => ({ purposes: { photo: 0.8 }, presets: [preset], ...model })),
		...rest,
	});
}

export function presetOf(
	name: string,
	values: Record<string, unknown> = {},
): Record<string, unknown> {
	return {
		name,
		steps: 20,
		cfg: 7,
		reference: { width: 1024, height: 1024 },
		avg_time_seconds: 10,
		...values,
	};
}

export const parameters: SelectionParameters = {
	steps: 12,
	cfg: 5,
	sampler_name: 'dpmpp_2m',
	scheduler: 'karras',
	width: 896,
	height: 1152,
	batch_size: 2,
	seed: 99,
	denoise: 1,
	prompt: 'a new prompt',
	negative_prompt: 'new negative',
	loras: [],
};

export function selectionOf(
	model: Pick<CatalogModel, 'name' | 'files'>,
	changed: Partial<SelectionParameters> = {},
): Pick<SelectedDecision, 'model_name' | 'files' | 'parameters'> {
	return { model_name: model.name, files: model.files, parameters: { ...parameters, ...changed } };
}
