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
	const errors: ParseError[] = [];
	const root = parseTree(text.replace(/^\uFEFF/, ' '), errors, { allowTrailingComma: true });
	const [first] = errors;
	if (!root || first) {
		throw invalid(
			`is not JSON: ${place(text, first?.offset ?? 0)} (${first ? printParseErrorCode(first.error) : 'empty'})`,
			'Look there for a missing comma, bracket or quote.',
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

function invalid(what: string, hint: string): RouterError {
	return new RouterError({ code: 'CATALOG_INVALID', message: `The catalog ${what}.`, hint });
}

function place(text: string, offset: number): string {
	const before = text.slice(0, offset);
	return `line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')}`;
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
