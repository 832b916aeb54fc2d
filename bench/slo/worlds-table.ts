/** What holds on worlds that nobody tuned on: the table and its goals. */
import { WORLD } from './cells';
import { COMMITTING, COMMITTING_UNTENDED, LATE, LATE_UNTENDED, PRICED } from './contestants';
import type { Goal } from './goals';
import {
	type Measure,
	type Results,
	effectiveQuality,
	onTimeRatio,
	ownOoms,
	swapsPerHour,
} from './results';
import { type Interval, pairedDifference } from './statistics';
import { shownInterval, table } from './tables';

/** Worlds in which a policy may be this much below and is still counted as not below. */
const EQUAL = 1e-9;

export const WORLD_POLICIES: readonly string[] = [
	PRICED,
	COMMITTING,
	LATE,
	COMMITTING_UNTENDED,
	LATE_UNTENDED,
	'router-unlearned',
	'late-unlearned',
	'router-uninformed',
	'late-uninformed',
];

function lead(results: Results, policy: string, measure: Measure = effectiveQuality): Interval {
	return pairedDifference(
		results.values(WORLD, policy, measure),
		results.values(WORLD, PRICED, measure),
	);
}

export function worldsTable(results: Results): string {
	const rows = results.policies.map((policy) => {
		const own = results.values(WORLD, policy, effectiveQuality);
		const priced = results.values(WORLD, PRICED, effectiveQuality);
		const notBelow = own.filter((value, i) => value >= (priced[i] as number) - EQUAL).length;
		return [
			policy,
			results.mean(WORLD, policy, effectiveQuality).toFixed(3),
			results.mean(WORLD, policy, onTimeRatio).toFixed(3),
			results.mean(WORLD, policy, swapsPerHour).toFixed(1),
			String(results.total(policy, ownOoms)),
			shownInterval(lead(results, policy)),
			`${notBelow} of ${own.length}`,
		];
	});
	const head = ['policy', 'effective', 'on time', 'swaps/h', 'own oom', 'lead', 'not below'];
	return `Worlds nobody tuned on, lead over ${PRICED} with 95 % intervals\n${table(head, rows)}`;
}

export function worldGoals(results: Results): Goal[] {
	return [COMMITTING, LATE, COMMITTING_UNTENDED, LATE_UNTENDED].map((policy): Goal => {
		const { mean, half } = lead(results, policy);
		const least = mean - half;
		return {
			name: `lead of ${policy} over the priced greedy on worlds nobody tuned on, lower end`,
			value: Number(least.toFixed(4)),
			goal: '>= 0',
			met: least >= 0,
		};
	});
}
