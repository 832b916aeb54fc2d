/**
 * The JSON Schema of a zod schema of ours, as shipped for editors, and the look-up of what it expects at a path.
 * Owns the translation of extension keys; knows no file and no domain.
 */
import { z } from 'zod/v4';

/** As much of JSON Schema (draft 2020-12) as zod writes for our schemas. */
export interface JsonSchema {
	$schema?: string;
	title?: string;
	description?: string;
	type?: string;
	const?: unknown;
	enum?: unknown[];
	default?: unknown;
	format?: string;
	pattern?: string;
	minimum?: number;
	maximum?: number;
	exclusiveMinimum?: number;
	exclusiveMaximum?: number;
	minLength?: number;
	maxLength?: number;
	minItems?: number;
	maxItems?: number;
	items?: JsonSchema;
	properties?: Record<string, JsonSchema>;
	required?: string[];
	additionalProperties?: boolean | JsonSchema;
	patternProperties?: Record<string, JsonSchema>;
	propertyNames?: JsonSchema;
	anyOf?: JsonSchema[];
}

const known = new WeakMap<z.ZodType, JsonSchema>();

/**
 * @returns the schema of what may be written (defaults are optional); unknown keys are refused except `$schema`,
 * `notes` and `x_*`. The same object for the same schema: do not change it.
 */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
	let result = known.get(schema);
	if (result === undefined) {
		result = z.toJSONSchema(schema, {
			io: 'input',
			override: ({ jsonSchema }) => refuseUnknownKeys(jsonSchema as JsonSchema),
		}) as JsonSchema;
		known.set(schema, result);
	}
	return result;
}

function refuseUnknownKeys(schema: JsonSchema): void {
	if (schema.type === 'integer') dropSafeIntegerLimits(schema);
	if (schema.format === 'uri') schema.pattern = '^https?://';
	if (schema.properties === undefined) return;
	schema.properties.$schema ??= {};
	schema.properties.notes ??= {};
	schema.patternProperties = { '^x_': {} };
	schema.additionalProperties = false;
}

/** zod writes the limits of exact integers where no other is given; they tell a reader nothing. */
function dropSafeIntegerLimits(schema: JsonSchema): void {
	if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
	if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

/** The schema of the value at a path; null where none is known. */
export function schemaAt(root: JsonSchema, path: readonly PropertyKey[]): JsonSchema | null {
	let current: JsonSchema | null = root;
	for (const key of path) {
		if (current === null) return null;
		const parent = withoutNull(current);
		current = typeof key === 'number' ? (parent.items ?? null) : memberOf(parent, String(key));
	}
	return current === null ? null : withoutNull(current);
}

/** Of a value that may also be null, the value: what a person who wrote something else wants to know. */
function withoutNull(schema: JsonSchema): JsonSchema {
	const choices = schema.anyOf?.filter((choice) => choice.type !== 'null') ?? [];
	if (choices.length !== 1) return schema;
	return { ...choices[0], description: schema.description ?? choices[0]!.description };
}

function memberOf(schema: JsonSchema, key: string): JsonSchema | null {
	if (schema.properties !== undefined && Object.hasOwn(schema.properties, key)) {
		return schema.properties[key]!;
	}
	return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : null;
}

/** What a schema accepts, in words that follow "Give": "a number from 0 to 1", "one of: a, b". */
export function describeExpected(schema: JsonSchema): string {
	if (schema.const !== undefined) return JSON.stringify(schema.const);
	if (schema.enum !== undefined)
		return `one of: ${schema.enum.map((v) => JSON.stringify(v)).join(', ')}`;
	if (schema.anyOf !== undefined) return schema.anyOf.map(describeExpected).join(', or ');
	switch (schema.type) {
		case 'integer':
			return `a whole number${range(schema)}`;
		case 'number':
			return `a number${range(schema)}`;
		case 'boolean':
			return 'true or false';
		case 'string':
			return text(schema);
		case 'array':
			return list(schema);
		case 'object':
			return object(schema);
		case 'null':
			return 'null';
		default:
			return 'another value';
	}
}

function range(schema: JsonSchema): string {
	const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
	if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
	const low =
		exclusiveMinimum !== undefined
			? `above ${exclusiveMinimum}`
			: minimum === undefined
				? null
				: `of at least ${minimum}`;
	const high =
		exclusiveMaximum !== undefined
			? `below ${exclusiveMaximum}`
			: maximum === undefined
				? null
				: `at most ${maximum}`;
	const parts = [low, high].filter((part) => part !== null);
	return parts.length === 0 ? '' : ` ${parts.join(' and ')}`;
}

function text(schema: JsonSchema): string {
	if (schema.format === 'uri') return 'an address that starts with http:// or https://';
	if (schema.format === 'date-time') return 'a time such as "2026-01-31T12:00:00Z"';
	const least = schema.minLength === undefined || schema.minLength === 0 ? '' : 'non-empty ';
	const most = schema.maxLength === undefined ? '' : ` of at most ${schema.maxLength} characters`;
	return `a ${least}text in quotes${most}`;
}

function list(schema: JsonSchema): string {
	const limits = [
		schema.minItems === undefined ? null : `at least ${schema.minItems}`,
		schema.maxItems === undefined ? null : `at most ${schema.maxItems}`,
	].filter((limit) => limit !== null);
	const count = limits.length === 0 ? '' : ` with ${limits.join(' and ')} entries`;
	return `a list [...]${count}`;
}

function object(schema: JsonSchema): string {
	if (schema.properties === undefined) return 'an object {...} of names with values';
	const required = schema.required ?? [];
	return required.length === 0 ? 'an object {...}' : `an object {...} with ${required.join(', ')}`;
}
