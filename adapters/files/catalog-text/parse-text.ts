/** Reads a catalog's text, with comments and trailing commas where a person wrote them. */
import {
	getNodeValue,
	type Node,
	type ParseError,
	parseTree,
	printParseErrorCode,
} from 'jsonc-parser';

import { RouterError } from '../../../lib/errors';

/** @throws RouterError CATALOG_INVALID naming line and column */
export function parseText(text: string): { root: Node; value: unknown } {
	const errors: ParseError[] = [];
	const root = parseTree(text, errors, { allowTrailingComma: true });
	const [first] = errors;
	if (!root || first) {
		const before = text.slice(0, first?.offset ?? 0);
		const line = before.split('\n').length;
		const column = before.length - before.lastIndexOf('\n');
		const what = first ? printParseErrorCode(first.error) : 'empty';
		throw new RouterError({
			code: 'CATALOG_INVALID',
			message: `The catalog is not JSON: line ${line}, column ${column} (${what}).`,
			hint: 'Look there for a missing comma, bracket or quote.',
		});
	}
	return { root, value: getNodeValue(root) as unknown };
}
