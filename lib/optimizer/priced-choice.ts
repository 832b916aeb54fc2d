/**
 * The least cost of a batch without limits, every set of loads looked at. Made for many calls with changing prices:
 * ways are sorted once a call, and a set costs little more than a look at each class. Owns no prices.
 */
import type { BatchProblem, Counts } from './problem';

export interface PricedChoice {
	/** The best of the best sets, the least cost first. */
	ranked: Counts[];
	/** Least cost, which no choice is below. */
	bound: number;
}

const MOST_SETS = 4096;
/** Sets times classes. */
const MOST_WORK = 400_000;

/**
 * @param most sets to rank
 * @returns null where there are too many sets to look at each
 */
export function chooseAtPrices(
	{ classes, slots }: BatchProblem,
	most: number,
): PricedChoice | null {
	const wanted = new Set(classes.flatMap(({ ways }) => ways.map(({ slot }) => slot)));
	const loadable = [...wanted].filter((slot) => (slots[slot]?.charge ?? 0) > 0);
	const sets = 2 ** loadable.length;
	if (sets > MOST_SETS || sets * classes.length > MOST_WORK) return null;
	const bits = new Map(loadable.map((slot, bit) => [slot, 1 << bit]));
	const lines = classes.map(({ count, ways }) => {
		const order = ways.map((_, w) => w);
		order.sort((a, b) => (ways[a]?.cost ?? 0) - (ways[b]?.cost ?? 0) || a - b);
		return {
			order,
			costs: order.map((w) => count * (ways[w]?.cost ?? 0)),
			needs: order.map((w) => bits.get(ways[w]?.slot ?? -1) ?? 0),
		};
	});
	const charges = loadable.map((slot) => slots[slot]?.charge ?? 0);
	const reached: { set: number; cost: number }[] = [];
	for (let set = 0; set < sets; set++) {
		let cost = 0;
		for (let bit = 0; bit < charges.length; bit++) if (set & (1 << bit)) cost += charges[bit] ?? 0;
		for (let k = 0; k < lines.length && cost < Infinity; k++) {
			const line = lines[k] as (typeof lines)[number];
			cost += line.costs[firstOpen(line.needs, set)] ?? Infinity;
		}
		if (cost < Infinity) rank(reached, { set, cost }, most);
	}
	const ranked = reached.map(({ set }) =>
		classes.map(({ count, ways }, k) => {
			const { order, needs } = lines[k] as (typeof lines)[number];
			const taken = order[firstOpen(needs, set)];
			return ways.map((_, w) => (w === taken ? count : 0));
		}),
	);
	const bound = reached[0]?.cost;
	return bound === undefined ? null : { ranked, bound };
}

/** Keeps the cheapest in order. */
function rank(
	reached: { set: number; cost: number }[],
	next: { set: number; cost: number },
	most: number,
): void {
	if (reached.length === most && next.cost >= (reached.at(-1)?.cost ?? 0)) return;
	let at = reached.length;
	while (at > 0 && next.cost < (reached[at - 1]?.cost ?? 0)) at--;
	reached.splice(at, 0, next);
	if (reached.length > most) reached.pop();
}

function firstOpen(needs: readonly number[], set: number): number {
	let at = 0;
	while (at < needs.length && ((needs[at] ?? 0) & ~set) !== 0) at++;
	return at;
}
