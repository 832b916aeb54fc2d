/** The benchmark's tables as text. */
import { BOUND, LATE, PRICED } from './contestants';
import {
	type Measure,
	type Results,
	busyRatio,
	effectiveQuality,
	onTimeRatio,
	oomCount,
	ownOoms,
	qualityOnTime,
	starved,
	swapsPerHour,
	unserved,
	waitP95,
} from './results';
import { type Interval, pairedDifference } from './statistics';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const widths = head.map((cell, i) =>
		Math.max(cell.length, ...rows.map((row) => (row[i] ?? '').length)),
	);
	const line = (cells: readonly string[]): string =>
		cells
			.map((cell, i) =>
				i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number),
			)
			.join('  ');
	return [line(head), ...rows.map(line)].join('\n');
}

/** Policies as rows, scenarios as columns. */
export function scenarioTable(
	results: Results,
	title: string,
	measure: Measure,
	digits = 3,
): string {
	const shown = results.policies.filter(
		(policy) => measure === effectiveQuality || policy !== BOUND,
	);
	const rows = shown.map((policy) => [
		policy,
		...results.scenarios.map((scenario) => results.mean(scenario, policy, measure).toFixed(digits)),
		results.overall(policy, measure).toFixed(digits),
	]);
	return `${title}\n${table(['policy', ...results.scenarios, 'mean'], rows)}`;
}

/** The whole suite in one row for each policy. */
export function overallTable(results: Results): string {
	const replayed = results.policies.filter((policy) => policy !== BOUND);
	const rows = replayed.map((policy) => [
		policy,
		results.overall(policy, effectiveQuality).toFixed(3),
		results.overall(policy, onTimeRatio).toFixed(3),
		results.overall(policy, qualityOnTime).toFixed(3),
		results.overall(policy, swapsPerHour).toFixed(1),
		results.costPerOnTimeImage(policy).toFixed(5),
		String(results.total(policy, oomCount)),
		String(results.total(policy, ownOoms)),
		String(results.total(policy, unserved)),
		String(results.total(policy, starved)),
		results.overall(policy, waitP95).toFixed(0),
		results.overall(policy, busyRatio).toFixed(2),
		results.overall(policy, (cell) => cell.replaySeconds).toFixed(2),
	]);
	const head = [
		'policy',
		'effective',
		'on time',
		'quality',
		'swaps/h',
		'cost/image',
		'oom',
		'own oom',
		'unserved',
		'starved',
		'wait p95',
		'busy',
		'seconds',
	];
	return `Whole suite (mean over scenarios; oom, unserved and starved are totals)\n${table(head, rows)}`;
}

export function shownInterval({ mean, half }: Interval): string {
	const value = `${mean >= 0 ? '+' : ''}${mean.toFixed(4)}`;
	return Number.isFinite(half) ? `${value} ±${half.toFixed(4)}` : value;
}

/** What the late router gains over every other policy, seed by seed. */
export function differenceTable(results: Results): string {
	const others = results.policies.filter((policy) => policy !== LATE);
	const difference = (policy: string, measure: Measure): string =>
		policy === BOUND && measure !== effectiveQuality
			? ''
			: shownInterval(
					pairedDifference(results.bySeed(LATE, measure), results.bySeed(policy, measure)),
				);
	const rows = others.map((policy) => [
		policy,
		difference(policy, effectiveQuality),
		difference(policy, onTimeRatio),
		difference(policy, swapsPerHour),
	]);
	const head = [`${LATE} minus`, 'effective quality', 'on time', 'swaps/h'];
	return `Paired differences with 95 % intervals (means over the suite, seed by seed)\n${table(head, rows)}`;
}

/** The same against the priced greedy, scenario by scenario. */
export function leadTable(results: Results, policy: string): string {
	const rows = results.scenarios.map((scenario) => {
		const of = (measure: Measure): string =>
			shownInterval(
				pairedDifference(
					results.values(scenario, policy, measure),
					results.values(scenario, PRICED, measure),
				),
			);
		return [scenario, of(effectiveQuality), of(onTimeRatio), of(swapsPerHour)];
	});
	const head = ['scenario', 'effective quality', 'on time', 'swaps/h'];
	return `${policy} minus ${PRICED}, with 95 % intervals\n${table(head, rows)}`;
}
