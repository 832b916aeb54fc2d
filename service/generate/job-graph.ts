/** From a selection to the graph that is submitted: built, or the caller's own filled in; input files uploaded first. */
import { withUpscale } from '../../lib/degradation/upscale-graph';
import { RouterError } from '../../lib/errors';
import type { SelectedDecision } from '../../lib/selection/types';
import { applySelection } from '../../lib/workflow/apply-selection';
import { buildGraph } from '../../lib/workflow/build';
import type { ApiGraph } from '../../lib/workflow/graph';
import { withNewOutputNames } from '../../lib/workflow/new-output-names';
import { withServerFileNames } from '../../lib/workflow/server-file-names';
import type { Way } from './going-lower';
import type { GenerateItem, GenerateServer, GeneratorDeps, InputFile } from './types';

export interface JobGraph {
	graph: ApiGraph;
	/** What the selection wanted and the graph has no place for. */
	unbound: string[];
	/** Ours, not the caller's or the catalog's own. */
	isBuilt: boolean;
}

interface UploadedNames {
	images: string[];
	mask: string | null;
}

/** Below ComfyUI's input folder, so that what we upload can be told from what people keep there. */
const SUBFOLDER = 'comfyui-router';

/** Uploads of one job, once per server. */
export class JobGraphs {
	private readonly uploads = new Map<string, Promise<UploadedNames>>();
	/** Not null: an output under its usual name was not there. */
	private mark: string | null = null;
	private readonly workflows = new Map<string, Promise<unknown>>();

	constructor(
		private readonly deps: Pick<GeneratorDeps, 'catalog' | 'readWorkflow'>,
		private readonly item: GenerateItem,
		private readonly seed: number,
	) {}

	/** From now on what is saved gets other names. */
	renameOutputs(mark: string): void {
		this.mark = mark;
	}

	/** @param installed model files as the server lists them; null: unknown */
	async graphFor(
		server: GenerateServer,
		installed: readonly string[] | null,
		{ selection, upscaleTo }: Pick<Way, 'selection' | 'upscaleTo'>,
		signal?: AbortSignal,
	): Promise<JobGraph> {
		const names = await this.namesOn(server, selection, signal);
		const { graph, ...made } = await this.make(selection, names);
		const found = withServerFileNames(graph, installed);
		const named = this.mark === null ? found : withNewOutputNames(found, this.mark);
		return { ...made, graph: upscaleTo === null ? named : withUpscale(named, upscaleTo) };
	}

	private async make(selection: SelectedDecision, names: UploadedNames): Promise<JobGraph> {
		const model = this.deps.catalog.models.find((one) => one.name === selection.model_name);
		if (!model) throw unknownModel(selection.model_name);
		const own = this.item.workflow ?? (await this.ownWorkflow(model.workflow));
		if (own === undefined) {
			const graph = buildGraph(model, selection, { seed: this.seed, ...names });
			return { graph, unbound: [], isBuilt: true };
		}
		const applied = applySelection(own, selection, {
			seed: this.seed,
			overrides: this.item.overrides,
		});
		const graph = placeFiles(applied.graph, names);
		return { graph, unbound: applied.missing, isBuilt: false };
	}

	private ownWorkflow(file: string | undefined): Promise<unknown> {
		if (file === undefined) return Promise.resolve(undefined);
		const { readWorkflow } = this.deps;
		if (!readWorkflow) throw unreadableWorkflow(file);
		const known = this.workflows.get(file) ?? readWorkflow(file);
		this.workflows.set(file, known);
		return known;
	}

	private namesOn(
		server: GenerateServer,
		selection: SelectedDecision,
		signal?: AbortSignal,
	): Promise<UploadedNames> {
		const known = this.uploads.get(server.name);
		if (known) return known;
		const uploading = this.upload(server, selection, signal);
		// a failed upload is tried again with the next attempt
		uploading.catch(() => this.uploads.delete(server.name));
		this.uploads.set(server.name, uploading);
		return uploading;
	}

	private async upload(
		server: GenerateServer,
		{ request }: SelectedDecision,
		signal?: AbortSignal,
	): Promise<UploadedNames> {
		const { images, mask } = this.item;
		const send = async (file: InputFile): Promise<string> => {
			const content = await file.read(signal);
			const { filename, contentType } = file;
			const upload = { filename, content, contentType, subfolder: SUBFOLDER };
			return (await server.uploadImage(upload, signal)).loadName;
		};
		const names: string[] = [];
		for (const image of images ?? []) names.push(await send(image));
		return {
			images: images ? names : request.images,
			mask: mask ? await send(mask) : (request.mask ?? null),
		};
	}
}

/** The caller's own loaders get the files in the order of the graph. */
function placeFiles(graph: ApiGraph, { images, mask }: UploadedNames): ApiGraph {
	const placed: ApiGraph = { ...graph };
	const put = (classTypes: readonly string[], names: readonly string[]): void => {
		const loaders = Object.entries(graph).filter(([, node]) =>
			classTypes.includes(node.class_type),
		);
		names.slice(0, loaders.length).forEach((name, index) => {
			const [id, node] = loaders[index] as (typeof loaders)[number];
			placed[id] = { ...node, inputs: { ...node.inputs, image: name } };
		});
	};
	put(['LoadImage'], images);
	if (mask !== null) put(['LoadImageMask'], [mask]);
	return placed;
}

function unknownModel(name: string): RouterError {
	return new RouterError({
		code: 'CATALOG_INVALID',
		message: `The catalog has no model named "${name}".`,
		hint: 'Run the selection with the catalog it was made from.',
	});
}

function unreadableWorkflow(file: string): RouterError {
	return new RouterError({
		code: 'FILE_UNREADABLE',
		message: `The model's own workflow "${file}" cannot be read here.`,
		hint: 'Give the workflow with the job.',
	});
}
