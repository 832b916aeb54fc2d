/** Cuts rows into chunks that are written one by one or side by side. Owns that rows of one job stay together. */

export interface Chunk<Row> {
	rows: Row[];
	/** Where each row stood in the list given. */
	positions: number[];
}

/**
 * Rows that share a key are in one chunk and in their order, so that attempts are numbered as given even where chunks
 * are written at the same time. A chunk ends with the first key that fills it.
 * @param size rows that a chunk should have, 1 or more
 * @param keyOf null: the row belongs to no other
 */
export function cutIntoChunks<Row>(
	rows: readonly Row[],
	size: number,
	keyOf: (row: Row) => string | null,
): Chunk<Row>[] {
	const groups = new Map<string | number, number[]>();
	rows.forEach((row, position) => {
		const key = keyOf(row) ?? position;
		const group = groups.get(key);
		if (group) group.push(position);
		else groups.set(key, [position]);
	});
	const chunks: Chunk<Row>[] = [];
	let current: Chunk<Row> = { rows: [], positions: [] };
	for (const group of groups.values()) {
		for (const position of group) {
			current.rows.push(rows[position] as Row);
			current.positions.push(position);
		}
		if (current.rows.length >= size) {
			chunks.push(current);
			current = { rows: [], positions: [] };
		}
	}
	if (current.rows.length > 0) chunks.push(current);
	return chunks;
}
