/** Runs an asynchronous function over a list, a few at a time, results in the list's order. */

/** Rejects with the first failure; what is running then ends by itself, nothing new begins. */
export async function eachLimited<T, R>(
	items: readonly T[],
	limit: number,
	run: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
	const results = new Array<R>(items.length);
	let next = 0;
	let failed = false;
	const lane = async (): Promise<void> => {
		while (next < items.length && !failed) {
			const index = next++;
			try {
				results[index] = await run(items[index] as T, index);
			} catch (error) {
				failed = true;
				throw error;
			}
		}
	};
	const lanes = Math.max(1, Math.min(Math.floor(limit) || 1, items.length));
	await Promise.all(Array.from({ length: lanes }, lane));
	return results;
}
