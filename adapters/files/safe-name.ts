/** File names from servers as names of ours: safe on every system, and no path. */

/** Names Windows keeps for devices. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** File systems take 255; what is put before and behind a name needs room. */
const LONGEST_NAME_BYTES = 180;
const LONGEST_EXTENSION = 20;
/** What is looked at of a name, in UTF-16 units. */
const LONGEST_GIVEN = 4096;

/** No folder, no control character, nothing hidden, no blank or dot at the end, not too long. Never empty. */
export function safeName(name: string): string {
	const last = name.slice(-LONGEST_GIVEN).split(/[\\/]/).at(-1) ?? '';
	const plain = trimmed(last.normalize('NFC').replace(/[^\p{L}\p{N}._ &#%+@=,~()[\]-]/gu, '_'));
	const dot = plain.lastIndexOf('.');
	const hasExtension = dot > 0 && plain.length - dot <= LONGEST_EXTENSION;
	const extension = hasExtension ? plain.slice(dot) : '';
	const stem = hasExtension ? plain.slice(0, dot) : plain;
	const room = LONGEST_NAME_BYTES - Buffer.byteLength(extension);
	const short = trimmed(firstBytes(stem, room));
	const named = `${short === '' ? 'output' : short}${extension}`;
	return RESERVED.test(named) ? `_${named}` : named;
}

/** Loops, not a pattern: blanks in the middle would cost a pattern the square of their number. */
function trimmed(text: string): string {
	const isEdge = (character: string | undefined): boolean => character === '.' || character === ' ';
	let from = 0;
	let to = text.length;
	while (from < to && isEdge(text[from])) from += 1;
	while (to > from && isEdge(text[to - 1])) to -= 1;
	return text.slice(from, to);
}

/** Whole characters only. */
function firstBytes(text: string, most: number): string {
	let bytes = 0;
	let kept = '';
	for (const character of text) {
		bytes += Buffer.byteLength(character);
		if (bytes > most) break;
		kept += character;
	}
	return kept;
}
