/**
 * Reads JSON text as a person writes it, with comments and commas after the last entry, and says where and why it fails:
 * line, column, and what is usually meant. Also finds keys that an object has twice, which JSON.parse drops silently.
 * Decides nothing about the content.
 */
import type { Problem } from '../errors';
import { JsonFault, JsonScanner, type Span } from './json-scanner';

export interface ReadJson {
	/** False: `value` is undefined and `problems` says why. */
	readable: boolean;
	value: unknown;
	/** The fault of syntax, or the keys given twice. */
	problems: Problem[];
}

/** @param text JSON with or without a byte order mark, comments and last commas. Never throws. */
export function readJsonText(text: string): ReadJson {
	const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
	const scanner = new JsonScanner(json);
	try {
		scanner.scan();
	} catch (error) {
		if (!(error instanceof JsonFault)) throw error;
		return unreadable(json, error);
	}
	try {
		return {
			readable: true,
			value: JSON.parse(withoutSpans(json, scanner.extras)) as unknown,
			problems: scanner.duplicates.map(({ path, offset }) => duplicate(json, path, offset)),
		};
	} catch {
		return unreadable(
			json,
			new JsonFault(0, 'this is not valid JSON', 'Check the file with a JSON editor.'),
		);
	}
}

function withoutSpans(text: string, spans: readonly Span[]): string {
	if (spans.length === 0) return text;
	let at = 0;
	const kept = spans.map(({ from, to }) => {
		const piece = text.slice(at, from);
		at = to;
		return piece;
	});
	return [...kept, text.slice(at)].join(' ');
}

function unreadable(json: string, fault: JsonFault): ReadJson {
	const { line, column } = positionOf(json, fault.offset);
	return {
		readable: false,
		value: undefined,
		problems: [
			{
				path: '',
				message: `line ${line}, column ${column}: ${fault.message}`,
				hint: fault.hint,
			},
		],
	};
}

function duplicate(json: string, path: string, offset: number): Problem {
	const { line, column } = positionOf(json, offset);
	return {
		path,
		message: `line ${line}, column ${column}: this key was given before in the same object`,
		hint: 'Only the last one would count. Remove or rename one of them.',
	};
}

/** Line and column, both from 1. */
function positionOf(text: string, offset: number): { line: number; column: number } {
	const before = text.slice(0, offset);
	const line = before.split('\n').length;
	return { line, column: offset - before.lastIndexOf('\n') };
}
