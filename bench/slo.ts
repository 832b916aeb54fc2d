/**
 * Does the router decide better than the rest? Replays every scenario with every policy on the same seeds and
 * measures the goals. --help tells the options.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Cell, type Task, WORLD } from './slo/cells';
import { BOUND, COMMITTING, LATE, PRICED } from './slo/contestants';
import { drawFigure } from './slo/figure';
import { goalsOf, halfLoaded } from './slo/goals';
import { noGambleBound } from './slo/no-gamble';
import { readOptions, type SloOptions, USAGE } from './slo/options';
import { runTasks } from './slo/pool';
import {
	Results,
	effectiveQuality,
	missedRatio,
	oomCount,
	onTimeRatio,
	swapsPerHour,
} from './slo/results';
import { differenceTable, leadTable, overallTable, scenarioTable } from './slo/tables';
import { heldOutWorldSeeds } from './slo/worlds';
import { WORLD_POLICIES, worldGoals, worldsTable } from './slo/worlds-table';

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

/** Tasks of the suite: the first seeds with the ablations. */
function suiteTasks(options: SloOptions): Task[] {
	const { seeds, scenarios, policies, ablations, ablationSeeds } = options;
	return seeds.flatMap((seed, i) =>
		scenarios.map((scenario) => ({
			scenario,
			seed,
			policies: i < ablationSeeds ? [...policies, ...ablations] : policies,
		})),
	);
}

async function runShown(tasks: readonly Task[], seconds: number): Promise<Cell[]> {
	let shown = -1;
	return runTasks(tasks, seconds, (done) => {
		const tenths = Math.floor((10 * done) / tasks.length);
		if (tenths === shown) return;
		shown = tenths;
		console.log(`${done} of ${tasks.length} runs done`);
	});
}

/** The lever off against the router, on the seeds that were run with it. */
function ablationResults(
	cells: readonly Cell[],
	{ seeds, scenarios, ablations, ablationSeeds }: SloOptions,
): Results | null {
	const policies = [LATE, COMMITTING, ...ablations];
	const done = seeds
		.slice(0, ablationSeeds)
		.filter((seed) =>
			scenarios.every((scenario) =>
				policies.every((policy) =>
					cells.some((c) => c.seed === seed && c.scenario === scenario && c.policy === policy),
				),
			),
		);
	if (done.length === 0) return null;
	const counted = cells.filter((c) => done.includes(c.seed) && policies.includes(c.policy));
	return new Results(counted, scenarios, policies);
}

async function runWorlds(count: number, seconds: number): Promise<Results | null> {
	if (count === 0 || seconds <= 0) return null;
	const tasks = heldOutWorldSeeds(count).map((seed) => ({
		scenario: WORLD,
		seed,
		policies: WORLD_POLICIES,
	}));
	const cells = await runShown(tasks, seconds);
	return cells.length === 0 ? null : new Results(cells, [WORLD], WORLD_POLICIES);
}

/** How much of the bound at load 0.5 is left to who runs only what is sure to fit. null: nothing was run at that load. */
function safeBoundOf(results: Results, seeds: readonly number[]): number | null {
	const half = halfLoaded(results);
	if (half.length === 0 || !results.has(BOUND)) return null;
	const safe = noGambleBound(half, seeds);
	const bound = results.overall(
		BOUND,
		effectiveQuality,
		half.map(({ name }) => name),
	);
	console.log(
		`\nBound at load 0.5 without a gamble on memory: ${safe.toFixed(4)}, ${(safe / bound).toFixed(4)} of the bound`,
	);
	return safe;
}

/** null: there is nothing to run, and why not is said. */
function askedFor(argv: readonly string[]): SloOptions | null {
	try {
		const options = readOptions(argv);
		if (options === null) console.log(USAGE);
		return options;
	} catch (error) {
		console.error(`${(error as Error).message}\n--help tells the options.`);
		process.exitCode = 2;
		return null;
	}
}

async function main(): Promise<void> {
	const options = askedFor(process.argv.slice(2));
	if (options === null) return;
	const { seeds, policies, scenarios, figure, tuning, minutes } = options;
	console.log(`${tuning ? 'Tuning' : 'Suite'} seeds: ${seeds.join(' ')}`);
	const until = performance.now() + 60_000 * minutes;
	const left = (): number => (until - performance.now()) / 1000;
	const worlds = await runWorlds(options.worlds, left());
	const tasks = suiteTasks(options);
	const cells = await runShown(tasks, left());
	const whole = seeds.filter((seed) =>
		scenarios.every(
			(scenario) =>
				cells.filter(
					(c) => c.seed === seed && c.scenario === scenario && policies.includes(c.policy),
				).length === policies.length,
		),
	);
	if (whole.length < seeds.length)
		console.log(`Ended early: ${whole.length} of ${seeds.length} seeds done`);
	if (whole.length === 0) throw new Error('No seed was done in that time.');
	const counted = cells.filter(
		(cell) => whole.includes(cell.seed) && policies.includes(cell.policy),
	);
	const results = new Results(counted, scenarios, policies);
	console.log();
	printTables(results);
	const safeBound = safeBoundOf(results, whole);
	const levers = ablationResults(cells, options);
	if (levers !== null) {
		console.log(`\nLevers off, on ${levers.bySeed(LATE, effectiveQuality).length} seeds\n`);
		console.log([overallTable(levers), differenceTable(levers)].join('\n\n'));
	}
	if (worlds !== null) console.log(`\n${worldsTable(worlds)}`);
	if (figure) {
		const folder = join(__dirname, '..', 'docs', 'figures');
		mkdirSync(folder, { recursive: true });
		writeFileSync(join(folder, 'slo.svg'), drawFigure(results));
	}
	const goals = [...goalsOf(results, safeBound), ...(worlds === null ? [] : worldGoals(worlds))];
	console.log();
	for (const { name, value, goal, met } of goals) {
		console.log(`${met ? 'met    ' : 'NOT MET'}  ${name}: ${value} (goal ${goal})`);
	}
	console.log(`RESULT ${JSON.stringify({ bench: 'slo', figures: figuresOf(results), goals })}`);
	if (goals.some((goal) => !goal.met)) process.exitCode = 1;
}

void main();
