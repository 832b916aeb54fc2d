/**
 * Does the router decide better than the rest? Replays every scenario with every policy on the same seeds and
 * measures the goals. Options: --quick (3 seeds), --seeds N, --tuning (seeds that are not the suite's),
 * --policies a,b, --scenarios a,b, --no-ablations, --no-figure, --minutes N (ends early, with the seeds done by then).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { scenarioNamed } from './slo/cells';
import { BOUND, CONTESTANTS, LATE, PRICED, contestantNamed } from './slo/contestants';
import { drawFigure } from './slo/figure';
import { POLICIES } from '../simulator/replay/policies';
import { goalsOf } from './slo/goals';
import { runTasks } from './slo/pool';
import {
	Results,
	effectiveQuality,
	missedRatio,
	oomCount,
	onTimeRatio,
	swapsPerHour,
} from './slo/results';
import { SCENARIOS, suiteSeeds, tuningSeeds } from './slo/scenarios';
import { differenceTable, leadTable, overallTable, scenarioTable } from './slo/tables';

const SUITE_SEEDS = 20;
const QUICK_SEEDS = 3;

function readOptions() {
	const { values } = parseArgs({
		options: {
			quick: { type: 'boolean', default: false },
			tuning: { type: 'boolean', default: false },
			seeds: { type: 'string' },
			policies: { type: 'string' },
			scenarios: { type: 'string' },
			'no-figure': { type: 'boolean', default: false },
			'no-ablations': { type: 'boolean', default: false },
			minutes: { type: 'string', default: 'Infinity' },
		},
	});
	const count = Number(values.seeds ?? (values.quick ? QUICK_SEEDS : SUITE_SEEDS));
	if (!Number.isInteger(count) || count < 1)
		throw new RangeError('--seeds takes a whole number from 1.');
	const minutes = Number(values.minutes);
	if (!(minutes > 0)) throw new RangeError('--minutes takes a number above 0.');
	const part = values['no-ablations'] ? POLICIES : CONTESTANTS;
	const all = [...part.map((policy) => policy.name), BOUND];
	const policies = values.policies?.split(',') ?? all;
	policies.filter((name) => name !== BOUND).forEach(contestantNamed);
	const scenarios = values.scenarios?.split(',') ?? SCENARIOS.map((scenario) => scenario.name);
	scenarios.forEach(scenarioNamed);
	const whole = !values.tuning && !values.policies && !values.scenarios && count >= SUITE_SEEDS;
	return {
		seeds: values.tuning ? tuningSeeds(count) : suiteSeeds(count),
		tuning: values.tuning,
		minutes,
		policies,
		scenarios,
		figure: whole && !values['no-figure'],
	};
}

function printTables(results: Results): void {
	const tables = [
		scenarioTable(
			results,
			'Effective quality (sum of quality of what was on time, over all jobs)',
			effectiveQuality,
		),
		scenarioTable(results, 'On time', onTimeRatio),
		scenarioTable(results, 'Swaps per hour', swapsPerHour, 1),
		scenarioTable(results, 'Out of memory per run', oomCount, 2),
		overallTable(results),
		...(results.has(LATE) ? [differenceTable(results)] : []),
		...(results.has(PRICED)
			? results.policies
					.filter((name) => name.startsWith('router'))
					.map((name) => leadTable(results, name))
			: []),
	];
	console.log(tables.join('\n\n'));
}

function figuresOf(results: Results): Record<string, Record<string, number>> {
	const rounded = (value: number): number => Number(value.toFixed(4));
	return Object.fromEntries(
		results.policies.map((policy): [string, Record<string, number>] => [
			policy,
			policy === BOUND
				? { effective_quality: rounded(results.overall(policy, effectiveQuality)) }
				: {
						effective_quality: rounded(results.overall(policy, effectiveQuality)),
						missed_ratio: rounded(results.overall(policy, missedRatio)),
						swaps_per_hour: rounded(results.overall(policy, swapsPerHour)),
						cost_per_on_time_image: Number(results.costPerOnTimeImage(policy).toFixed(6)),
						oom_count: results.total(policy, oomCount),
					},
		]),
	);
}

async function main(): Promise<void> {
	const { seeds, policies, scenarios, figure, tuning, minutes } = readOptions();
	console.log(`${tuning ? 'Tuning' : 'Suite'} seeds: ${seeds.join(' ')}`);
	const tasks = seeds.flatMap((seed) =>
		scenarios.map((scenario) => ({ scenario, seed, policies })),
	);
	let shown = -1;
	const cells = await runTasks(tasks, 60 * minutes, (done) => {
		const tenths = Math.floor((10 * done) / tasks.length);
		if (tenths === shown) return;
		shown = tenths;
		console.log(`${done} of ${tasks.length} runs done`);
	});
	const whole = seeds.filter(
		(seed) =>
			cells.filter((cell) => cell.seed === seed).length === scenarios.length * policies.length,
	);
	if (whole.length < seeds.length)
		console.log(`Ended early: ${whole.length} of ${seeds.length} seeds done`);
	if (whole.length === 0) throw new Error('No seed was done in that time.');
	const counted = cells.filter((cell) => whole.includes(cell.seed));
	const results = new Results(counted, scenarios, policies);
	console.log();
	printTables(results);
	if (figure) {
		const folder = join(__dirname, '..', 'docs', 'figures');
		mkdirSync(folder, { recursive: true });
		writeFileSync(join(folder, 'slo.svg'), drawFigure(results));
	}
	const goals = goalsOf(results);
	console.log();
	for (const { name, value, goal, met } of goals) {
		console.log(`${met ? 'met    ' : 'NOT MET'}  ${name}: ${value} (goal ${goal})`);
	}
	console.log(`RESULT ${JSON.stringify({ bench: 'slo', figures: figuresOf(results), goals })}`);
	if (goals.some((goal) => !goal.met)) process.exitCode = 1;
}

void main();
