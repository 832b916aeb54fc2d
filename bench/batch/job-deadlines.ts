/** Batches in which single jobs have deadlines, against HiGHS: which job where, in which way, and in which order. */
import { classify, type Classified } from '../../lib/optimizer/classify';
import { CostOptimizer } from '../../lib/optimizer/cost-optimizer';
import { parseFleet } from '../../lib/fleet/parse';
import { prepareCatalog } from '../../lib/router/prepared-catalog';
import { serverStates } from '../../lib/router/server-state';
import { type Random, seededRandom } from '../../simulator/replay/random';
import { catalogOf, fleetOf, NOW_MS, serverOf } from '../../test/unit/router/builders';
import { median, percent, printTable } from '../report';
import type { loadHighs } from './exact';

/** Beyond seven jobs HiGHS mostly runs out of time: its bound on the order of jobs is weak. */
const SIZES: readonly number[] = [4, 5, 6, 7];
const REPEATS = 8;
const TIME_LIMIT_SECONDS = 10;
/** A late job costs more than any choice of the rest saves, as a multiple of what all jobs could cost. */
const LATE_WEIGHT = 2;

interface Case {
	late: number;
	leastLate: number;
	/** Cost above the least with as few late jobs; null where more are late. */
	gap: number | null;
	ms: number;
	highsMs: number;
}

export interface JobDeadlineFigures {
	cases: number;
	/** HiGHS ran out of time. */
	unsolved: number;
	jobs: number;
	late: number;
	leastLate: number;
	/** Cases with more late jobs than need be. */
	later: number;
	medianGap: number;
	worstGap: number;
}

/** @param highs loaded once */
export function againstHighsWithJobDeadlines(
	highs: Awaited<ReturnType<typeof loadHighs>>,
	seed: number,
): JobDeadlineFigures {
	const random = seededRandom(seed);
	const all: (Case & { jobs: number })[] = [];
	const rows: string[][] = [];
	let unsolved = 0;
	for (const jobs of SIZES) {
		const found = Array.from({ length: REPEATS }, () => compare(highs, jobs, random));
		const cases = found.filter((one) => one !== null);
		unsolved += found.length - cases.length;
		all.push(...cases.map((one) => ({ ...one, jobs })));
		const gaps = gapsOf(cases);
		rows.push([
			...[String(jobs), String(cases.length), String(sum(cases, ({ late }) => late))],
			String(sum(cases, ({ leastLate }) => leastLate)),
			String(cases.filter(({ late, leastLate }) => late > leastLate).length),
			...[percent(median(gaps), 3), percent(Math.max(...gaps), 3)],
			median(cases.map(({ ms }) => ms)).toFixed(1),
			median(cases.map(({ highsMs }) => highsMs)).toFixed(0),
		]);
	}
	const columns = ['Jobs with deadlines', 'Cases', 'Late', 'Least late', 'Cases with more late'];
	printTable([...columns, 'Median gap', 'Worst gap', 'Ours ms', 'HiGHS ms'], rows);
	const gaps = gapsOf(all);
	return {
		cases: all.length,
		unsolved,
		jobs: sum(all, (one) => one.jobs),
		late: sum(all, ({ late }) => late),
		leastLate: sum(all, ({ leastLate }) => leastLate),
		later: all.filter(({ late, leastLate }) => late > leastLate).length,
		medianGap: median(gaps),
		worstGap: Math.max(...gaps),
	};
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
	items.reduce((total, item) => total + of(item), 0);

const gapsOf = (cases: readonly Case[]): number[] => cases.flatMap(({ gap }) => gap ?? []);

/** Two unequal servers, three models, two of them resident; deadlines that press. */
function compare(
	highs: Awaited<ReturnType<typeof loadHighs>>,
	count: number,
	random: Random,
): Case | null {
	const catalog = catalogOf(
		Array.from({ length: 3 }, (_, index) => ({
			name: `model-${index}`,
			quality: 0.4 + 0.6 * random(),
			loadSeconds: 3 + 25 * random(),
			presets: [{ quality: 0.7 + 0.3 * random(), seconds: 3 + 25 * random() }],
		})),
	);
	const fleet = fleetOf(
		...[0, 1].map((index) =>
			serverOf(`gpu-${index}`, {
				hourly_cost: 0.3 + 2 * random(),
				speed_factor: 0.6 + random(),
				loaded_model: `model-${Math.floor(3 * random())}`,
			}),
		),
	);
	const open = Array.from({ length: count }, (_, index) => ({
		...{ purpose: 'photo', job_id: `job-${index}`, min_quality: 0.6 * random() },
	}));
	const optimizer = new CostOptimizer(catalog);
	const options = { nowMs: NOW_MS, frontierPoints: 0 };
	const free = optimizer.plan(open, fleet, options).totals.finish_seconds;
	const jobs = open.map((job) => ({
		...{ ...job, deadline_seconds: 4 + free * (0.15 + 0.7 * random()), if_late: 'best_effort' },
	}));
	const started = performance.now();
	const { totals } = optimizer.plan(jobs, fleet, options);
	const ms = performance.now() - started;
	const prepared = prepareCatalog(catalog);
	const parsed = parseFleet(fleet);
	const classified = classify(prepared, jobs, parsed, serverStates(parsed, prepared), options);
	const { lp, weight } = asLp(classified);
	const limits = { mip_rel_gap: 1e-7, time_limit: TIME_LIMIT_SECONDS, output_flag: false };
	const began = performance.now();
	const answer = highs.solve(lp, limits);
	const highsMs = performance.now() - began;
	if (answer.Status !== 'Optimal') return null;
	const leastLate = Math.floor(answer.ObjectiveValue / weight + 1e-6);
	const cost = answer.ObjectiveValue - leastLate * weight;
	const gap = totals.late > leastLate ? null : Math.max(0, totals.cost / cost - 1);
	return { late: totals.late, leastLate, gap, ms, highsMs };
}

interface Node {
	job: number;
	name: string;
	server: number;
	family: string;
	seconds: number;
	cost: number;
	coldSeconds: number;
}

/** Every job once, in one of its ways, in a chain on each server; a load wherever the weights change. */
function asLp({ classes, slots, states, prices }: Classified): { lp: string; weight: number } {
	const jobs = classes.flatMap((entry) => entry.jobs.map((job) => ({ job, ways: entry.ways })));
	const nodes = jobs.flatMap(({ ways }, job) =>
		ways.map((way, w): Node => {
			const { server = 0, family = '', coldSeconds = 0 } = slots[way.slot] ?? {};
			const { seconds, cost } = way;
			return { job, name: `${job}_${w}`, server, family, seconds, cost, coldSeconds };
		}),
	);
	const longest = sum(jobs, ({ ways }) => Math.max(...ways.map((way) => way.seconds)));
	const load = Math.max(...slots.map(({ coldSeconds }) => coldSeconds));
	const horizon = longest + jobs.length * load + Math.max(...states.map((one) => one.waitMean));
	const weight = LATE_WEIGHT * horizon * Math.max(...prices);
	const objective: string[] = [];
	const rows: string[] = [];
	const binary: string[] = [];
	const into = new Map<string, string[]>(nodes.map(({ name }) => [name, []]));
	const outOf = new Map<string, string[]>(nodes.map(({ name }) => [name, []]));
	const firsts: string[][] = states.map(() => []);
	const follows = new Map<string, string[]>();
	for (const to of nodes) {
		binary.push(`z${to.name}`, `b${to.name}`);
		const price = prices[to.server] ?? 0;
		objective.push(`+ ${to.cost} z${to.name}`);
		const state = states[to.server];
		const cold = state?.residentKey === to.family ? 0 : to.coldSeconds;
		objective.push(`+ ${cold * price} b${to.name}`);
		into.get(to.name)?.push(`b${to.name}`);
		firsts[to.server]?.push(`b${to.name}`);
		const begins = (state?.waitMean ?? 0) + cold + to.seconds;
		rows.push(`c${to.job} - ${begins} b${to.name} >= 0`);
		for (const from of nodes) {
			if (from.job === to.job || from.server !== to.server) continue;
			const arc = `a${from.name}_${to.name}`;
			const setup = from.family === to.family ? 0 : to.coldSeconds;
			binary.push(arc);
			objective.push(`+ ${setup * price} ${arc}`);
			into.get(to.name)?.push(arc);
			outOf.get(from.name)?.push(arc);
			const key = `${from.job} ${to.job}`;
			follows.set(key, [...(follows.get(key) ?? []), `- ${horizon + setup + to.seconds} ${arc}`]);
		}
	}
	for (const [key, terms] of follows) {
		const [from = '', to = ''] = key.split(' ');
		rows.push(`c${to} - c${from} ${terms.join('\n ')} >= ${-horizon}`);
	}
	for (const { name } of nodes) {
		rows.push(`${into.get(name)?.join(' + ')} - z${name} = 0`);
		const after = outOf.get(name) ?? [];
		if (after.length > 0) rows.push(`${after.join(' + ')} - z${name} <= 0`);
	}
	for (const first of firsts) if (first.length > 0) rows.push(`${first.join(' + ')} <= 1`);
	jobs.forEach(({ job }, index) => {
		const own = nodes.filter((node) => node.job === index);
		rows.push(`${own.map(({ name }) => `z${name}`).join(' + ')} = 1`);
		if (job.deadlineSeconds === Infinity) return;
		binary.push(`u${index}`);
		objective.push(`+ ${weight} u${index}`);
		rows.push(`c${index} - ${2 * horizon} u${index} <= ${job.deadlineSeconds}`);
	});
	const lp = [
		`Minimize\n obj: ${objective.join('\n ')}`,
		`Subject To\n${rows.map((row, index) => ` r${index}: ${row}`).join('\n')}`,
		`Binary\n ${binary.join('\n ')}`,
		'End\n',
	].join('\n');
	return { lp, weight };
}
