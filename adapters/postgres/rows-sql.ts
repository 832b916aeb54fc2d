/** Rows as one array per column: a batch is one statement with a fixed text, whatever its length. */

export type SqlColumn = readonly [name: string, type: string];

/** Text and time need quotes inside an array literal; numbers and booleans do not. */
const PLAIN_TYPES = new Set(['integer', 'bigint', 'double precision', 'boolean']);

/**
 * @param table quoted and qualified
 * @param defaults SQL in place of null, by column
 * @param suffix such as "on conflict do nothing"
 */
export function insertStatement(
	table: string,
	columns: readonly SqlColumn[],
	defaults: Record<string, string> = {},
	suffix = '',
): string {
	const names = columns.map(([name]) => name).join(', ');
	const values = columns
		.map(([name]) => (name in defaults ? `coalesce(${name}, ${defaults[name]})` : name))
		.join(', ');
	const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
	return `insert into ${table} (${names}) select ${values} from unnest(${arrays}) as batch (${names}) ${suffix}`;
}

/** One array literal per column, ready to be parameters of `insertStatement`. */
export function columnArrays(rows: readonly object[], columns: readonly SqlColumn[]): string[] {
	return columns.map(([name, type]) => {
		const plain = PLAIN_TYPES.has(type);
		const parts = rows.map((row) => {
			const value = (row as Record<string, unknown>)[name] ?? null;
			if (value === null) return 'NULL';
			return plain ? String(value) : quoteElement(String(value));
		});
		return `{${parts.join(',')}}`;
	});
}

function quoteElement(text: string): string {
	// nearly no value holds either, and the test is cheaper than the replacement
	return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
