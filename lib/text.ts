/** Text from outside (servers, files, graphs) made fit for sentences, logs and tables. Cuts and cleans; never interprets. */

/** C0 and C1 controls, line separators, and the marks that reorder text on screen. */

const UNPRINTABLE =
	/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g;

/** Half of a surrogate pair, which no database and no terminal takes. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * @param value anything; what is not a string becomes ''
 * @param maxLength in UTF-16 units, 1 or more
 * @returns one line without control characters, cut with an ellipsis
 */
export function cleanText(value: unknown, maxLength = 300): string {
	if (typeof value !== 'string') return '';
	// cut before cleaning: a hostile string may be megabytes long
	const head = value.length > maxLength * 4 ? value.slice(0, maxLength * 4) : value;
	const line = head.replace(UNPRINTABLE, ' ').replace(LONE_SURROGATE, '\ufffd').trim();
	if (line.length <= maxLength && head.length === value.length) return line;
	return `${line.slice(0, Math.max(0, maxLength - 1)).replace(LONE_SURROGATE, '')}…`;
}

/** True for a name that can be shown, stored and sent back as it is. */
export function isPlainName(value: unknown, maxLength = 1024): value is string {
	return (
		typeof value === 'string' &&
		value.length > 0 &&
		value.length <= maxLength &&
		value.search(UNPRINTABLE) === -1 &&
		value.search(LONE_SURROGATE) === -1
	);
}
