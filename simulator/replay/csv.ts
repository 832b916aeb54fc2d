/** Splits comma-separated text (RFC 4180: quotes, doubled quotes, CRLF or LF) into lines of fields. Interprets nothing. */

export interface CsvLine {
	/** Of the text, from 1. */
	lineNumber: number;
	fields: string[];
}

/** Blank lines are left out. A quote that is never closed runs to the end of the text. */
export function splitCsv(text: string): CsvLine[] {
	const lines: CsvLine[] = [];
	let fields: string[] = [];
	let field = '';
	let quoted = false;
	let lineNumber = 1;
	let startedAt = 1;
	const endField = (): void => {
		fields.push(field);
		field = '';
	};
	const endLine = (): void => {
		endField();
		if (fields.length > 1 || fields[0]?.trim()) lines.push({ lineNumber: startedAt, fields });
		fields = [];
		startedAt = lineNumber;
	};
	for (let i = 0; i < text.length; i++) {
		const char = text[i] as string;
		if (char === '\n') lineNumber++;
		if (quoted) {
			if (char !== '"') field += char;
			else if (text[i + 1] === '"') field += text[++i];
			else quoted = false;
		} else if (char === '"' && field === '') quoted = true;
		else if (char === ',') endField();
		else if (char === '\n') endLine();
		else if (char !== '\r' || text[i + 1] !== '\n') field += char;
	}
	endLine();
	return lines;
}
