/** The what-if table: the best quality at several budgets, so that a person can choose. */
import { chooseWays, QUICK } from './choose';
import { lateness } from './limits';
import type { BatchProblem } from './problem';
import type { FrontierPoint } from './types';

/**
 * Budgets from the least cost to what the best quality costs, evenly apart. A dearer row is never worse than a cheaper.
 * @param points rows, 0: none
 */
export function frontierOf(
	problem: BatchProblem,
	deadlineSeconds: number,
	points: number,
): FrontierPoint[] {
	const jobs = problem.classes.reduce((sum, { count }) => sum + count, 0);
	const least = points > 0 && jobs > 0 ? chooseWays(problem, null, deadlineSeconds, QUICK) : null;
	const most = least && chooseWays(problem, 1e15, deadlineSeconds, QUICK);
	if (least === null || most === null) return [];
	const rows: FrontierPoint[] = [];
	let best = least;
	const span = Math.max(0, most.totals.cost - least.totals.cost);
	const count = span > 1e-12 * least.totals.cost ? Math.max(2, points) : 1;
	for (let point = 0; point < count; point++) {
		const last = point === count - 1;
		const budget = last
			? Math.max(most.totals.cost, least.totals.cost)
			: least.totals.cost + (span * point) / (count - 1);
		const choice = last ? most : chooseWays(problem, budget * (1 + 1e-9), deadlineSeconds, QUICK);
		const fits = choice !== null && lateness(choice.totals, { budget, deadlineSeconds }) === 0;
		if (fits && choice.totals.quality > best.totals.quality) best = choice;
		const { totals } = best;
		const loads = problem.slots.filter(
			(slot, index) => slot.loadSeconds > 0 && (totals.used[index] ?? 0) > 0,
		).length;
		rows.push({
			budget,
			cost: totals.cost,
			mean_quality: totals.quality / jobs,
			loads,
			finish_seconds: totals.lastSeconds,
		});
	}
	return rows;
}
