/** The benchmark's options, as typed: read, checked, and explained. Runs nothing. */
import { parseArgs } from 'node:util';

import { scenarioNamed } from './cells';
import { ABLATIONS, BOUND, contestantNamed } from './contestants';
import { POLICIES } from '../../simulator/replay/policies';
import { SCENARIOS, suiteSeeds, tuningSeeds } from './scenarios';

const SUITE_SEEDS = 20;
const QUICK_SEEDS = 3;
/** Switching levers off takes most of the time, so not every seed is run with it. */
const ABLATION_SEEDS = 6;
const WORLDS = 60;

export const USAGE = `npm run bench:slo -- [options]

Replays every scenario with every policy on the same seeds, prints the tables and measures the goals.
Exit code: 0 all goals met, 1 some not, 2 options not understood.

  --seeds N            seeds to run (${SUITE_SEEDS}); from ${SUITE_SEEDS} on the figure in docs/figures is drawn anew
  --quick              ${QUICK_SEEDS} seeds
  --minutes N          begin nothing after that time; what is told is of the seeds done by then
  --tuning             other seeds than the suite's, for choosing constants; no worlds
  --scenarios a,b      only these: ${SCENARIOS.map((scenario) => scenario.name).join(', ')}
  --policies a,b       only these (no ablations): ${[...POLICIES.map((policy) => policy.name), BOUND].join(', ')};
                       or any ablation: ${ABLATIONS.map((policy) => policy.name).join(', ')}
  --ablation-seeds N   how many of the seeds are run with each lever off (${ABLATION_SEEDS})
  --no-ablations       none of them
  --worlds N           worlds nobody tuned on (${WORLDS}); none with --policies, --scenarios or --tuning
  --no-figure          leave docs/figures alone
  --help               this text`;

export interface SloOptions {
	seeds: number[];
	tuning: boolean;
	minutes: number;
	policies: string[];
	ablations: string[];
	ablationSeeds: number;
	worlds: number;
	scenarios: string[];
	figure: boolean;
}

/**
 * @returns null where help is asked for
 * @throws where an option is unknown or its value makes no sense
 */
export function readOptions(argv: readonly string[]): SloOptions | null {
	const values = parsed(argv);
	if (values.help) return null;
	const count = wholeNumber('seeds', values.seeds ?? (values.quick ? QUICK_SEEDS : SUITE_SEEDS), 1);
	const ablationSeeds = wholeNumber('ablation-seeds', values['ablation-seeds'], 0);
	const worlds = wholeNumber('worlds', values.worlds, 0);
	const minutes = Number(values.minutes);
	if (!(minutes > 0)) throw new RangeError('--minutes takes a number above 0.');
	const all = [...POLICIES.map((policy) => policy.name), BOUND];
	const policies = values.policies?.split(',') ?? all;
	policies.filter((name) => name !== BOUND).forEach(contestantNamed);
	const scenarios = values.scenarios?.split(',') ?? SCENARIOS.map((scenario) => scenario.name);
	scenarios.forEach(scenarioNamed);
	const isPart = values.tuning || values.policies !== undefined || values.scenarios !== undefined;
	return {
		seeds: values.tuning ? tuningSeeds(count) : suiteSeeds(count),
		tuning: values.tuning,
		minutes,
		policies,
		ablations: values.policies ? [] : ABLATIONS.map((policy) => policy.name),
		ablationSeeds: values['no-ablations'] ? 0 : Math.min(count, ablationSeeds),
		worlds: isPart ? 0 : worlds,
		scenarios,
		figure: !isPart && count >= SUITE_SEEDS && !values['no-figure'],
	};
}

function parsed(argv: readonly string[]) {
	return parseArgs({
		args: [...argv],
		options: {
			help: { type: 'boolean', short: 'h', default: false },
			quick: { type: 'boolean', default: false },
			tuning: { type: 'boolean', default: false },
			seeds: { type: 'string' },
			policies: { type: 'string' },
			scenarios: { type: 'string' },
			'no-figure': { type: 'boolean', default: false },
			'no-ablations': { type: 'boolean', default: false },
			minutes: { type: 'string', default: 'Infinity' },
			'ablation-seeds': { type: 'string', default: String(ABLATION_SEEDS) },
			worlds: { type: 'string', default: String(WORLDS) },
		},
	}).values;
}

function wholeNumber(option: string, value: string | number, least: number): number {
	const count = value === '' ? NaN : Number(value);
	if (!Number.isInteger(count) || count < least)
		throw new RangeError(`--${option} takes a whole number from ${least}.`);
	return count;
}
