/**
 * `npm run bench:batch`: plans of batches against the exact optimum (HiGHS; every choice tried), against their own
 * bound at 100,000 jobs, and against what people do without a plan.
 */
import { againstHighsWithDeadlines } from './batch/deadlines';
import { asLp, loadHighs, optimum, tryEverything } from './batch/exact';
import { type Kind, knapsack, smallBatch } from './batch/instances';
import { againstHighsWithJobDeadlines } from './batch/job-deadlines';
import { compareNaive } from './batch/naive';
import { leastCost, solveKnapsack } from '../lib/optimizer/knapsack';
import { chooseWays } from '../lib/optimizer/choose';
import { totalsOf } from '../lib/optimizer/problem';
import { seededRandom } from '../simulator/replay/random';
import { atLeast, atMost, finish, median, percent, printTable } from './report';

const SEED = 20260101;
const SIZES: readonly (readonly [number, number])[] = [
	[20, 5],
	[100, 10],
	[500, 20],
	[2000, 20],
];
const REPEATS = 3;
/** Both take as many turns, one after the other, and each its best; one turn where HiGHS takes longer than this. */
const TURNS = 3;
const SHORT_MS = 3000;

interface Row {
	jobs: number;
	ways: number;
	kind: Kind;
	gap: number;
	ratio: number;
	ours: number;
	highs: number;
}

function againstHighs(highs: Awaited<ReturnType<typeof loadHighs>>): Row[] {
	const random = seededRandom(SEED);
	const rows: Row[] = [];
	for (let warm = 0; warm < 200; warm++) solveKnapsack(knapsack(50, 10, 'correlated', random), 20);
	for (const [jobs, ways] of SIZES) {
		for (const kind of ['uncorrelated', 'correlated'] as const) {
			for (let repeat = 0; repeat < REPEATS; repeat++) {
				const classes = knapsack(jobs, ways, kind, random);
				const least = leastCost(classes);
				const budget = least + (0.1 + 0.5 * random()) * (jobs * 0.6 - least);
				const lp = asLp(classes, budget);
				const best = optimum(highs, lp);
				const turns = best.ms < SHORT_MS ? TURNS : 1;
				let highsMs = best.ms;
				const times: number[] = [];
				let quality = 0;
				let bound = 0;
				for (let turn = 0; turn < turns; turn++) {
					if (turn > 0) highsMs = Math.min(highsMs, optimum(highs, lp).ms);
					const started = performance.now();
					const answer = solveKnapsack(classes, budget);
					times.push(performance.now() - started);
					if (answer === null || answer.cost > budget) throw new Error('over budget');
					({ quality, bound } = answer);
				}
				const ours = Math.min(...times);
				const reference = best.quality ?? bound;
				const gap = Math.max(0, (reference - quality) / reference);
				rows.push({ jobs, ways, kind, gap, ratio: highsMs / ours, ours, highs: highsMs });
			}
		}
	}
	return rows;
}

/** Excess over the optimum in every small case: least cost and best quality, with and without a deadline. */
function againstEverything(): { excess: number[]; missed: number; exactClaims: number } {
	const random = seededRandom(SEED + 1);
	const excess: number[] = [];
	let missed = 0;
	let exactClaims = 0;
	for (let instance = 0; instance < 60; instance++) {
		const problem = smallBatch(5, random);
		const free = chooseWays(problem, null, Infinity);
		if (free === null) throw new Error('no choice');
		const budgets = [null, free.totals.cost * (1.05 + random())];
		const deadlines = [Infinity, free.totals.lastSeconds * (0.55 + 0.4 * random())];
		for (const budget of budgets) {
			for (const deadline of deadlines) {
				const best = tryEverything(problem, budget, deadline);
				if (best === null) continue;
				const found = chooseWays(problem, budget, deadline);
				if (found === null || found.totals.lastSeconds > deadline + 1e-6) {
					missed++;
					continue;
				}
				const { cost, quality } = totalsOf(problem, found.counts);
				excess.push(Math.max(0, budget === null ? cost / best - 1 : 1 - quality / best));
				if (found.exact) exactClaims++;
			}
		}
	}
	return { excess, missed, exactClaims };
}

function large(): { gap: number; seconds: number; heapMb: number } {
	const classes = knapsack(100_000, 20, 'correlated', seededRandom(SEED + 2));
	const started = performance.now();
	const answer = solveKnapsack(classes, leastCost(classes) * 4);
	const seconds = (performance.now() - started) / 1000;
	if (answer === null) throw new Error('no choice');
	const heapMb = process.memoryUsage().heapUsed / 1e6;
	return { gap: (answer.bound - answer.quality) / answer.bound, seconds, heapMb };
}

async function main(): Promise<void> {
	process.stdout.write(`Seeds from ${SEED}.\n`);
	const highs = await loadHighs();
	const rows = againstHighs(highs);
	printTable(
		['Jobs', 'Ways', 'Costs', 'Gap to optimum', 'Ours ms', 'HiGHS ms', 'Times faster'],
		rows.map((row) => [
			...[String(row.jobs), String(row.ways), row.kind, percent(row.gap, 4)],
			...[row.ours.toFixed(2), row.highs.toFixed(1), row.ratio.toFixed(0)],
		]),
	);
	const small = againstEverything();
	const worst = Math.max(...small.excess);
	const hit = small.excess.filter((one) => one <= 1e-9).length;
	process.stdout.write(
		`\nSmall batches with loads and deadlines: ${small.excess.length} planned, ${hit} at the optimum, worst ${percent(worst, 4)} above; ${small.missed} deadlines missed that could hold.\n`,
	);
	const deadlines = againstHighsWithDeadlines(highs, SEED + 4);
	const singles = againstHighsWithJobDeadlines(highs, SEED + 5);
	const big = large();
	process.stdout.write(
		`100,000 jobs x 20 ways: ${big.seconds.toFixed(1)} s, gap to its own bound ${percent(big.gap, 4)}, heap ${big.heapMb.toFixed(0)} MB.\n`,
	);
	const naive = compareNaive(SEED + 3);
	finish({
		bench: 'batch',
		figures: { seed: SEED, rows, small, deadlines, singles, big, naive },
		goals: [
			atMost('worst_gap_to_optimum', Math.max(...rows.map(({ gap }) => gap)), 0.005),
			atMost('median_gap_to_optimum', median(rows.map(({ gap }) => gap)), 0.001),
			atLeast('median_times_faster_than_highs', median(rows.map(({ ratio }) => ratio)), 50),
			atLeast('least_times_faster_than_highs', Math.min(...rows.map(({ ratio }) => ratio)), 50),
			atMost('gap_to_bound_at_100000', big.gap, 0.005),
			atMost('small_with_loads_above_optimum', worst, 0.01),
			atMost('small_deadlines_missed', small.missed, 0),
			atMost('median_gap_with_deadlines', deadlines.medianGap, 0.005),
			atMost('worst_gap_with_deadlines', deadlines.worstGap, 0.03),
			atMost('missed_with_deadlines', deadlines.missed, 0),
			atMost('more_late_than_need_be', singles.late - singles.leastLate, 0),
			atMost('worst_gap_with_job_deadlines', singles.worstGap, 0.03),
			atLeast('money_saved_against_jobs_decided_alone', naive.savedMoney, 0.05),
			atLeast('money_saved_against_arrival_order', naive.savedByOrder, 0.05),
			atLeast('swaps_saved_against_arrival_order', naive.savedSwaps, 0.5),
			atLeast('quality_gained_for_the_same_money', naive.qualityGained, -1e-9),
		],
	});
}

void main();
