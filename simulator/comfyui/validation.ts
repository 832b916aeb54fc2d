/** POST /prompt's validation, in the order and with the outcomes of ComfyUI's execution.py. Runs nothing. */
import type { InputSpec, NodeDefinition, NodeDefinitions } from './node-definitions';
import * as errors from './validation-errors';
import type { ValidationError } from './validation-errors';

export interface NodeErrors {
	[nodeId: string]: { errors: ValidationError[]; dependent_outputs: string[]; class_type: string };
}

export interface Validation {
	error: ValidationError | null;
	/** Output nodes that are valid, in graph order. */
	outputs: string[];
	nodeErrors: NodeErrors;
}

interface RawNode {
	class_type: string;
	inputs: Record<string, unknown>;
}

type RawGraph = Record<string, RawNode>;

interface NodeResult {
	valid: boolean;
	errors: ValidationError[];
}

/** A link to a node that is not in the graph: Python's KeyError. */
class MissingNode extends Error {
	constructor(readonly nodeId: string) {
		super(nodeId);
	}
}

export interface ValidationContext {
	definitions: NodeDefinitions;
	/** Whether a LoadImage file name can be opened. */
	hasInputFile(name: string): boolean;
}

/** @param targets `partial_execution_targets`, or null for all outputs */
export function validatePrompt(
	prompt: object,
	targets: string[] | null,
	context: ValidationContext,
): Validation {
	const graph = prompt as RawGraph;
	const outputs: string[] = [];
	for (const [nodeId, node] of Object.entries(graph)) {
		if (!('class_type' in node)) return failed(errors.missingClassType(nodeId));
		const definition = context.definitions.get(node.class_type);
		if (!definition) return failed(errors.unknownClass(nodeId, node.class_type));
		if (definition.output_node && (targets === null || targets.includes(nodeId)))
			outputs.push(nodeId);
	}
	if (outputs.length === 0) return failed(errors.noOutputs());
	return validateOutputs(graph, outputs, context);
}

function failed(error: ValidationError): Validation {
	return { error, outputs: [], nodeErrors: {} };
}

function validateOutputs(
	graph: RawGraph,
	outputs: string[],
	context: ValidationContext,
): Validation {
	const walk = new GraphWalk(graph, context);
	const good: string[] = [];
	const nodeErrors: NodeErrors = {};
	for (const output of outputs) {
		if (walk.validateOutput(output)) {
			good.push(output);
			continue;
		}
		for (const [nodeId, result] of walk.results) {
			if (result.valid || result.errors.length === 0) continue;
			nodeErrors[nodeId] ??= {
				errors: result.errors,
				dependent_outputs: [],
				class_type: graph[nodeId]?.class_type ?? '',
			};
			nodeErrors[nodeId].dependent_outputs.push(output);
		}
	}
	const error = good.length === 0 ? errors.outputsFailed() : null;
	return { error, outputs: good, nodeErrors };
}

/** One walk over a graph; nodes are judged once and remembered, as in ComfyUI. */
class GraphWalk {
	readonly results = new Map<string, NodeResult>();
	private readonly path = new Set<string>();

	constructor(
		private readonly graph: RawGraph,
		private readonly context: ValidationContext,
	) {}

	validateOutput(output: string): boolean {
		try {
			return this.validateNode(output).valid;
		} catch (error) {
			if (!(error instanceof MissingNode)) throw error;
			const reasons = [errors.exceptionDuringValidation(error.nodeId)];
			this.results.set(output, { valid: false, errors: reasons });
			return false;
		}
	}

	/** A cycle makes every node on it invalid without a word about it (as recorded). */
	private validateNode(nodeId: string): NodeResult {
		const known = this.results.get(nodeId);
		if (known) return known;
		if (this.path.has(nodeId)) return { valid: false, errors: [] };
		this.path.add(nodeId);
		try {
			const result = this.validateInputs(nodeId);
			this.results.set(nodeId, result);
			return result;
		} finally {
			this.path.delete(nodeId);
		}
	}

	private validateInputs(nodeId: string): NodeResult {
		const node = this.node(nodeId);
		const definition = this.definition(nodeId);
		const result: NodeResult = { valid: true, errors: [] };
		const check = (specs: Record<string, InputSpec> | undefined, required: boolean): void => {
			for (const [input, spec] of Object.entries(specs ?? {})) {
				const value = node.inputs[input];
				if (value === undefined) {
					if (required) result.errors.push(errors.requiredInputMissing(input));
				} else if (Array.isArray(value)) {
					this.checkLink(input, spec, value, result);
				} else {
					this.checkValue(node, input, spec, result);
				}
			}
		};
		check(definition.input.required, true);
		check(definition.input.optional, false);
		if (result.errors.length > 0) result.valid = false;
		return result;
	}

	private checkLink(input: string, spec: InputSpec, link: unknown[], result: NodeResult): void {
		if (link.length !== 2) {
			result.errors.push(errors.badLinkedInput(input, spec, link));
			return;
		}
		const sourceId = String(link[0]);
		const received = this.definition(sourceId).output[Number(link[1])];
		if (received === undefined) throw new MissingNode(sourceId);
		if (!compatible(received, spec[0])) {
			result.errors.push(errors.returnTypeMismatch(input, spec, received, link));
			return;
		}
		try {
			if (!this.validateNode(sourceId).valid) result.valid = false;
		} catch (error) {
			if (!(error instanceof MissingNode)) throw error;
			result.valid = false;
			const reasons = [errors.linkToMissingNode(input, spec, error.nodeId, link)];
			this.results.set(sourceId, { valid: false, errors: reasons });
		}
	}

	private checkValue(node: RawNode, input: string, spec: InputSpec, result: NodeResult): void {
		const options = spec[1] ?? {};
		const converted = convert(spec, node.inputs[input]);
		if ('reason' in converted) {
			result.errors.push(
				errors.invalidInputType(input, spec, node.inputs[input], converted.reason),
			);
			return;
		}
		const { value } = converted;
		node.inputs[input] = value;
		if (options['image_upload']) {
			if (this.context.hasInputFile(String(value))) return;
			result.errors.push(
				errors.customValidationFailed(input, `Invalid image file: ${String(value)}`),
			);
			return;
		}
		if (typeof value === 'number') {
			const { min, max } = options as { min?: number; max?: number };
			if (min !== undefined && value < min) {
				result.errors.push(errors.outOfRange(input, spec, value, min, 'smaller'));
			} else if (max !== undefined && value > max) {
				result.errors.push(errors.outOfRange(input, spec, value, max, 'bigger'));
			}
		}
		const allowed = allowedValues(spec);
		if (allowed && !allowed.includes(value as string)) {
			result.errors.push(errors.valueNotInList(input, spec, value, allowed));
		}
	}

	private node(nodeId: string): RawNode {
		const node = Object.hasOwn(this.graph, nodeId) ? this.graph[nodeId] : undefined;
		if (!node) throw new MissingNode(nodeId);
		return { class_type: node.class_type, inputs: (node.inputs ??= {}) };
	}

	private definition(nodeId: string): NodeDefinition {
		const definition = this.context.definitions.get(this.node(nodeId).class_type);
		if (!definition) throw new MissingNode(nodeId);
		return definition;
	}
}

/** Lists of values: `[[...]]` of old nodes, `["COMBO", {options}]` of new ones. */
function allowedValues(spec: InputSpec): string[] | null {
	if (Array.isArray(spec[0])) return spec[0];
	return spec[0] === 'COMBO' ? ((spec[1]?.['options'] as string[] | undefined) ?? []) : null;
}

function compatible(received: string, wanted: string | string[]): boolean {
	if (received === '*' || wanted === '*') return true;
	if (Array.isArray(wanted)) return received === 'COMBO';
	const accepted = new Set(wanted.split(','));
	return received.split(',').every((type) => accepted.has(type));
}

/** Python's int(), float(), str() and bool() on a JSON value. */
function convert(spec: InputSpec, value: unknown): { value: unknown } | { reason: string } {
	switch (spec[0]) {
		case 'INT':
			return toInt(value);
		case 'FLOAT':
			return toFloat(value);
		case 'STRING':
			return { value: typeof value === 'string' ? value : errors.pythonText(value) };
		case 'BOOLEAN':
			return { value: Boolean(value) };
		default:
			return { value };
	}
}

function toInt(value: unknown): { value: number } | { reason: string } {
	if (typeof value === 'number') return { value: Math.trunc(value) };
	if (typeof value === 'boolean') return { value: value ? 1 : 0 };
	if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return { value: Number(value) };
	if (typeof value === 'string')
		return { reason: `invalid literal for int() with base 10: '${value}'` };
	return { reason: notANumber('int', value) };
}

function toFloat(value: unknown): { value: number } | { reason: string } {
	if (typeof value === 'number') return { value };
	if (typeof value === 'boolean') return { value: value ? 1 : 0 };
	if (typeof value === 'string') {
		const number = value.trim() === '' ? Number.NaN : Number(value);
		if (Number.isFinite(number)) return { value: number };
		return { reason: `could not convert string to float: '${value}'` };
	}
	return { reason: notANumber('float', value) };
}

function notANumber(kind: 'int' | 'float', value: unknown): string {
	const type = value === null ? 'NoneType' : 'dict';
	const accepted =
		kind === 'int' ? 'a string, a bytes-like object or a real number' : 'a string or a real number';
	return `${kind}() argument must be ${accepted}, not '${type}'`;
}
