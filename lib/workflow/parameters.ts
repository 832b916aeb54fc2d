/** What a graph will run: files and numbers read at its bindings. Reads literals only; a computed value is unknown. */
import type { WorkflowBindings } from './bindings';
import { type ApiGraph, inputOf, nodeOf } from './graph';
import type { InputRef } from './input-ref';
import { upstream } from './walk';

/** null: not in the graph, or computed in it. */
export interface GraphParameters {
	modelFile: string | null;
	textEncoders: string[];
	/** LoRA files with a strength other than 0. */
	loras: string[];
	steps: number | null;
	cfg: number | null;
	width: number | null;
	height: number | null;
	batchSize: number;
	/** Images that the sampler depends on. */
	images: number;
}

export function readParameters(graph: ApiGraph, bindings: WorkflowBindings): GraphParameters {
	const { values, model, loras } = bindings;
	const active = loras.filter(({ strengths }) => {
		const known = strengths.map((ref) => valueAt(graph, ref));
		return known.length === 0 || known.some((strength) => strength !== 0);
	});
	return {
		modelFile: model ? textAt(graph, model) : null,
		textEncoders: values.text_encoders.flatMap((ref) => textAt(graph, ref) ?? []),
		loras: active.flatMap((lora) => textAt(graph, lora.file) ?? []),
		steps: numberAt(graph, values.steps),
		cfg: numberAt(graph, values.cfg),
		width: numberAt(graph, values.width),
		height: numberAt(graph, values.height),
		batchSize: Math.max(1, numberAt(graph, values.batch_size) ?? 1),
		images: countImages(graph, bindings.sampler.nodeId),
	};
}

function countImages(graph: ApiGraph, sampler: string): number {
	const ids = upstream(graph, sampler, (input) => !/mask/i.test(input));
	return ids.filter((id) => /^LoadImage(?!Mask)/.test(nodeOf(graph, id)?.class_type ?? '')).length;
}

export function valueAt(graph: ApiGraph, ref: InputRef): unknown {
	const node = nodeOf(graph, ref.nodeId);
	return node ? inputOf(node, ref.input) : undefined;
}

function textAt(graph: ApiGraph, ref: InputRef): string | null {
	const value = valueAt(graph, ref);
	return typeof value === 'string' ? value : null;
}

function numberAt(graph: ApiGraph, refs: InputRef[]): number | null {
	for (const ref of refs) {
		const value = valueAt(graph, ref);
		// ComfyUI takes "20" for 20
		const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
		if (typeof number === 'number' && Number.isFinite(number)) return number;
	}
	return null;
}
