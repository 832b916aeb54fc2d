/** Small readings of n8n parameters and items. */
import { RouterError } from '../../lib/errors';

/** A JSON parameter: n8n gives the text as typed, or the value of an expression. */
export function jsonParameter(value: unknown, label: string): unknown {
	if (typeof value !== 'string') return value;
	try {
		return JSON.parse(value);
	} catch {
		throw toInvalidJson(label);
	}
}

function toInvalidJson(label: string): RouterError {
	return new RouterError({
		code: 'OPTIONS_INVALID',
		message: `${label} is not valid JSON.`,
		hint: 'Check quotes, commas and brackets, or use an expression that gives an object.',
	});
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a dotted path, or undefined. */
export function valueAt(source: unknown, path: string): unknown {
	return path
		.split('.')
		.filter((key) => key !== '')
		.reduce<unknown>(
			(value, key) => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined),
			source,
		);
}

/** What a field with a list holds: the value in it, or the plain text that it was before it had a list. */
export function locatorValue(value: unknown): unknown {
	return isRecord(value) && 'mode' in value && 'value' in value ? value.value : value;
}

/** True where the text has what is searched for in it, in either case: as n8n searches a list. */
export function contains(text: string, filter: string): boolean {
	return text.toLowerCase().includes(filter.toLowerCase());
}

/** "a, b" or a list as a list of non-empty texts. */
export function listOf(value: unknown): string[] {
	const parts = Array.isArray(value) ? value.map(String) : String(value ?? '').split(',');
	return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** The object without entries that are empty text, null or undefined: fields that were added but left blank. */
export function withoutBlanks(values: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(values).filter(
			([, value]) => value !== '' && value !== null && value !== undefined,
		),
	);
}
