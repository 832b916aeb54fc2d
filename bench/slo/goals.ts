/** What the router has to reach on the suite, measured. */
import { BASELINE_NAMES, BOUND, LATE, PRICED } from './contestants';
import {
	type Results,
	effectiveQuality,
	missedRatio,
	ownOoms,
	starved,
	swapsPerHour,
	unserved,
} from './results';
import { type Scenario, SCENARIOS } from './scenarios';

export interface Goal {
	name: string;
	value: number;
	goal: string;
	met: boolean;
}

function atLeast(name: string, value: number, least: number): Goal {
	return { name, value: round(value), goal: `>= ${least}`, met: value >= least };
}

function atMost(name: string, value: number, most: number): Goal {
	return { name, value: round(value), goal: `<= ${most}`, met: value <= most };
}

function round(value: number): number {
	return Number(value.toFixed(4));
}

/**
 * Of the policies that were run; a goal whose counterpart was not run is left out.
 * @param safeBound at load 0.5: what no schedule exceeds that runs only what is sure to fit; null: not known
 */
export function goalsOf(results: Results, safeBound: number | null): Goal[] {
	if (!results.has(LATE)) return [];
	return [
		...(results.has(PRICED) ? againstPriced(results) : []),
		...(results.has(BOUND) ? againstBound(results, safeBound) : []),
		...againstUnpriced(results),
		...faults(results),
		...cost(results),
	];
}

function againstPriced(results: Results): Goal[] {
	const lead = (scenario: string): number =>
		results.mean(scenario, LATE, effectiveQuality) -
		results.mean(scenario, PRICED, effectiveQuality);
	const ratio = (measure: typeof missedRatio): number =>
		results.overall(LATE, measure) / results.overall(PRICED, measure);
	return [
		atLeast(
			'least lead over the priced greedy in a scenario',
			Math.min(...results.scenarios.map(lead)),
			0,
		),
		atMost('missed deadlines, ratio to the priced greedy', ratio(missedRatio), 0.5),
		atMost('swaps, ratio to the priced greedy', ratio(swapsPerHour), 2 / 3),
		atLeast('effective quality, ratio to the priced greedy', ratio(effectiveQuality), 1.04),
	];
}

function againstBound(results: Results, safeBound: number | null): Goal[] {
	const share = (scenarios: readonly string[]): number =>
		results.overall(LATE, effectiveQuality, scenarios) /
		results.overall(BOUND, effectiveQuality, scenarios);
	const goals = [atLeast('effective quality, share of the bound', share(results.scenarios), 0.9)];
	const half = halfLoaded(results).map(({ name }) => name);
	if (half.length === 0) return goals;
	goals.push(atLeast('effective quality at load 0.5, share of the bound', share(half), 0.96));
	if (safeBound === null) return goals;
	const safe = results.overall(LATE, effectiveQuality, half) / safeBound;
	const name = 'effective quality at load 0.5, share of the bound without a gamble on memory';
	return [...goals, atLeast(name, safe, 0.96)];
}

/** The scenarios that were run at load 0.5. */
export function halfLoaded({ scenarios }: Pick<Results, 'scenarios'>): Scenario[] {
	return SCENARIOS.filter(({ name, load }) => load === 0.5 && scenarios.includes(name));
}

/** The baseline of the highest effective quality among those that put no price on GPU time. */
function againstUnpriced(results: Results): Goal[] {
	const unpriced = BASELINE_NAMES.filter((name) => name !== PRICED && results.has(name));
	const [best] = [...unpriced].sort(
		(a, b) => results.overall(b, effectiveQuality) - results.overall(a, effectiveQuality),
	);
	if (!best) return [];
	const ratio = results.overall(LATE, missedRatio) / results.overall(best, missedRatio);
	return [atMost(`missed deadlines, ratio to ${best}`, ratio, 1 / 3)];
}

function faults(results: Results): Goal[] {
	const oomScenarios = results.scenarios.filter(
		(name) => SCENARIOS.find((scenario) => scenario.name === name)?.oomIsFault,
	);
	const coTenant = results.scenarios.filter((name) => name.startsWith('co-tenant'));
	return [
		atMost(
			'out of memory where figures are within 10 %',
			results.total(LATE, ownOoms, oomScenarios),
			0,
		),
		atMost('jobs lost to a co-tenant', results.total(LATE, unserved, coTenant), 0),
		atMost('starved jobs', results.total(LATE, starved), 0),
	];
}

/** Baselines that are cheaper per on-time image at the same or higher effective quality. */
function cost(results: Results): Goal[] {
	const own = results.costPerOnTimeImage(LATE);
	const dominating = BASELINE_NAMES.filter(
		(name) =>
			results.has(name) &&
			results.costPerOnTimeImage(name) < own &&
			results.overall(name, effectiveQuality) >= results.overall(LATE, effectiveQuality),
	);
	return [atMost('baselines that dominate on cost', dominating.length, 0)];
}
