/** `cost`: what jobs really cost against their estimates, what calibration takes off the error, what idle servers cost. */
import { PostgresCostHistory } from '../../adapters/postgres/cost-history';
import { costReport } from '../../lib/cost-report';
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, storeOf } from '../database';
import { describeCosts } from '../describe-costs';
import { EXIT, type Io } from '../io';
import { number } from '../values';

const NAME = 'cost';
const DEFAULT_DAYS = 90;
const DEFAULT_JOBS = 20;

const HELP = `Usage: comfyui-router cost --database-url U [--since-days N]

What jobs really cost, from model_usage_log: estimated against actual by model, preset, week and job, the bias of the
estimates, and how much of their error learning from the weeks before would have taken away. What servers cost while
nothing ran on them is shown apart, from vram_usage_log. Only reads.

${DATABASE_HELP}
  --since-days N       how far back (default ${DEFAULT_DAYS})
  --jobs N             how many of the jobs that differ most from their estimate (default ${DEFAULT_JOBS})
  --json               the report as JSON on one line

Exit code: 0 done, 1 failed, 64 bad input.

Example:
  comfyui-router cost --database-url postgresql://n8n@db/n8n --since-days 30
`;

export const cost: Command = {
	name: NAME,
	summary: 'what jobs really cost against their estimates, and what idle servers cost',
	help: HELP,
	options: {
		...DATABASE_OPTIONS,
		'since-days': { type: 'string' },
		jobs: { type: 'string' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const sinceDays = number(values, 'since-days', NAME, { min: 0.01, max: 36_600 }) ?? DEFAULT_DAYS;
	const jobs = Math.floor(number(values, 'jobs', NAME, { min: 0, max: 100_000 }) ?? DEFAULT_JOBS);
	const store = storeOf(values, io, NAME);
	try {
		const history = await new PostgresCostHistory(store.pool).costs({ sinceDays, jobs });
		const report = { since_days: sinceDays, ...costReport(history) };
		io.out(values['json'] === true ? `${JSON.stringify(report)}\n` : describeCosts(report));
		return EXIT.done;
	} finally {
		await store.close();
	}
}
