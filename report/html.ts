/** Text into HTML. Every name in a report is a stranger's: nothing reaches the page but through here. */

const ENTITIES: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

export function escapeHtml(text: string): string {
	return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

/** A name on one line, not longer than a label may be. */
export function shortName(name: string, longest = 26): string {
	const line = name.replace(/\s+/g, ' ').trim();
	return [...line].length <= longest ? line : `${[...line].slice(0, longest - 1).join('')}…`;
}

export interface Column {
	name: string;
	/** Figures stand right. */
	figures?: boolean;
}

/** A phone has room for so many figures side by side; the rows of wider tables are then blocks, each figure with its name. */
const MOST_SIDE_BY_SIDE = 5;

/** @param caption read to those who do not see the table's place in the page */
export function table(
	caption: string,
	columns: readonly Column[],
	rows: readonly string[][],
): string {
	const side = (index: number): string => (columns[index]?.figures ? ' class="n"' : '');
	const wide = columns.length > MOST_SIDE_BY_SIDE;
	const named = (index: number): string =>
		wide ? ` data-name="${escapeHtml(columns[index]?.name ?? '')}"` : '';
	const head = columns
		.map(({ name }, index) => `<th scope="col"${side(index)}>${escapeHtml(name)}</th>`)
		.join('');
	const body = rows
		.map((row) => {
			const cells = row.map((cell, index) =>
				index === 0
					? `<th scope="row">${escapeHtml(cell)}</th>`
					: `<td${side(index)}${named(index)}>${escapeHtml(cell)}</td>`,
			);
			return `<tr>${cells.join('')}</tr>`;
		})
		.join('\n');
	return `<div class="scroll"><table${wide ? ' class="blocks"' : ''}><caption>${escapeHtml(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
