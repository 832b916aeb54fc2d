/** Which models of a catalog a user's own graph cannot take, by the loaders it has. Decides nothing else. */
import type { Catalog, CatalogModel } from '../catalog/schema';
import { findBindings, type WorkflowBindings } from './bindings';
import { familyShape } from './build/family';
import type { ApiGraph } from './graph';
import { encoderType, takesEncoders } from './text-encoder-places';

/**
 * @param graph parsed; a graph whose loader is not found takes everything, and applying says what is wrong
 * @returns names of models whose files are of another kind than the graph's loader (checkpoint or diffusion model), or
 * whose text encoders its loaders cannot take: other ones in number, or of another type
 * @throws RouterError WORKFLOW_INVALID where the graph has no sampler
 */
export function unfitModels(graph: ApiGraph, catalog: Pick<Catalog, 'models'>): string[] {
	const bindings = findBindings(graph);
	const loader = bindings.model;
	if (loader === null) return [];
	const wanted = loader.kind === 'checkpoint' ? 'checkpoint' : 'diffusion_model';
	const other = wanted === 'checkpoint' ? 'diffusion_model' : 'checkpoint';
	return catalog.models
		.filter(
			(model) =>
				(model.files[wanted] === undefined && model.files[other] !== undefined) ||
				(wanted === 'diffusion_model' && hasOtherEncoders(graph, bindings, model)),
		)
		.map((model) => model.name);
}

function hasOtherEncoders(
	graph: ApiGraph,
	{ values }: WorkflowBindings,
	model: CatalogModel,
): boolean {
	const encoders = model.files.text_encoders ?? [];
	if (!takesEncoders(graph, values.text_encoders, encoders)) return true;
	const type = encoderType(graph, values.text_encoders);
	const own = familyShape(model)?.clipType ?? null;
	return encoders.length > 0 && type !== null && own !== null && type !== own;
}
