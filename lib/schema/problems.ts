/**
 * Turns zod's issues into problems a person can act on: where, what is wrong, and what would be right. Owns the
 * wording; what is expected comes from the JSON Schema. Never shows a value except a short one of a closed list.
 */
import type { z } from 'zod/v4';

import type { Problem } from '../errors';
import { closest } from './did-you-mean';
import { describeExpected, type JsonSchema, jsonSchemaOf, schemaAt } from './json-schema';

/** Longest piece of the input that a message repeats. */
const SHOWN_CHARACTERS = 60;

export interface ProblemContext {
	/** The schema that the input failed: hints say what it expects. */
	schema: z.ZodType;
	/** The input, so that messages can say what was there instead. */
	input: unknown;
}

/** `models[3].purposes.photo`; a key that is no plain word is written as `["my key"]`. */
export function formatPath(path: readonly PropertyKey[]): string {
	return path.reduce<string>((written, key) => {
		if (typeof key === 'number') return `${written}[${key}]`;
		const word = String(key);
		if (!/^[\w$-]{1,60}$/.test(word)) return `${written}[${JSON.stringify(shorten(word))}]`;
		return written === '' ? word : `${written}.${word}`;
	}, '');
}

/** Every issue of `error` as one or more problems; with `context`, with specific messages and hints. */
export function problemsOf(error: z.ZodError, context?: ProblemContext): Problem[] {
	const root = context === undefined ? null : jsonSchemaOf(context.schema);
	return error.issues.flatMap((issue) => {
		if (issue.code === 'unrecognized_keys') return unknownKeys(issue, root);
		const expected = root === null ? null : schemaAt(root, issue.path);
		const found = context === undefined ? undefined : valueAt(context.input, issue.path);
		return [
			{
				path: formatPath(issue.path),
				message: messageOf(issue, found, context !== undefined),
				hint: hintOf(issue, expected, found),
			},
		];
	});
}

type Issue = z.core.$ZodIssue;

function unknownKeys(
	issue: Extract<Issue, { code: 'unrecognized_keys' }>,
	root: JsonSchema | null,
): Problem[] {
	const object = root === null ? null : schemaAt(root, issue.path);
	const allowed = Object.keys(object?.properties ?? {}).filter((key) => key !== '$schema');
	return issue.keys.map((key) => {
		const meant = closest(key, allowed);
		const listed = allowed.length === 0 ? '' : ` Known here: ${allowed.join(', ')}.`;
		return {
			path: formatPath([...issue.path, key]),
			message: `unknown key ${JSON.stringify(shorten(key))}`,
			hint:
				meant === null
					? `Remove it, or start it with "x_" to keep it as a note of your own.${listed}`
					: `Did you mean "${meant}"? To keep a key of your own, start it with "x_".`,
		};
	});
}

function messageOf(issue: Issue, found: unknown, inputKnown: boolean): string {
	if (inputKnown && found === undefined && isAboutPresence(issue)) return 'is missing';
	switch (issue.code) {
		case 'invalid_type':
			return inputKnown
				? `is ${kindOf(found)}, not ${expectedKind(issue.expected)}`
				: issue.message;
		case 'invalid_value':
			return inputKnown ? `is ${shown(found)}, which is not a known value` : issue.message;
		case 'too_small':
			return tooSmall(issue, found);
		case 'too_big':
			return tooBig(issue, found);
		case 'invalid_format':
			return issue.format === 'url'
				? 'is not an http or https address'
				: 'has a form that is not accepted';
		case 'invalid_key':
			return 'has a name that is not accepted';
		default:
			return issue.message;
	}
}

function isAboutPresence(issue: Issue): boolean {
	return (
		issue.code === 'invalid_type' ||
		issue.code === 'invalid_value' ||
		issue.code === 'invalid_union'
	);
}

function tooSmall(issue: Extract<Issue, { code: 'too_small' }>, found: unknown): string {
	if (issue.origin === 'string') return 'is empty';
	if (issue.origin === 'array') return 'has too few entries';
	return `is ${shown(found)}, less than is possible`;
}

function tooBig(issue: Extract<Issue, { code: 'too_big' }>, found: unknown): string {
	if (issue.origin === 'string') return `is longer than ${issue.maximum} characters`;
	if (issue.origin === 'array') return `has more than ${issue.maximum} entries`;
	return `is ${shown(found)}, more than is possible`;
}

function hintOf(issue: Issue, expected: JsonSchema | null, found: unknown): string {
	if (issue.code === 'invalid_key')
		return 'Use a name of 1 to 200 characters without control characters.';
	if (expected === null) return 'See the reference for what is expected here.';
	const give = `Give ${describeExpected(expected)}.`;
	const meaning = expected.description === undefined ? '' : ` ${expected.description}`;
	return `${hint(expected, found)}${give}${meaning}`;
}

/** What probably went wrong, before what would be right. */
function hint(expected: JsonSchema, found: unknown): string {
	if (found === null) {
		return expected.type === 'object' ? '' : 'Leave the key out where the value is unknown. ';
	}
	if (typeof found !== 'string') return '';
	if (expected.enum !== undefined) {
		const meant = closest(found, expected.enum.map(String));
		return meant === null ? '' : `Did you mean "${meant}"? `;
	}
	const isNumberExpected = expected.type === 'number' || expected.type === 'integer';
	if (isNumberExpected && found.trim() !== '' && Number.isFinite(Number(found))) {
		return 'Write the number without quotes. ';
	}
	if (expected.type === 'boolean' && /^(true|false)$/i.test(found)) {
		return `Write ${found.toLowerCase()} without quotes. `;
	}
	if (expected.type === 'array') return 'Put it in brackets: ["..."]. ';
	return '';
}

function kindOf(value: unknown): string {
	if (value === null) return 'null';
	if (value === undefined) return 'missing';
	if (Array.isArray(value)) return 'a list';
	if (typeof value === 'number') {
		if (!Number.isFinite(value)) return String(value);
		return Number.isInteger(value) ? `the number ${value}` : `the fraction ${value}`;
	}
	const kinds: Record<string, string> = {
		string: 'text',
		boolean: 'true or false',
		object: 'an object',
	};
	return kinds[typeof value] ?? `a ${typeof value}`;
}

function expectedKind(expected: string): string {
	const kinds: Record<string, string> = {
		string: 'text',
		number: 'a finite number',
		int: 'a whole number',
		boolean: 'true or false',
		array: 'a list',
		object: 'an object',
		record: 'an object',
	};
	return kinds[expected] ?? expected;
}

function shown(value: unknown): string {
	if (typeof value === 'string') return JSON.stringify(shorten(value));
	if (typeof value === 'number') return String(value);
	return kindOf(value);
}

function shorten(value: string): string {
	return value.length <= SHOWN_CHARACTERS ? value : `${value.slice(0, SHOWN_CHARACTERS)}...`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
	let current = input;
	for (const key of path) {
		if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key))
			return undefined;
		current = (current as Record<PropertyKey, unknown>)[key];
	}
	return current;
}
