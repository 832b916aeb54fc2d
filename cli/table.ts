/** Plain text tables for terminals. */

/** Names from servers and databases may hold control characters, which a terminal would obey. */
function printable(cell: string): string {
	return cell.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** Columns padded to their widest cell, two blanks between, no trailing blanks. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const all = [head, ...rows].map((row) => row.map(printable));
	const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
	const line = (row: readonly string[]): string =>
		row
			.map((cell, column) => cell.padEnd(widths[column] ?? 0))
			.join('  ')
			.trimEnd();
	const rule = widths.map((width) => '-'.repeat(width)).join('  ');
	const [first, ...others] = all.map(line);
	return [first, rule, ...others].join('\n');
}
