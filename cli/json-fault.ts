/** Where a text stops being JSON. JSON.parse names the place only sometimes, and differently in each version. */

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** 1-based, as editors count. */
export interface TextPosition {
	line: number;
	column: number;
}

/** @returns the first place at which no JSON could go on; null where the text is JSON */
export function findJsonFault(text: string): TextPosition | null {
	const index = scan(text);
	if (index === null) return null;
	const before = text.slice(0, index).split('\n');
	return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** One pass with a stack of what is open, so that deep nesting costs no call stack. */
function scan(text: string): number | null {
	const open: ('{' | '[')[] = [];
	let index = skip(text, 0);
	let expecting: 'value' | 'key' | 'after' = 'value';
	/** True right after an opening bracket, where it may close at once. */
	let fresh = false;
	while (index < text.length) {
		const char = text[index] as string;
		if (expecting === 'after') {
			const top = open.at(-1);
			if (top === undefined) return index;
			if (char === ',') expecting = top === '{' ? 'key' : 'value';
			else if (char === (top === '{' ? '}' : ']')) open.pop();
			else return index;
			index = skip(text, index + 1);
		} else if (fresh && char === (open.at(-1) === '{' ? '}' : ']')) {
			open.pop();
			expecting = 'after';
			index = skip(text, index + 1);
		} else if (expecting === 'key') {
			const colon = skip(text, match(STRING, text, index) ?? -1);
			if (colon < 0) return index;
			if (text[colon] !== ':') return colon;
			index = skip(text, colon + 1);
			expecting = 'value';
		} else if (char === '{' || char === '[') {
			open.push(char);
			expecting = char === '{' ? 'key' : 'value';
			fresh = true;
			index = skip(text, index + 1);
			continue;
		} else {
			const end = match(STRING, text, index) ?? match(SCALAR, text, index);
			if (end === null) return index;
			expecting = 'after';
			index = skip(text, end);
		}
		fresh = false;
	}
	return expecting === 'after' && open.length === 0 ? null : index;
}

function match(pattern: RegExp, text: string, index: number): number | null {
	pattern.lastIndex = index;
	return pattern.test(text) ? pattern.lastIndex : null;
}

function skip(text: string, index: number): number {
	return index < 0 ? index : (match(SPACE, text, index) ?? index);
}
