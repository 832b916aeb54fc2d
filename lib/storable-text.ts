/** Text from outside made storable: every database and every JSON reader takes what comes out of here. */

// a high surrogate without its low one, or the reverse: not Unicode, refused by UTF-8 databases
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
// the test is far cheaper than two replacements, and nearly all text is clean
const SUSPECT = /[\u0000\uD800-\uDFFF]/;

/**
 * Removes NUL characters (no PostgreSQL text can hold one) and replaces lone surrogates by U+FFFD.
 * @param text any string
 * @returns the same text as valid Unicode without NUL
 */
export function storableText(text: string): string {
	if (!SUSPECT.test(text)) return text;
	return text.replaceAll('\u0000', '').replace(LONE_SURROGATE, '\uFFFD');
}

/**
 * @param text any string
 * @param maxLength most UTF-16 units of the result
 * @returns storable text; where it was longer, its beginning and a mark with the full length
 */
export function storableExcerpt(text: string, maxLength: number): string {
	if (text.length <= maxLength) return storableText(text);
	const mark = `… (${text.length} characters)`;
	// cut before cleaning: a pair split by the cut becomes U+FFFD, and a megabyte is not scanned
	return storableText(text.slice(0, maxLength - mark.length)) + mark;
}
