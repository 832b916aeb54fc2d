/** Which catalog model and preset a graph runs, by the files its loaders name. Never guesses a model from anything else. */
import type { Catalog, CatalogModel, Preset } from '../catalog/schema';
import { findBindings, type WorkflowBindings } from './bindings';
import { baseName, isSameFile, normalFileName } from './file-names';
import { type ApiGraph } from './graph';
import { type GraphParameters, readParameters } from './parameters';

export interface IdentifiedModel {
	model: CatalogModel;
	/** The preset that comes nearest: by LoRAs, then steps, then cfg. */
	preset: Preset;
	parameters: GraphParameters;
	/** null where only the file was found, without a sampler. */
	bindings: WorkflowBindings | null;
}

type FileIndex = ReadonlyMap<string, CatalogModel[]>;

const indexes = new WeakMap<Catalog, FileIndex>();

/** Models by the last part of their main files' names; made once per catalog. */
function indexOf(catalog: Catalog): FileIndex {
	const cached = indexes.get(catalog);
	if (cached) return cached;
	const index = new Map<string, CatalogModel[]>();
	for (const model of catalog.models) {
		for (const file of mainFiles(model)) {
			const key = baseName(file);
			index.set(key, [...(index.get(key) ?? []), model]);
		}
	}
	indexes.set(catalog, index);
	return index;
}

/** The files that hold a model's diffusion weights. */
export function mainFiles(model: Pick<CatalogModel, 'files'>): string[] {
	return [model.files.checkpoint, model.files.diffusion_model].filter((file) => file !== undefined);
}

/** @returns null for a graph whose model is not of this catalog, or that has none */
export function identifyModel(graph: ApiGraph, catalog: Catalog): IdentifiedModel | null {
	const index = indexOf(catalog);
	if (index.size === 0) return null;
	const bindings = bindingsOrNull(graph);
	const parameters = bindings ? readParameters(graph, bindings) : null;
	const file = parameters?.modelFile ?? onlyKnownFile(graph, index);
	if (file === null) return null;
	const models = (index.get(baseName(file)) ?? []).filter((model) =>
		mainFiles(model).some((own) => isSameFile(own, file)),
	);
	const known = parameters ?? noParameters(file);
	const best = nearest(models, file, known);
	return best && { ...best, parameters: known, bindings };
}

function bindingsOrNull(graph: ApiGraph): WorkflowBindings | null {
	try {
		return findBindings(graph);
	} catch {
		return null;
	}
}

/** For loaders and samplers of a shape we do not know: the one file of the catalog that the graph names anywhere. */
function onlyKnownFile(graph: ApiGraph, index: FileIndex): string | null {
	const found = new Set<string>();
	for (const node of Object.values(graph)) {
		for (const value of Object.values(node.inputs)) {
			if (typeof value === 'string' && value.length < 1100 && index.has(baseName(value))) {
				found.add(normalFileName(value));
			}
		}
	}
	const [only] = found;
	return found.size === 1 && only !== undefined ? only : null;
}

function noParameters(modelFile: string): GraphParameters {
	const unknown = { steps: null, cfg: null, width: null, height: null };
	return { modelFile, textEncoders: [], loras: [], ...unknown, batchSize: 1, images: 0 };
}

/** Several entries may share one file; the first of the best wins, so that the answer is always the same. */
function nearest(
	models: CatalogModel[],
	file: string,
	graph: GraphParameters,
): { model: CatalogModel; preset: Preset } | null {
	let best: { model: CatalogModel; preset: Preset; distance: number[] } | null = null;
	for (const model of models) {
		for (const preset of model.presets) {
			const distance = distanceTo(model, preset, file, graph);
			if (!best || isLess(distance, best.distance)) best = { model, preset, distance };
		}
	}
	return best && { model: best.model, preset: best.preset };
}

/** Smaller is nearer; compared part by part. */
function distanceTo(
	model: CatalogModel,
	preset: Preset,
	file: string,
	graph: GraphParameters,
): number[] {
	const normal = normalFileName(file);
	const path = mainFiles(model).some((own) => normalFileName(own) === normal) ? 0 : 1;
	const encoders = graph.textEncoders.filter(
		(name) => !(model.files.text_encoders ?? [name]).some((own) => isSameFile(own, name)),
	).length;
	const steps =
		graph.steps === null ? 0 : Math.abs(Math.log(Math.max(1, graph.steps) / preset.steps));
	const cfg = graph.cfg === null ? 0 : Math.abs(graph.cfg - preset.cfg);
	return [path, loraDistance(preset, graph.loras), encoders, model.enabled ? 0 : 1, steps, cfg];
}

function loraDistance(preset: Preset, loras: string[]): number {
	const missing = preset.loras.filter(({ file }) => !loras.some((name) => isSameFile(name, file)));
	const extra = loras.filter((name) => !preset.loras.some(({ file }) => isSameFile(name, file)));
	// a LoRA of one's own on top is common; a preset's own one that is not there is another preset
	return missing.length * 2 + extra.length;
}

function isLess(a: number[], b: number[]): boolean {
	for (let i = 0; i < a.length; i++) {
		const difference = (a[i] ?? 0) - (b[i] ?? 0);
		if (difference !== 0) return difference < 0;
	}
	return false;
}
