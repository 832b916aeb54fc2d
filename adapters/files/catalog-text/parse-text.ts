/** Reads a catalog's text, with comments and trailing commas where a person wrote them. */
import {
	getNodeValue,
	type Node,
	type ParseError,
	parseTree,
	printParseErrorCode,
} from 'jsonc-parser';

import { RouterError } from '../../../lib/errors';

/**
 * A byte order mark is taken for space, so that offsets are those of the text as it is.
 * @throws RouterError CATALOG_INVALID naming line and column
 */
export function parseText(text: string): { root: Node; value: unknown } {
	const { root, first } = treeOf(text);
	if (!root || first) {
		throw invalid(
			`is not JSON: ${place(text, first?.offset ?? 0)} (${first ? printParseErrorCode(first.error) : 'empty'})`,
			'Look there for a missing comma, bracket or quote.',
		);
	}
	const forbidden = forbiddenKey(root);
	if (forbidden) {
		throw invalid(
			`has a key that is not allowed, "__proto__", ${place(text, forbidden.offset)}`,
			'Remove it.',
		);
	}
	const twice = keyGivenTwice(root);
	if (twice) {
		throw invalid(
			`has a key twice: "${String(twice.value).slice(0, 60)}", ${place(text, twice.offset)}`,
			'Only one of the two would count. Remove or rename one of them.',
		);
	}
	return { root, value: getNodeValue(root) as unknown };
}

function treeOf(text: string): { root: Node | undefined; first: ParseError | undefined } {
	const errors: ParseError[] = [];
	try {
		const json = text.replace(/^\uFEFF/, ' ');
		const root = parseTree(json, errors, { allowTrailingComma: true });
		if (root) checkDepth(root);
		return { root, first: errors[0] };
	} catch (error) {
		// the parser calls itself for each level
		if (!(error instanceof RangeError)) throw error;
		throw tooDeep();
	}
}

/** Far above what the format has, far below what would exhaust the stack of those who read it next. */
const MAX_DEPTH = 200;

function checkDepth(node: Node, depth = 0): void {
	if (depth > MAX_DEPTH) throw tooDeep();
	for (const child of node.children ?? []) checkDepth(child, depth + 1);
}

function tooDeep(): RouterError {
	return invalid('is nested too deeply', 'Look for brackets that are opened and never closed.');
}

function invalid(what: string, hint: string): RouterError {
	return new RouterError({ code: 'CATALOG_INVALID', message: `The catalog ${what}.`, hint });
}

function place(text: string, offset: number): string {
	const before = text.slice(0, offset);
	return `line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')}`;
}

/** The parser would set what its object inherits instead of a key. */
function forbiddenKey(node: Node): Node | null {
	for (const child of node.children ?? []) {
		const [key] = node.type === 'object' ? (child.children ?? []) : [];
		const found = key?.value === '__proto__' ? key : forbiddenKey(child);
		if (found) return found;
	}
	return null;
}

/** Readers and the editor would not agree on which of the two values is meant. */
function keyGivenTwice(node: Node): Node | null {
	const seen = new Set<unknown>();
	for (const child of node.children ?? []) {
		const [key] = node.type === 'object' ? (child.children ?? []) : [];
		if (key && seen.has(key.value)) return key;
		if (key) seen.add(key.value);
		const below = keyGivenTwice(child);
		if (below) return below;
	}
	return null;
}
