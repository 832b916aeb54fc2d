/** The error objects of POST /prompt, word for word as ComfyUI's execution.py writes them. */
import type { InputSpec } from './node-definitions';

export interface ValidationError {
	type: string;
	message: string;
	details: string;
	extra_info: Record<string, unknown>;
}

/** Lists longer than this are not sent back. */
const LONGEST_LIST = 20;

function error(
	type: string,
	message: string,
	details: string,
	extra_info: Record<string, unknown> = {},
): ValidationError {
	return { type, message, details, extra_info };
}

export const noPrompt = (): ValidationError =>
	error('no_prompt', 'No prompt provided', 'No prompt provided');

export const missingClassType = (nodeId: string): ValidationError =>
	error(
		'invalid_prompt',
		'Cannot execute because a node is missing the class_type property.',
		`Node ID '#${nodeId}'`,
	);

export const unknownClass = (nodeId: string, classType: string): ValidationError =>
	error(
		'invalid_prompt',
		`Cannot execute because node ${classType} does not exist.`,
		`Node ID '#${nodeId}'`,
	);

export const noOutputs = (): ValidationError =>
	error('prompt_no_outputs', 'Prompt has no outputs', '');

export const outputsFailed = (): ValidationError =>
	error('prompt_outputs_failed_validation', 'Prompt outputs failed validation', '');

export const requiredInputMissing = (input: string): ValidationError =>
	error('required_input_missing', 'Required input is missing', input, { input_name: input });

export const badLinkedInput = (input: string, spec: InputSpec, value: unknown): ValidationError =>
	error(
		'bad_linked_input',
		'Bad linked input, must be a length-2 list of [node_id, slot_index]',
		input,
		{
			input_name: input,
			input_config: config(spec),
			received_value: value,
		},
	);

export const returnTypeMismatch = (
	input: string,
	spec: InputSpec,
	receivedType: string,
	link: unknown,
): ValidationError =>
	error(
		'return_type_mismatch',
		'Return type mismatch between linked nodes',
		`${input}, received_type(${receivedType}) mismatch input_type(${typeName(spec)})`,
		{
			input_name: input,
			input_config: config(spec),
			received_type: receivedType,
			linked_node: link,
		},
	);

export const invalidInputType = (
	input: string,
	spec: InputSpec,
	value: unknown,
	reason: string,
): ValidationError =>
	error(
		'invalid_input_type',
		`Failed to convert an input value to a ${typeName(spec)} value`,
		`${input}, ${pythonText(value)}, ${reason}`,
		{
			input_name: input,
			input_config: config(spec),
			received_value: value,
			exception_message: reason,
		},
	);

export const outOfRange = (
	input: string,
	spec: InputSpec,
	value: number,
	bound: number,
	side: 'smaller' | 'bigger',
): ValidationError =>
	error(
		side === 'smaller' ? 'value_smaller_than_min' : 'value_bigger_than_max',
		`Value ${value} ${side} than ${side === 'smaller' ? 'min' : 'max'} of ${bound}`,
		input,
		{ input_name: input, input_config: config(spec), received_value: value },
	);

export const valueNotInList = (
	input: string,
	spec: InputSpec,
	value: unknown,
	options: string[],
): ValidationError => {
	const long = options.length > LONGEST_LIST;
	const list = long
		? `(list of length ${options.length})`
		: `[${options.map((option) => `'${option}'`).join(', ')}]`;
	return error(
		'value_not_in_list',
		'Value not in list',
		`${input}: '${pythonText(value)}' not in ${list}`,
		{
			input_name: input,
			input_config: long ? null : config(spec),
			received_value: value,
		},
	);
};

export const customValidationFailed = (input: string, reason: string): ValidationError =>
	error('custom_validation_failed', 'Custom validation failed for node', `${input} - ${reason}`, {
		input_name: input,
	});

export const linkToMissingNode = (
	input: string,
	spec: InputSpec,
	missingId: string,
	link: unknown,
): ValidationError =>
	error(
		'exception_during_inner_validation',
		'Exception when validating inner node',
		`'${missingId}'`,
		{
			input_name: input,
			input_config: config(spec),
			exception_message: `'${missingId}'`,
			exception_type: 'KeyError',
			traceback: ['  File "execution.py", in validate_inputs\n'],
			linked_node: link,
		},
	);

export const exceptionDuringValidation = (missingId: string): ValidationError =>
	error('exception_during_validation', 'Exception when validating node', `'${missingId}'`, {
		exception_type: 'KeyError',
		traceback: ['  File "execution.py", in validate_prompt\n'],
	});

function config(spec: InputSpec): unknown[] {
	return [spec[0], spec[1] ?? {}];
}

function typeName(spec: InputSpec): string {
	return Array.isArray(spec[0]) ? `[${spec[0].map((v) => `'${v}'`).join(', ')}]` : spec[0];
}

/** A value as Python's str() shows it, for the common cases. */
export function pythonText(value: unknown): string {
	if (value === null || value === undefined) return 'None';
	if (typeof value === 'boolean') return value ? 'True' : 'False';
	return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
