/** Puts a preset's LoRAs into a user's own graph: those there get their strength, the others are put in after the loader. */
import type { Lora } from '../catalog/schema';
import type { WorkflowBindings } from './bindings';
import { baseName, isSameFile } from './file-names';
import type { LoraNode, ModelLoader } from './find-model';
import { type ApiGraph, isLink, type Link, nodeOf } from './graph';
import type { GraphWriter } from './graph-writer';
import { valueAt } from './parameters';

/**
 * LoRAs that make few steps possible belong to a preset, not to a style: one that the selected preset does not have
 * would spoil its steps and cfg.
 */
const FEW_STEP_LORA = /(lightning|turbo|hyper[-_]?sd|\blcm|[-_]lcm|[-_]dmd|\d+[-_]?steps?)/i;

export function applyLoras(
	writer: GraphWriter,
	bindings: WorkflowBindings,
	wanted: readonly Lora[],
): void {
	const { graph } = writer;
	const present = new Map<LoraNode, string>();
	for (const node of bindings.loras) {
		const file = valueAt(graph, node.file);
		if (typeof file === 'string') present.set(node, file);
	}
	const toInsert: Lora[] = [];
	const free = [...present].filter(
		([, file]) =>
			FEW_STEP_LORA.test(baseName(file)) && !wanted.some((lora) => isSameFile(lora.file, file)),
	);
	for (const lora of wanted) {
		const there = [...present].find(([, file]) => isSameFile(lora.file, file))?.[0];
		// a few-step LoRA gives its place to the preset's own
		const place = there ?? free.shift()?.[0];
		if (!place) toInsert.push(lora);
		else setLora(writer, place, there ? null : lora.file, lora.strength);
	}
	for (const [node] of free) setLora(writer, node, null, 0);
	if (toInsert.length === 0) return;
	if (bindings.model) insertLoras(writer, bindings.model, toInsert);
	else writer.missing.push('loras');
}

function setLora(writer: GraphWriter, node: LoraNode, file: string | null, strength: number): void {
	if (file !== null) writer.write('lora', node.file, file);
	for (const place of node.strengths) writer.write('lora_strength', place, strength);
}

/** Loader -> LoRA -> LoRA -> all that used the loader's model. */
function insertLoras(writer: GraphWriter, loader: ModelLoader, loras: readonly Lora[]): void {
	const { graph } = writer;
	const consumers = consumersOf(graph, loader.output);
	let output: Link = loader.output;
	for (const lora of loras) {
		const id = freeId(graph);
		graph[id] = {
			class_type: 'LoraLoaderModelOnly',
			inputs: { lora_name: lora.file, strength_model: lora.strength, model: output },
			_meta: { title: `LoRA ${baseName(lora.file)}` },
		};
		writer.bound.push(`lora -> ${id}.lora_name`);
		output = [id, 0];
	}
	for (const { inputs, name } of consumers) inputs[name] = output;
}

function consumersOf(
	graph: ApiGraph,
	output: Link,
): { inputs: Record<string, unknown>; name: string }[] {
	return Object.values(graph).flatMap(({ inputs }) =>
		Object.entries(inputs)
			.filter(
				([, value]) => isLink(value) && String(value[0]) === output[0] && value[1] === output[1],
			)
			.map(([name]) => ({ inputs, name })),
	);
}

/** The next whole number above all ids that are one. */
export function freeId(graph: ApiGraph): string {
	const numbers = Object.keys(graph).map(Number).filter(Number.isSafeInteger);
	let next = numbers.reduce((most, id) => Math.max(most, id), 0) + 1;
	while (nodeOf(graph, String(next))) next++;
	return String(next);
}
