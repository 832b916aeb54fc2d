/** Batches with loads, budgets and deadlines that are too large to try everything, against HiGHS. */
import { chooseWays } from '../../lib/optimizer/choose';
import { seededRandom } from '../../simulator/replay/random';
import { median, percent, printTable } from '../report';
import { batchLp, type loadHighs } from './exact';
import { type BatchSize, randomBatch } from './instances';

const SIZES: readonly BatchSize[] = [
	{ classes: 8, jobs: 1, servers: 2, models: 3 },
	{ classes: 10, jobs: 2, servers: 3, models: 3 },
	{ classes: 20, jobs: 10, servers: 3, models: 5 },
	{ classes: 30, jobs: 40, servers: 4, models: 5 },
];
const REPEATS = 3;
/** Of the end of the plan without a deadline. */
const TIGHTNESS = [0.9, 0.6, 0.45];
const TIME_LIMIT_SECONDS = 4;

interface Case {
	gap: number;
	ownGap: number;
	ms: number;
	highsMs: number;
}

export interface DeadlineFigures {
	cases: number;
	/** Cases that HiGHS solved and no plan was found for within the deadline. */
	missed: number;
	medianGap: number;
	worstGap: number;
	medianOwnGap: number;
}

/** @param highs loaded once */
export function againstHighsWithDeadlines(
	highs: Awaited<ReturnType<typeof loadHighs>>,
	seed: number,
): DeadlineFigures {
	const random = seededRandom(seed);
	const all: Case[] = [];
	const rows: string[][] = [];
	let missed = 0;
	for (const size of SIZES) {
		const cases: Case[] = [];
		const before = missed;
		for (let repeat = 0; repeat < REPEATS; repeat++) {
			const problem = randomBatch(size, random);
			const free = chooseWays(problem, null, Infinity);
			if (free === null) throw new Error('no choice');
			for (const budget of [null, free.totals.cost * (1.2 + 0.5 * random())]) {
				for (const part of TIGHTNESS) {
					const found = compare(highs, problem, budget, free.totals.lastSeconds * part);
					if (found === 'missed') missed++;
					else if (found !== null) cases.push(found);
				}
			}
		}
		all.push(...cases);
		rows.push([
			`${size.classes} x ${size.jobs}, ${size.servers} servers, ${size.models} models`,
			...[String(cases.length), String(missed - before)],
			percent(median(cases.map(({ gap }) => gap)), 3),
			percent(Math.max(...cases.map(({ gap }) => gap)), 3),
			percent(median(cases.map(({ ownGap }) => ownGap)), 3),
			median(cases.map(({ ms }) => ms)).toFixed(0),
			median(cases.map(({ highsMs }) => highsMs)).toFixed(0),
		]);
	}
	const columns = ['Batches with a deadline', 'Cases', 'Missed', 'Median gap', 'Worst gap'];
	printTable([...columns, 'Gap to own bound', 'Ours ms', 'HiGHS ms'], rows);
	return {
		cases: all.length,
		missed,
		medianGap: median(all.map(({ gap }) => gap)),
		worstGap: Math.max(...all.map(({ gap }) => gap)),
		medianOwnGap: median(all.map(({ ownGap }) => ownGap)),
	};
}

/** null: nothing holds, or HiGHS ran out of time. */
function compare(
	highs: Awaited<ReturnType<typeof loadHighs>>,
	problem: Parameters<typeof chooseWays>[0],
	budget: number | null,
	deadline: number,
): Case | 'missed' | null {
	const started = performance.now();
	const found = chooseWays(problem, budget, deadline);
	const ms = performance.now() - started;
	const options = { mip_rel_gap: 1e-4, time_limit: TIME_LIMIT_SECONDS, output_flag: false };
	const answer = highs.solve(batchLp(problem, budget, deadline), options);
	if (answer.Status !== 'Optimal') return null;
	if (found === null || found.totals.lastSeconds > deadline + 1e-6) return 'missed';
	const value = budget === null ? found.totals.cost : found.totals.quality;
	const best = answer.ObjectiveValue;
	const gap = budget === null ? value / best - 1 : 1 - value / best;
	const ownGap = budget === null ? 1 - found.bound / value : 1 - value / found.bound;
	return { gap: Math.max(0, gap), ownGap, ms, highsMs: performance.now() - started - ms };
}
