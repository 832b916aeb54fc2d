/**
 * Reads the restricted JSON of a safetensors header from text: objects of known depth, strings, unsigned integers.
 * Refuses everything else instead of building it, so that hostile text costs no more memory than itself.
 */
import { HeaderFault, printable } from './problems';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The text is one character per byte (latin1); strings with other bytes are decoded as UTF-8 when they are taken. */
export class HeaderCursor {
	private nextBackslash = -1;

	constructor(
		private readonly text: string,
		public position = 0,
	) {}

	fail(what: string): never {
		const near = printable(this.text.slice(this.position, this.position + 20));
		throw new HeaderFault(
			'HEADER_INVALID',
			`The header is not valid at byte ${this.position} ("${near}"): ${what}.`,
		);
	}

	private skipSpace(): void {
		let code = this.text.charCodeAt(this.position);
		while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
			this.position += 1;
			code = this.text.charCodeAt(this.position);
		}
	}

	/** Takes the character if it is next. */
	take(character: string): boolean {
		const code = character.charCodeAt(0);
		if (this.text.charCodeAt(this.position) !== code) this.skipSpace();
		if (this.text.charCodeAt(this.position) !== code) return false;
		this.position += 1;
		return true;
	}

	/** Takes exactly this text if it is next. */
	literal(expected: string): boolean {
		if (!this.text.startsWith(expected, this.position)) return false;
		this.position += expected.length;
		return true;
	}

	expect(character: string): void {
		if (!this.take(character)) this.fail(`"${character}" expected`);
	}

	/** A string of at most `limit` characters; longer ones are cut when `cut`, else refused. */
	string(limit: number, cut = false): string {
		this.expect('"');
		const start = this.position;
		const escaped = this.skipToQuote();
		const end = this.position - 1;
		if (end - start > limit && !cut) this.fail(`a name of ${end - start} characters`);
		const raw = this.text.slice(start, Math.min(end, start + limit));
		return escaped || hasHighBytes(raw) ? decode(raw) : raw;
	}

	/** Leaves the position behind the closing quote; true where an escape was seen. */
	private skipToQuote(): boolean {
		const start = this.position;
		for (;;) {
			const end = this.text.indexOf('"', this.position);
			if (end < 0) this.fail('a string without end');
			this.position = end + 1;
			if (this.backslashAtOrAfter(start) >= end) return false;
			let backslashes = 0;
			while (
				end - 1 - backslashes >= start &&
				this.text.charCodeAt(end - 1 - backslashes) === BACKSLASH
			) {
				backslashes += 1;
			}
			if (backslashes % 2 === 0) return true;
		}
	}

	/** Where the next backslash is; remembered, because headers normally have none. */
	private backslashAtOrAfter(position: number): number {
		if (this.nextBackslash < position) {
			const found = this.text.indexOf('\\', position);
			this.nextBackslash = found < 0 ? Number.POSITIVE_INFINITY : found;
		}
		return this.nextBackslash;
	}

	/** An unsigned integer that JavaScript holds exactly. */
	integer(): number {
		this.skipSpace();
		const start = this.position;
		let value = 0;
		let code = this.text.charCodeAt(this.position);
		while (code >= 0x30 && code <= 0x39) {
			value = value * 10 + (code - 0x30);
			this.position += 1;
			code = this.text.charCodeAt(this.position);
		}
		if (this.position === start) this.fail('a whole number, not negative, expected');
		if (!Number.isSafeInteger(value)) this.fail('a number too large for any file');
		return value;
	}

	/** `[1, 2, 3]` with at most `limit` numbers. */
	integers(limit: number): number[] {
		this.expect('[');
		const values: number[] = [];
		if (this.take(']')) return values;
		do {
			if (values.length === limit) this.fail(`more than ${limit} numbers in a list`);
			values.push(this.integer());
		} while (this.take(','));
		this.expect(']');
		return values;
	}

	/** Calls `entry` behind each key and its colon. */
	object(keyLimit: number, entry: (key: string) => void): void {
		this.expect('{');
		if (this.take('}')) return;
		do {
			const key = this.string(keyLimit);
			this.expect(':');
			entry(key);
		} while (this.take(','));
		this.expect('}');
	}

	/** Only the padding that the format allows may follow. */
	expectEnd(): void {
		this.skipSpace();
		if (this.position < this.text.length && this.text.charCodeAt(this.position) !== 0)
			this.fail('the end expected');
	}

	startsWithString(): boolean {
		this.skipSpace();
		return this.text.charCodeAt(this.position) === QUOTE;
	}
}

function hasHighBytes(raw: string): boolean {
	for (let index = 0; index < raw.length; index += 1) if (raw.charCodeAt(index) > 0x7f) return true;
	return false;
}

/** Undoes JSON's escapes and UTF-8. A string that was cut inside an escape is kept as far as it is whole. */
function decode(raw: string): string {
	const utf8 = Buffer.from(raw, 'latin1').toString('utf8');
	try {
		return JSON.parse(`"${utf8}"`) as string;
	} catch {
		return utf8;
	}
}
