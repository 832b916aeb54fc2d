/**
 * Puts a selection into a user's own API-format graph: files, LoRAs, numbers, size and texts, at the places that
 * bindings.ts finds. Returns a new graph, ready for POST /prompt; the one given is never changed.
 */
import { RouterError } from '../errors';
import type { SelectedDecision } from '../selection/types';
import { applyLoras } from './apply-loras';
import { type BindingOverrides, findBindings, nodeLabel, type WorkflowBindings } from './bindings';
import { baseName } from './file-names';
import type { ApiGraph } from './graph';
import { GraphWriter } from './graph-writer';
import type { BindingName, InputRef } from './input-ref';
import { valueAt } from './parameters';
import { parseGraph } from './parse-graph';
import { takesEncoders } from './text-encoder-places';

export interface ApplyOptions {
	/** Places of the caller's own choice. */
	overrides?: BindingOverrides;
	/** Wins over the selection's seed. With neither, the graph keeps its own, and ComfyUI may answer from its cache. */
	seed?: number;
}

export interface AppliedSelection {
	graph: ApiGraph;
	/** What was set, as "steps -> 3.steps". */
	bound: string[];
	/** What the selection wants and the graph has no place for. */
	missing: string[];
	/** How the graph was read, for a person. */
	description: string;
}

/** What of a selection a graph needs. */
export type ApplicableSelection = Pick<SelectedDecision, 'files' | 'parameters' | 'model_name'>;

/**
 * An empty prompt or negative prompt leaves the graph's own text, and a denoise of 1 leaves the graph's own denoise: the
 * request did not ask for them. A graph that starts from an image keeps the image's size.
 *
 * @param workflow an API-format graph, or the text of one
 * @throws RouterError WORKFLOW_UI_FORMAT, WORKFLOW_INVALID (no sampler, or loaders of another kind than the model's files)
 */
export function applySelection(
	workflow: unknown,
	selection: ApplicableSelection,
	options: ApplyOptions = {},
): AppliedSelection {
	const graph = structuredClone(parseGraph(workflow));
	const bindings = findBindings(graph, options.overrides);
	const writer = new GraphWriter(graph);
	applyFiles(writer, bindings, selection);
	applyLoras(writer, bindings, selection.parameters.loras);
	applyNumbers(writer, bindings, selection, options.seed);
	applySize(writer, bindings, selection);
	applyTexts(writer, bindings, selection);
	return {
		graph,
		bound: writer.bound,
		missing: writer.missing,
		description: bindings.description,
	};
}

function applyFiles(
	writer: GraphWriter,
	bindings: WorkflowBindings,
	{ files, model_name }: ApplicableSelection,
): void {
	const { model, values } = bindings;
	if (files.checkpoint === undefined && files.diffusion_model === undefined) return;
	if (model === null) {
		writer.missing.push('model');
		return;
	}
	const file = model.kind === 'checkpoint' ? files.checkpoint : files.diffusion_model;
	if (file === undefined) throw otherLoader(writer.graph, bindings, model_name);
	writer.write('model', model, keepFolder(valueAt(writer.graph, model), file));
	if (files.vae !== undefined && values.vae.length > 0) writer.set('vae', values.vae, files.vae);
	else if (files.vae !== undefined && model.kind === 'diffusion_model') writer.missing.push('vae');
	const encoders = files.text_encoders ?? [];
	if (!takesEncoders(writer.graph, values.text_encoders, encoders)) {
		throw otherEncoders(writer.graph, values.text_encoders, encoders, model_name);
	}
	applyTextEncoders(writer, values.text_encoders, encoders, model.kind);
}

/** The graph's own name stays where it is the same file in a sub-folder. */
function keepFolder(own: unknown, file: string): string {
	const inFolder = typeof own === 'string' && baseName(own) === file;
	return inFolder ? own : file;
}

/** Each loader input takes one file. Files that the graph names already stay where they are. */
function applyTextEncoders(
	writer: GraphWriter,
	places: readonly InputRef[],
	encoders: readonly string[],
	kind: 'checkpoint' | 'diffusion_model',
): void {
	if (encoders.length === 0 || (places.length === 0 && kind === 'checkpoint')) return;
	if (places.length === 0) {
		writer.missing.push('text_encoders');
		return;
	}
	const left = [...encoders];
	const open = places.filter((place) => {
		const own = valueAt(writer.graph, place);
		const index = left.findIndex(
			(file) => typeof own === 'string' && baseName(own) === baseName(file),
		);
		if (index === -1) return true;
		writer.write('text_encoders', place, keepFolder(own, left.splice(index, 1)[0] as string));
		return false;
	});
	// where the graph has more of them than the model names, its own stay
	if (left.length === open.length) {
		open.forEach((place, index) => writer.write('text_encoders', place, left[index]));
	}
}

function otherEncoders(
	graph: ApiGraph,
	places: readonly InputRef[],
	encoders: readonly string[],
	modelName: string,
): RouterError {
	const nodes = [...new Set(places.map((place) => place.nodeId))];
	const labels = nodes.map((nodeId) => nodeLabel(graph, nodeId)).join(', ');
	return new RouterError({
		code: 'WORKFLOW_INVALID',
		message: `The workflow loads ${places.length} text encoders (node ${labels}), but ${modelName} needs ${encoders.length}: ${encoders.join(', ')}.`,
		hint: 'Use a workflow made for this model, give the model its own "workflow" in the catalog, or exclude it for this workflow.',
	});
}

function otherLoader(graph: ApiGraph, bindings: WorkflowBindings, modelName: string): RouterError {
	const loader = bindings.model;
	const label = loader ? nodeLabel(graph, loader.nodeId) : 'the loader';
	const isCheckpoint = loader?.kind === 'checkpoint';
	return new RouterError({
		code: 'WORKFLOW_INVALID',
		message: isCheckpoint
			? `The workflow loads a checkpoint (node ${label}), but ${modelName} is a diffusion model with separate text encoders and VAE.`
			: `The workflow loads a diffusion model (node ${label}), but ${modelName} is an all-in-one checkpoint.`,
		hint: isCheckpoint
			? 'Use a workflow with Load Diffusion Model, Load CLIP and Load VAE for this model, give the model its own "workflow" in the catalog, or exclude it for this workflow.'
			: 'Use a workflow with Load Checkpoint for this model, give the model its own "workflow" in the catalog, or exclude it for this workflow.',
	});
}

function applyNumbers(
	writer: GraphWriter,
	bindings: WorkflowBindings,
	{ parameters }: ApplicableSelection,
	seed: number | undefined,
): void {
	const { values } = bindings;
	const before = valueAt(writer.graph, values.steps[0] ?? { nodeId: '', input: '' });
	for (const name of ['steps', 'cfg', 'sampler_name', 'scheduler'] as const) {
		// guiders without cfg (BasicGuider) run at 1, schedules of their own have no scheduler
		const implied = name === 'scheduler' || (name === 'cfg' && parameters.cfg === 1);
		if (values[name].length === 0 && implied && hasOwnSchedule(bindings)) continue;
		writer.set(name, values[name], parameters[name]);
	}
	extendLastStep(writer, bindings, before, parameters.steps);
	const wantedSeed = seed ?? parameters.seed;
	if (wantedSeed !== null) writer.set('seed', values.seed, wantedSeed);
	if (parameters.denoise < 1) writer.set('denoise', values.denoise, parameters.denoise);
}

function hasOwnSchedule({ sampler }: WorkflowBindings): boolean {
	return /Custom/.test(sampler.classType);
}

/** KSamplerAdvanced that ended at its last step goes on doing so. */
function extendLastStep(
	writer: GraphWriter,
	{ sampler }: WorkflowBindings,
	before: unknown,
	steps: number,
): void {
	const place = { nodeId: sampler.nodeId, input: 'end_at_step' };
	const end = valueAt(writer.graph, place);
	if (typeof end === 'number' && end === before) writer.write('end_at_step', place, steps);
}

function applySize(
	writer: GraphWriter,
	{ values, imageToImage }: WorkflowBindings,
	{ parameters }: ApplicableSelection,
): void {
	if (!imageToImage) {
		writer.set('width', values.width, parameters.width);
		writer.set('height', values.height, parameters.height);
	}
	if (values.batch_size.length > 0 || parameters.batch_size > 1) {
		writer.set('batch_size', values.batch_size, parameters.batch_size);
	}
}

const TEXTS: [BindingName & ('positive' | 'negative'), 'prompt' | 'negative_prompt'][] = [
	['positive', 'prompt'],
	['negative', 'negative_prompt'],
];

function applyTexts(
	writer: GraphWriter,
	{ values }: WorkflowBindings,
	{ parameters }: ApplicableSelection,
): void {
	for (const [name, parameter] of TEXTS) {
		if (parameters[parameter] !== '') writer.set(name, values[name], parameters[parameter]);
	}
}
