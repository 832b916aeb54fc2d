/** Which models of a catalog a user's own graph cannot take, by the kind of loader it has. Decides nothing else. */
import type { Catalog } from '../catalog/schema';
import { findBindings } from './bindings';
import type { ApiGraph } from './graph';

/**
 * @param graph parsed; a graph whose loader is not found takes everything, and applying says what is wrong
 * @returns names of models whose files are of another kind than the graph's loader: checkpoint or diffusion model
 * @throws RouterError WORKFLOW_INVALID where the graph has no sampler
 */
export function unfitModels(graph: ApiGraph, catalog: Pick<Catalog, 'models'>): string[] {
	const loader = findBindings(graph).model;
	if (loader === null) return [];
	const wanted = loader.kind === 'checkpoint' ? 'checkpoint' : 'diffusion_model';
	const other = wanted === 'checkpoint' ? 'diffusion_model' : 'checkpoint';
	return catalog.models
		.filter(({ files }) => files[wanted] === undefined && files[other] !== undefined)
		.map((model) => model.name);
}
