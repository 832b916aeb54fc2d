/** Lists what the catalog has for the fields of a pinned model: its models, and the presets of the chosen one. */
import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import type { Catalog, CatalogModel } from '../../lib/catalog/schema';
import { formatSeconds } from '../../lib/units';
import { readCatalog } from './catalog-source';
import { locatorValue } from './fields';
import { toNodeError } from './to-node-error';

const catalogOf = (context: ILoadOptionsFunctions): Promise<Catalog> =>
	readCatalog(context, (name) => context.getCurrentNodeParameter(name));

const enabledModels = ({ models }: Catalog): CatalogModel[] =>
	models.filter(({ enabled }) => enabled);

/** Models whose name or family contains the filter, by name; disabled ones are left out. */
export async function searchModels(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	try {
		const wanted = filter.toLowerCase();
		const results = enabledModels(await catalogOf(this))
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

/** Families with their models, then the models: what a branch can be for. */
export async function searchBranches(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	try {
		const models = enabledModels(await catalogOf(this));
		const wanted = filter.toLowerCase();
		const families = [...new Set(models.map(({ family }) => family))].sort().map((family) => {
			const names = models.filter((model) => model.family === family).map(({ name }) => name);
			return { name: `all of ${family} (${names.join(', ')})`, value: family };
		});
		const single = models.map(({ name }) => ({ name, value: name }));
		single.sort((a, b) => a.name.localeCompare(b.name));
		const results = [...families, ...single];
		return { results: results.filter(({ name }) => name.toLowerCase().includes(wanted)) };
	} catch (error) {
		throw toNodeError(this.getNode(), error);
	}
}

/** Presets of the chosen model, best first; of all models where none is chosen, or an expression chooses it. */
export async function searchPresets(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	try {
		const models = enabledModels(await catalogOf(this));
		const chosen = locatorValue(this.getCurrentNodeParameter('model'));
		const model = models.find(({ name }) => name === chosen);
		const presets = model ? ofModel(model) : ofAllModels(models);
		const wanted = filter.toLowerCase();
		return { results: presets.filter(({ name }) => name.toLowerCase().includes(wanted)) };
	} catch (error) {
		throw toNodeError(this.getNode(), error);
	}
}

function ofModel({ presets }: CatalogModel): INodeListSearchResult['results'] {
	return [...presets]
		.sort((a, b) => b.quality - a.quality)
		.map(({ name, steps, avg_time_seconds: seconds }) => ({
			name: `${name} (${steps} steps, about ${formatSeconds(seconds)})`,
			value: name,
		}));
}

function ofAllModels(models: readonly CatalogModel[]): INodeListSearchResult['results'] {
	const owners = new Map<string, string[]>();
	for (const model of models) {
		for (const { name } of model.presets) {
			owners.set(name, [...(owners.get(name) ?? []), model.name]);
		}
	}
	return [...owners]
		.map(([value, names]) => ({ name: `${value} (${names.join(', ')})`, value }))
		.sort((a, b) => a.name.localeCompare(b.name));
}
