/**
 * Walks JSON text by its grammar to find the first fault, keys given twice, and what JSON.parse would not take although a
 * person may write it: comments and commas after the last entry. Builds no values.
 */
import { formatPath } from './problems';

/** Deeper than anything of ours; keeps the walk from exhausting the stack. */
const MAX_DEPTH = 500;
/** Most duplicates worth telling. */
const MAX_DUPLICATES = 100;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const SPACE = /[ \t\r\n]*/y;
const LINE_END = /[\r\n]/g;

/** The first fault of a text. */
export class JsonFault extends Error {
	constructor(
		readonly offset: number,
		message: string,
		readonly hint: string,
	) {
		super(message);
	}
}

export interface DuplicateKey {
	path: string;
	offset: number;
}

/** A piece of the text, from its first character to the one behind its last. */
export interface Span {
	from: number;
	to: number;
}

export class JsonScanner {
	readonly duplicates: DuplicateKey[] = [];
	/** Comments and commas after the last entry, in the order of the text. */
	readonly extras: Span[] = [];
	private at = 0;
	private readonly path: PropertyKey[] = [];

	constructor(private readonly text: string) {}

	/** @throws JsonFault at the first fault */
	scan(): void {
		this.skipSpace();
		if (this.at >= this.text.length)
			this.fail('the text is empty', 'Write at least {"version": 1, "models": []}.');
		this.value();
		this.skipSpace();
		if (this.at < this.text.length) {
			this.fail(
				'there is more text after the end',
				'Remove what follows the last closing bracket.',
			);
		}
	}

	private value(): void {
		if (this.path.length > MAX_DEPTH) {
			this.fail(
				`more than ${MAX_DEPTH} levels of nesting`,
				'Check for a file that was pasted into itself.',
			);
		}
		const character = this.text[this.at];
		if (character === '{') return this.object();
		if (character === '[') return this.array();
		if (character === '"') {
			this.string();
			return;
		}
		if (this.skip(NUMBER)) return this.endOfNumber();
		this.word();
	}

	private object(): void {
		const opened = this.at++;
		const keys = new Set<string>();
		this.skipSpace();
		if (this.take('}')) return;
		for (;;) {
			this.key(keys, opened);
			this.skipSpace();
			if (!this.take(':')) this.fail('a colon is missing after the key', 'Write "key": value.');
			this.skipSpace();
			this.value();
			this.path.pop();
			if (this.endOfEntry('}', opened)) return;
		}
	}

	private key(keys: Set<string>, opened: number): void {
		const start = this.at;
		if (this.text[this.at] !== '"') this.failAtKey(opened);
		const key = this.string();
		this.path.push(key);
		if (keys.has(key) && this.duplicates.length < MAX_DUPLICATES) {
			this.duplicates.push({ path: formatPath(this.path), offset: start });
		}
		keys.add(key);
	}

	private failAtKey(opened: number): never {
		const character = this.text[this.at];
		if (character === undefined) this.failUnclosed('{', opened);
		this.failAtComment();
		if (character === "'") this.fail('a key is in single quotes', 'Use double quotes: "key".');
		this.fail(
			'a key in double quotes is expected',
			'Write "key": value; every key is in double quotes.',
		);
	}

	private array(): void {
		const opened = this.at++;
		this.skipSpace();
		if (this.take(']')) return;
		for (let index = 0; ; index++) {
			if (this.at >= this.text.length) this.failUnclosed('[', opened);
			this.path.push(index);
			this.value();
			this.path.pop();
			if (this.endOfEntry(']', opened)) return;
		}
	}

	/** After an entry: true at the closing bracket, also behind a last comma; false before the next entry. */
	private endOfEntry(closing: '}' | ']', opened: number): boolean {
		this.skipSpace();
		if (this.take(closing)) return true;
		const comma = this.at;
		if (this.take(',')) {
			const before = this.extras.length;
			this.skipSpace();
			if (!this.take(closing)) return false;
			this.extras.splice(before, 0, { from: comma, to: comma + 1 });
			return true;
		}
		if (this.at >= this.text.length) this.failUnclosed(closing === '}' ? '{' : '[', opened);
		this.failAtComment();
		this.fail(`a comma or ${closing} is missing`, 'Separate entries with a comma.');
	}

	private string(): string {
		const start = this.at++;
		for (;;) {
			const code = this.text.charCodeAt(this.at);
			if (Number.isNaN(code)) {
				this.fail('a text is not closed', 'Add the closing double quote.', start);
			}
			if (code < 0x20) {
				this.fail(
					'a line break, tab or control character is inside a text',
					'Close the text with a double quote on the same line, or write \\n or \\t.',
				);
			}
			if (code === 0x5c) this.escape();
			else this.at++;
			if (code === 0x22) break;
		}
		return JSON.parse(this.text.slice(start, this.at)) as string;
	}

	private escape(): void {
		const ahead = this.text.slice(this.at, this.at + 6);
		const known = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(ahead);
		if (known === null) {
			this.fail(
				'an unknown escape after a backslash',
				'Write a backslash twice (C:\\\\models), or use /.',
			);
		}
		this.at += known[0].length;
	}

	private endOfNumber(): void {
		if (this.at < this.text.length && /[\w.]/.test(this.text[this.at]!)) {
			this.fail(
				'a number is not written as JSON wants it',
				'Write it like 12, 0.5 or 1e-3, without units.',
			);
		}
	}

	private word(): void {
		const start = this.at;
		const character = this.text[this.at];
		if (character === undefined)
			this.fail('the text ends where a value is expected', 'Add the value.');
		this.failAtComment();
		if (character === "'") this.fail('a text is in single quotes', 'Use double quotes: "text".');
		if (this.skip(WORD)) {
			const word = this.text.slice(start, Math.min(this.at, start + 30));
			if (word === 'true' || word === 'false' || word === 'null') return;
			this.fail(`${JSON.stringify(word)} is not a value`, this.hintForWord(word), start);
		}
		this.fail('a value is expected', 'Add a value, or remove the comma or colon before it.');
	}

	private hintForWord(word: string): string {
		const lower = word.toLowerCase();
		if (lower === 'true' || lower === 'false') return `Write ${lower} in small letters.`;
		if (lower === 'none' || lower === 'undefined' || lower === 'nan' || lower === 'infinity') {
			return 'Leave the key out where the value is unknown.';
		}
		return 'Put texts in double quotes: "text".';
	}

	private failAtComment(): void {
		if (this.text[this.at] !== '#') return;
		this.fail(
			'a comment does not start with #',
			'Write it as // or between /* and */, or into a key "notes".',
		);
	}

	private failUnclosed(bracket: string, opened: number): never {
		this.fail(
			`the ${bracket} that opens here is never closed`,
			'Add the closing bracket; the file may be cut off.',
			opened,
		);
	}

	private fail(message: string, hint: string, offset = this.at): never {
		throw new JsonFault(offset, message, hint);
	}

	private take(character: string): boolean {
		if (this.text[this.at] !== character) return false;
		this.at++;
		return true;
	}

	private skip(pattern: RegExp): boolean {
		pattern.lastIndex = this.at;
		const match = pattern.exec(this.text);
		if (match === null) return false;
		this.at += match[0].length;
		return true;
	}

	/** Past blanks and comments. */
	private skipSpace(): void {
		for (;;) {
			this.skip(SPACE);
			if (this.text[this.at] !== '/') return;
			this.skipComment();
		}
	}

	private skipComment(): void {
		const from = this.at;
		const second = this.text[from + 1];
		if (second === '/') {
			LINE_END.lastIndex = from;
			const end = LINE_END.exec(this.text);
			this.at = end === null ? this.text.length : end.index;
		} else if (second === '*') {
			const end = this.text.indexOf('*/', from + 2);
			if (end < 0) this.fail('a comment is not closed', 'Add */ at its end.');
			this.at = end + 2;
		} else {
			this.fail('a slash stands where JSON goes on', 'Write a comment as // or between /* and */.');
		}
		this.extras.push({ from, to: this.at });
	}
}
