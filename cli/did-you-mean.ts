/** Suggestions for mistyped words. */

/** Edits (insert, delete, replace, swap neighbours) that turn one word into the other. */
export function editDistance(a: string, b: string): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const row = [i];
		for (let j = 1; j <= b.length; j++) {
			const same = a[i - 1] === b[j - 1];
			let best = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + (same ? 0 : 1));
			const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
			if (swapped) best = Math.min(best, at(beforeLast, j - 2) + 1);
			row.push(best);
		}
		[beforeLast, last] = [last, row];
	}
	return at(last, b.length);
}

/** @returns the nearest known word, or null where none is near enough to be meant */
export function closest(word: string, known: readonly string[]): string | null {
	const ranked = known
		.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
		.sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate));
	const best = ranked[0];
	return best && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : null;
}

function at(row: readonly number[], index: number): number {
	return row[index] ?? Infinity;
}
