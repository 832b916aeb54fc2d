/** What estimates would have been, had they been corrected by what came before: the test of learning from the log. */
import type { CostGroup } from './types';

/** Runs as estimated that a correction starts with: few runs move it little. */
const PRIOR_RUNS = 5;

interface Learned {
	runs: number;
	logRatio: number;
}

/**
 * The factor of a model, preset and server is the geometric mean of actual over estimated in all weeks before, shrunk
 * towards 1. Nothing of the week itself is used.
 *
 * @returns the corrected estimate of every group that has a past
 */
export function correctedEstimates(groups: readonly CostGroup[]): Map<CostGroup, number> {
	const corrected = new Map<CostGroup, number>();
	const learned = new Map<string, Learned>();
	const weeks = [...new Set(groups.map(({ week }) => week))].sort();
	for (const week of weeks) {
		const own = groups.filter((group) => group.week === week && group.compared > 0);
		for (const group of own) {
			const past = learned.get(keyOf(group));
			if (past === undefined) continue;
			const factor = Math.exp(past.logRatio / (past.runs + PRIOR_RUNS));
			corrected.set(group, group.estimated * factor);
		}
		for (const group of own) {
			const past = learned.get(keyOf(group)) ?? { runs: 0, logRatio: 0 };
			learned.set(keyOf(group), {
				runs: past.runs + group.compared,
				logRatio: past.logRatio + group.log_ratio,
			});
		}
	}
	return corrected;
}

function keyOf({ unit, model_name, preset, server }: CostGroup): string {
	return [unit, model_name, preset, server].join('\n');
}
