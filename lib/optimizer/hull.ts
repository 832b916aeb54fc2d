/** The ways of a class that can be worth taking: the upper concave hull of quality over cost. */

/** Of one job; ways by cost. */
export interface Hull {
	/** Index of the way of each corner, cheapest first. */
	ways: number[];
	cost: number[];
	quality: number[];
}

/**
 * Corners from the cheapest way up, each dearer and better than the one before, with falling quality per money.
 * Multiple-choice knapsacks: Kellerer, Pferschy, Pisinger, "Knapsack Problems" (2004), chapter 11.
 */
export function hullOf(cost: ArrayLike<number>, quality: ArrayLike<number>): Hull {
	const order = Array.from({ length: cost.length }, (_, index) => index);
	order.sort(
		(a, b) =>
			(cost[a] as number) - (cost[b] as number) ||
			(quality[b] as number) - (quality[a] as number) ||
			a - b,
	);
	const hull: Hull = { ways: [], cost: [], quality: [] };
	for (const way of order) {
		const c = cost[way] as number;
		const q = quality[way] as number;
		if (hull.ways.length > 0 && q <= (hull.quality.at(-1) as number)) continue;
		while (hull.ways.length > 1 && isBelow(hull, c, q)) {
			hull.ways.pop();
			hull.cost.pop();
			hull.quality.pop();
		}
		hull.ways.push(way);
		hull.cost.push(c);
		hull.quality.push(q);
	}
	return hull;
}

/** The last corner lies on or under the line from the one before it to the new point. */
function isBelow(hull: Hull, c: number, q: number): boolean {
	const last = hull.ways.length - 1;
	const c0 = hull.cost[last - 1] as number;
	const q0 = hull.quality[last - 1] as number;
	const c1 = hull.cost[last] as number;
	const q1 = hull.quality[last] as number;
	return (q1 - q0) * (c - c0) <= (q - q0) * (c1 - c0);
}
