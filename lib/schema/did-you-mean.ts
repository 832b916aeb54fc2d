/** The known word that a misspelt one was probably meant to be. Pure text; knows no schema. */

/** Longer words are not compared: nobody misspells them, and comparing costs the product of the lengths. */
const MAX_LENGTH = 60;

/**
 * Number of single-character edits (insert, delete, replace, swap of neighbours) between two words.
 * Optimal string alignment distance.
 */
export function editDistance(a: string, b: string): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: b.length + 1 }, (_, column) => column);
	for (let row = 1; row <= a.length; row++) {
		const current = [row];
		for (let column = 1; column <= b.length; column++) {
			const same = a[row - 1] === b[column - 1];
			let least = Math.min(
				current[column - 1]! + 1,
				last[column]! + 1,
				last[column - 1]! + (same ? 0 : 1),
			);
			const swapped =
				row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
			if (swapped) least = Math.min(least, beforeLast[column - 2]! + 1);
			current.push(least);
		}
		beforeLast = last;
		last = current;
	}
	return last[b.length]!;
}

/**
 * @param word what was written
 * @param known what there is
 * @returns the nearest known word, or null when none is near: at most a third of the word may differ (at least one
 * character), or one must start with the other; case, spaces, hyphens and underscores do not count
 */
export function closest(word: string, known: readonly string[]): string | null {
	if (word.length > MAX_LENGTH) return null;
	const written = plain(word);
	if (written === '') return null;
	let best: { word: string; distance: number } | null = null;
	for (const candidate of known) {
		const distance = distanceBetween(written, plain(candidate));
		if (distance !== null && (best === null || distance < best.distance)) {
			best = { word: candidate, distance };
		}
	}
	return best?.word ?? null;
}

function distanceBetween(written: string, candidate: string): number | null {
	if (candidate.length > MAX_LENGTH) return null;
	const distance = editDistance(written, candidate);
	if (distance <= Math.max(1, Math.floor(written.length / 3))) return distance;
	const shorter = Math.min(written.length, candidate.length);
	const related = shorter >= 3 && (candidate.startsWith(written) || written.startsWith(candidate));
	return related ? distance : null;
}

function plain(word: string): string {
	return word.toLowerCase().replace(/[\s_-]/g, '');
}
