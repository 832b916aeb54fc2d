/** Lists what the catalog has for the fields of a pinned model: its models, and the presets of the chosen one. */
import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import type { Catalog, CatalogModel } from '../../lib/catalog/schema';
import { formatSeconds } from '../../lib/units';
import { readCatalog } from './catalog-source';
import { contains, locatorValue } from './fields';
import { toNodeError } from './to-node-error';

const catalogOf = (context: ILoadOptionsFunctions): Promise<Catalog> =>
	readCatalog(context, (name) => context.getCurrentNodeParameter(name));

type Options = INodeListSearchResult['results'];

/** A list made of the catalog's models; disabled ones are left out. */
async function listed(
	context: ILoadOptionsFunctions,
	optionsOf: (models: CatalogModel[]) => Options,
): Promise<INodeListSearchResult> {
	try {
		const { models } = await catalogOf(context);
		return { results: optionsOf(models.filter(({ enabled }) => enabled)) };
	} catch (error) {
		throw toNodeError(context.getNode(), error);
	}
}

const byName = (a: Options[number], b: Options[number]): number => a.name.localeCompare(b.name);

/** Models whose name or family contains the filter, by name. */
export async function searchModels(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	return await listed(this, (models) =>
		models
			.filter(({ name, family }) => contains(`${name} ${family}`, filter))
			.map((model) => ({
				name: `${model.name} (${model.presets.map((preset) => preset.name).join(', ')})`,
				value: model.name,
			}))
			.sort(byName),
	);
}

/** Families with their models, then the models: what a branch can be for. */
export async function searchBranches(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	return await listed(this, (models) => {
		const families = [...new Set(models.map(({ family }) => family))].sort().map((family) => {
			const names = models.filter((model) => model.family === family).map(({ name }) => name);
			return { name: `all of ${family} (${names.join(', ')})`, value: family };
		});
		const single = models.map(({ name }) => ({ name, value: name })).sort(byName);
		return [...families, ...single].filter(({ name }) => contains(name, filter));
	});
}

/** Presets of the chosen model, best first; of all models where none is chosen, or an expression chooses it. */
export async function searchPresets(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	return await listed(this, (models) => {
		const chosen = locatorValue(this.getCurrentNodeParameter('model'));
		const model = models.find(({ name }) => name === chosen);
		const presets = model ? ofModel(model) : ofAllModels(models);
		return presets.filter(({ name }) => contains(name, filter));
	});
}

function ofModel({ presets }: CatalogModel): Options {
	return [...presets]
		.sort((a, b) => b.quality - a.quality)
		.map(({ name, steps, avg_time_seconds: seconds }) => ({
			name: `${name} (${steps} steps, about ${formatSeconds(seconds)})`,
			value: name,
		}));
}

function ofAllModels(models: readonly CatalogModel[]): Options {
	const owners = new Map<string, string[]>();
	for (const model of models) {
		for (const { name } of model.presets) {
			owners.set(name, [...(owners.get(name) ?? []), model.name]);
		}
	}
	return [...owners]
		.map(([value, names]) => ({ name: `${value} (${names.join(', ')})`, value }))
		.sort(byName);
}
