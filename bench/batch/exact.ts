/** The best there is: by HiGHS for knapsacks, by trying every choice for small batches. */
import type { KnapsackClass } from '../../lib/optimizer/knapsack';
import { type BatchProblem, totalsOf } from '../../lib/optimizer/problem';

interface Highs {
	solve(problem: string, options?: object): { Status: string; ObjectiveValue: number };
}

export async function loadHighs(): Promise<Highs> {
	const module = (await import('highs')) as unknown as { default: () => Promise<unknown> };
	return (await module.default()) as Highs;
}

/** The knapsack in CPLEX's LP format. */
export function asLp(classes: readonly KnapsackClass[], budget: number): string {
	const terms = (of: (k: number, w: number) => number): string => {
		const parts: string[] = [];
		classes.forEach(({ cost }, k) => {
			for (let w = 0; w < cost.length; w++) parts.push(`+ ${of(k, w)} x${k}_${w}`);
		});
		return parts.join('\n ');
	};
	const choices = classes.map(({ cost }, k) => {
		const names = Array.from(cost, (_, w) => `x${k}_${w}`);
		return ` j${k}: ${names.join(' + ')} = 1`;
	});
	const all = classes.flatMap(({ cost }, k) => Array.from(cost, (_, w) => `x${k}_${w}`));
	return [
		`Maximize\n obj: ${terms((k, w) => classes[k]?.quality[w] ?? 0)}`,
		`Subject To\n money: ${terms((k, w) => classes[k]?.cost[w] ?? 0)} <= ${budget}`,
		...choices,
		`Binary\n ${all.join('\n ')}`,
		'End\n',
	].join('\n');
}

/** A whole batch, loads, budget and deadline included, in CPLEX's LP format. */
export function batchLp(
	{ classes, slots, waitSeconds }: BatchProblem,
	budget: number | null,
	deadlineSeconds: number,
): string {
	const cost: string[] = [];
	const quality: string[] = [];
	const time: string[][] = waitSeconds.map(() => []);
	const rows: string[] = [];
	const whole: string[] = [];
	classes.forEach(({ count, ways }, k) => {
		const names = ways.map((way, w) => {
			const name = `x${k}_${w}`;
			cost.push(`+ ${way.cost} ${name}`);
			quality.push(`+ ${way.quality} ${name}`);
			time[slots[way.slot]?.server ?? 0]?.push(`+ ${way.seconds} ${name}`);
			rows.push(` l${k}_${w}: ${name} - ${count} y${way.slot} <= 0`);
			return name;
		});
		rows.push(` j${k}: ${names.join(' + ')} = ${count}`);
		whole.push(...names);
	});
	slots.forEach(({ server, charge, loadSeconds }, slot) => {
		cost.push(`+ ${charge} y${slot}`);
		time[server]?.push(`+ ${loadSeconds} y${slot}`);
	});
	time.forEach((terms, server) => {
		const left = deadlineSeconds - (waitSeconds[server] ?? 0);
		rows.push(` t${server}: ${terms.join('\n ')} <= ${left}`);
	});
	if (budget !== null) rows.push(` money: ${cost.join('\n ')} <= ${budget}`);
	return [
		budget === null
			? `Minimize\n obj: ${cost.join('\n ')}`
			: `Maximize\n obj: ${quality.join('\n ')}`,
		`Subject To\n${rows.join('\n')}`,
		`General\n ${whole.join('\n ')}`,
		`Binary\n ${slots.map((_, slot) => `y${slot}`).join('\n ')}`,
		'End\n',
	].join('\n');
}

/** HiGHS stops here; the gap is then taken to the relaxation's bound, which is never below the optimum. */
const TIME_LIMIT_SECONDS = 8;

/** Milliseconds and the optimum (to 0.001 %), null where it was not found in time. Without writing the problem. */
export function optimum(highs: Highs, lp: string): { quality: number | null; ms: number } {
	const started = performance.now();
	const options = { mip_rel_gap: 1e-5, time_limit: TIME_LIMIT_SECONDS, output_flag: false };
	const answer = highs.solve(lp, options);
	const ms = performance.now() - started;
	return { quality: answer.Status === 'Optimal' ? answer.ObjectiveValue : null, ms };
}

/** Least cost, or highest quality within the budget, of all choices that are done in time; null: there is none. */
export function tryEverything(
	problem: BatchProblem,
	budget: number | null,
	deadlineSeconds: number,
): number | null {
	let best: number | null = null;
	const picks = problem.classes.map(() => 0);
	for (;;) {
		const counts = problem.classes.map(({ ways }, k) =>
			ways.map((_, w) => (w === picks[k] ? 1 : 0)),
		);
		const totals = totalsOf(problem, counts);
		const inTime = totals.finishSeconds.every((seconds) => seconds <= deadlineSeconds + 1e-9);
		if (inTime && totals.cost <= (budget ?? Infinity)) {
			const value = budget === null ? -totals.cost : totals.quality;
			if (best === null || value > best) best = value;
		}
		let k = 0;
		for (; k < picks.length; k++) {
			picks[k] = (picks[k] ?? 0) + 1;
			if ((picks[k] ?? 0) < (problem.classes[k]?.ways.length ?? 0)) break;
			picks[k] = 0;
		}
		if (k === picks.length) return best === null ? null : Math.abs(best);
	}
}
