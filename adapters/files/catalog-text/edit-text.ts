/**
 * Changes a catalog's text in place: adds entries, sets, adds and removes single properties. Every byte it was not asked
 * to change stays where it is, comments and odd formatting included.
 */
import { findNodeAtLocation, type Node } from 'jsonc-parser';

import type { SyncChange } from '../../../lib/catalog-sync';
import { parseText } from './parse-text';

interface Edit {
	offset: number;
	length: number;
	text: string;
}

/** @returns the text after the changes, in their order */
export function applyChanges(text: string, changes: readonly SyncChange[]): string {
	const added = changes.flatMap((change) => (change.kind === 'add' ? [change.entry] : []));
	const edited = changes.reduce((current, change) => applyToEntry(current, change), text);
	return added.length === 0 ? edited : appendEntries(edited, added);
}

function applyToEntry(text: string, change: SyncChange): string {
	switch (change.kind) {
		case 'add':
			return text;
		case 'update':
			return setProperty(text, change.index, change.key, change.to, change.path);
		case 'disable': {
			// the reason first: so that an `enabled` behind it is known to be ours when it is taken away again
			const withReason = setProperty(text, change.index, 'x_disabled_reason', change.reason);
			return setProperty(withReason, change.index, 'enabled', false);
		}
		case 'enable':
			return enable(text, change.index);
	}
}

/** Removes what disabling added; an `enabled` that a person had written is kept, as true. */
function enable(text: string, index: number): string {
	const names = propertiesOf(entryNode(text, index)).map(nameOf);
	const addedByUs = names[names.indexOf('x_disabled_reason') + 1] === 'enabled';
	const without = addedByUs
		? removeProperty(text, index, 'enabled')
		: setProperty(text, index, 'enabled', true);
	return removeProperty(without, index, 'x_disabled_reason');
}

function entryNode(text: string, index: number): Node {
	return nodeAt(text, ['models', index]);
}

function nodeAt(text: string, path: Array<string | number>): Node {
	const node = findNodeAtLocation(parseText(text).root, path);
	if (!node) throw new Error(`The catalog has no ${path.join('.')}.`);
	return node;
}

function propertiesOf(node: Node): Node[] {
	return node.children ?? [];
}

function nameOf(property: Node): string {
	return String(property.children?.[0]?.value);
}

function setProperty(
	text: string,
	index: number,
	key: string,
	value: unknown,
	path: readonly (string | number)[] = [],
): string {
	return setIn(text, nodeAt(text, ['models', index, ...path]), key, value);
}

/** @param index of the server in the catalog's list */
export function setServerProperty(
	text: string,
	index: number,
	key: string,
	value: unknown,
): string {
	return setIn(text, nodeAt(text, ['servers', index]), key, value);
}

function setIn(text: string, node: Node, key: string, value: unknown): string {
	const existing = propertiesOf(node).find((property) => nameOf(property) === key)?.children?.[1];
	if (existing) {
		return edit(text, [
			{ offset: existing.offset, length: existing.length, text: JSON.stringify(value) },
		]);
	}
	return appendItems(text, node, [`${JSON.stringify(key)}: ${JSON.stringify(value)}`]);
}

function removeProperty(text: string, index: number, key: string): string {
	const properties = propertiesOf(entryNode(text, index));
	const position = properties.findIndex((property) => nameOf(property) === key);
	const property = properties[position];
	const previous = properties[position - 1];
	if (!property) return text;
	// nothing of ours is ever the first property; a person who moved it there keeps it, emptied
	if (!previous) return setProperty(text, index, key, null);
	const ownLine = ownLineIndent(text, property.offset) !== null;
	const comma = commaPosition(text, end(previous)) ?? end(previous);
	const start = lineTail(text, comma + 1, ownLine);
	const own = commaAfter(text, end(property));
	const region: Edit = { offset: start, length: (own ?? end(property)) - start, text: '' };
	// the last one takes the comma before it along, unless it has one itself
	return edit(text, own === null ? [{ offset: comma, length: 1, text: '' }, region] : [region]);
}

function appendEntries(text: string, entries: readonly Record<string, unknown>[]): string {
	const unit = indentUnit(text);
	return appendItems(
		text,
		nodeAt(text, ['models']),
		entries.map((entry) => JSON.stringify(entry, null, unit)),
	);
}

/** Adds items behind the last one, formatted as the ones before them are. */
function appendItems(text: string, container: Node, items: readonly string[]): string {
	const newline = text.includes('\r\n') ? '\r\n' : '\n';
	const children = propertiesOf(container);
	const last = children.at(-1);
	if (!last) return fillEmpty(text, container, items, newline);
	const indent = ownLineIndent(text, last.offset);
	const separator = indent === null ? ' ' : newline + indent;
	const block = items.map((item) =>
		indent === null ? oneLine(item) : indented(item, indent, newline),
	);
	const joined = separator + block.join(`,${separator}`);
	const comma = commaPosition(text, end(last));
	if (comma !== null) {
		const at = lineTail(text, comma + 1, indent !== null);
		return edit(text, [{ offset: at, length: 0, text: `${joined},` }]);
	}
	const at = lineTail(text, end(last), indent !== null);
	const between = text.slice(end(last), at);
	return edit(text, [{ offset: end(last), length: between.length, text: `,${between}${joined}` }]);
}

function fillEmpty(
	text: string,
	container: Node,
	items: readonly string[],
	newline: string,
): string {
	const outer = lineIndent(text, container.offset);
	const inner = outer + indentUnit(text);
	const block = items.map((item) => inner + indented(item, inner, newline)).join(`,${newline}`);
	const closing = end(container) - 1;
	const between = text.slice(container.offset + 1, closing);
	// only comments or space are between: they stay, before what is added
	const head = between.trimEnd();
	const insertAt = container.offset + 1 + head.length;
	const tail = between.slice(head.length).includes('\n') ? '' : newline + outer;
	return edit(text, [{ offset: insertAt, length: 0, text: newline + block + tail }]);
}

function end(node: Node): number {
	return node.offset + node.length;
}

/** Where a line's own comment ends, which belongs to what is before it; `from` itself where there is none or none wanted. */
function lineTail(text: string, from: number, withComment: boolean): number {
	if (!withComment) return from;
	const position = skipBlanks(text, from);
	const comment = /(\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/)/y;
	comment.lastIndex = position;
	return comment.test(text) ? comment.lastIndex : from;
}

/** The comma that follows, wherever space and comments have left it. */
function commaPosition(text: string, from: number): number | null {
	const between = /(?:\s|\/\/[^\r\n]*|\/\*[^]*?\*\/)*/y;
	between.lastIndex = from;
	between.test(text);
	return text[between.lastIndex] === ',' ? between.lastIndex : null;
}

/** End of the comma that follows, with nothing but blanks in between. */
function commaAfter(text: string, from: number): number | null {
	const position = skipBlanks(text, from);
	return text[position] === ',' ? position + 1 : null;
}

function skipBlanks(text: string, from: number): number {
	let position = from;
	while (text[position] === ' ' || text[position] === '\t') position += 1;
	return position;
}

function lineIndent(text: string, offset: number): string {
	const start = text.lastIndexOf('\n', offset - 1) + 1;
	return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}

/** The indentation of an item that begins its line; null where others stand before it. */
function ownLineIndent(text: string, offset: number): string | null {
	const start = text.lastIndexOf('\n', offset - 1) + 1;
	const before = text.slice(start, offset);
	return start > 0 && before.trim() === '' ? before : null;
}

/** The file's own step of indentation: that of its first indented line. */
function indentUnit(text: string): string {
	return /\n([ \t]+)\S/.exec(text)?.[1] ?? '\t';
}

function indented(item: string, indent: string, newline: string): string {
	return item.split('\n').join(newline + indent);
}

function oneLine(item: string): string {
	return item.includes('\n') ? JSON.stringify(JSON.parse(item)) : item;
}

/** Edits do not overlap; they are made from the end, so that offsets stay right. */
function edit(text: string, edits: readonly Edit[]): string {
	const ordered = [...edits].sort((a, b) => b.offset - a.offset);
	return ordered.reduce((current, { offset, length, text: inserted }) => {
		return current.slice(0, offset) + inserted + current.slice(offset + length);
	}, text);
}
