/** Lists the catalog's models for the model field. */
import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { readCatalog } from '../shared/catalog-source';
import { toNodeError } from '../shared/to-node-error';

/** Models whose name or family contains the filter, by name; disabled ones are left out. */
export async function searchModels(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	try {
		const catalog = await readCatalog(this, (name) => this.getCurrentNodeParameter(name));
		const wanted = filter.toLowerCase();
		const results = catalog.models
			.filter((model) => model.enabled)
			.filter((model) => `${model.name} ${model.family}`.toLowerCase().includes(wanted))
			.map((model) => ({
				name: `${model.name} (${model.presets.map((preset) => preset.name).join(', ')})`,
				value: model.name,
			}))
			.sort((a, b) => a.name.localeCompare(b.name));
		return { results };
	} catch (error) {
		throw toNodeError(this.getNode(), error);
	}
}
