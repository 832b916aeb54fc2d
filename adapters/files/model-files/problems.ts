/** What can be wrong with one model file. A problem of a file is a value: the scan of a folder goes on. */

export type FileProblemCode =
	| 'UNREADABLE'
	| 'EMPTY'
	| 'PICKLE'
	| 'PARTIAL_DOWNLOAD'
	| 'BROKEN_LINK'
	| 'NOT_THE_FORMAT'
	| 'HEADER_TOO_LARGE'
	| 'HEADER_INVALID'
	| 'TRUNCATED'
	| 'SPLIT_INCOMPLETE';

export interface FileProblem {
	code: FileProblemCode;
	/** What is wrong, one sentence. */
	message: string;
	/** What to do about it. */
	hint: string;
}

/** Thrown by the header parsers, caught by the reader: never leaves this folder. */
export class HeaderFault extends Error {
	constructor(
		readonly code: FileProblemCode,
		message: string,
		readonly hint = 'Download the file again; it is damaged or not a model.',
	) {
		super(message);
		this.name = 'HeaderFault';
	}

	toProblem(): FileProblem {
		return { code: this.code, message: this.message, hint: this.hint };
	}
}

/** Untrusted text for a message: short, one line, printable. */
export function printable(text: string): string {
	const clean = text.replace(/[^\x20-\x7e]/g, '?');
	return clean.length > 60 ? `${clean.slice(0, 57)}...` : clean;
}

/** A file that is not ready yet, as a half-copied one is shorter than its header says. */
export function truncated(actualBytes: number, expectedBytes: number): HeaderFault {
	const percent = Math.floor((100 * actualBytes) / Math.max(1, expectedBytes));
	return new HeaderFault(
		'TRUNCATED',
		`The file has ${actualBytes} bytes but its header describes ${expectedBytes} (${percent} % there).`,
		'Wait until it is copied completely, or download it again.',
	);
}
