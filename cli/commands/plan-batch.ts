/** `plan-batch`: a file of requests planned as a whole, at least cost or within a budget and a deadline. */
import { invalidInput } from '../../lib/errors';
import type { FleetSnapshot } from '../../lib/fleet/types';
import { CostOptimizer } from '../../lib/optimizer/cost-optimizer';
import type { BatchPlan } from '../../lib/optimizer/types';
import type { Command, OptionValues } from '../command';
import { describePlan } from '../describe-plan';
import { EXIT, type Io } from '../io';
import { readCatalog, readJson } from '../read-json';
import { type JsonLine, readJsonLines } from '../read-jsonl';
import { UsageError } from '../usage-error';
import { moment, number, required } from '../values';

const HELP = `Usage: comfyui-router plan-batch --catalog F --fleet F --requests F.jsonl [--budget X] [--deadline-seconds S]

Chooses model, preset, server and running order for many image jobs at once.
Without a budget: the least cost for the quality floors asked. With one: the highest quality it buys.
Loading a model costs time and money, so jobs of one model run together, the resident one first.

  --catalog F            models_config.json
  --fleet F              a fleet snapshot: what is queued there runs before the batch
  --requests F.jsonl     one request (JSON) a line; - reads standard input
  --budget X             money for all of it, in the catalog's currency (GPU seconds where no server has a price)
  --deadline-seconds S   all done by then, counted from now. A job's own deadline_seconds or deadline_at holds
                         besides; the target of an urgency is for people who wait and does not count here
  --now T                plan as if it were this moment (ISO 8601)
  --json                 the plan as JSON on one line

Exit code: 0 everything holds, 2 a request is refused or a budget or deadline does not hold (the answer says by how
much), 64 bad input, 1 failed.

Example:
  comfyui-router plan-batch --catalog models_config.json --fleet fleet.json --requests jobs.jsonl --budget 2.50
`;

export const planBatch: Command = {
	name: 'plan-batch',
	summary: 'plan many jobs at once: least cost, or best quality within a budget and a deadline',
	help: HELP,
	options: {
		catalog: { type: 'string' },
		fleet: { type: 'string' },
		requests: { type: 'string' },
		budget: { type: 'string' },
		'deadline-seconds': { type: 'string' },
		now: { type: 'string' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const paths = {
		catalog: required(values, 'catalog', 'the file models_config.json', 'plan-batch'),
		fleet: required(values, 'fleet', 'a file with a fleet snapshot', 'plan-batch'),
		requests: required(values, 'requests', 'a file with one request a line', 'plan-batch'),
	};
	if (Object.values(paths).filter((path) => path === '-').length > 1) {
		throw new UsageError('Only one file can be - (standard input).', 'plan-batch');
	}
	const options = {
		nowMs: moment(values, 'now', 'plan-batch') ?? io.clock.nowMs(),
		budget: number(values, 'budget', 'plan-batch', { min: 0, max: 1e12 }) ?? null,
		deadlineSeconds: number(values, 'deadline-seconds', 'plan-batch', { min: 0, max: 1e9 }) ?? null,
	};
	const catalog = await readCatalog(paths.catalog, io);
	const fleet = (await readJson(paths.fleet, io, 'FLEET_INVALID')) as FleetSnapshot;
	const lines = await readJsonLines(paths.requests, io, 'REQUEST_INVALID');
	const requests = lines.map(({ value }) => value);
	const plan = new CostOptimizer(catalog).plan(requests, fleet, options);
	refuseFaults(plan, lines);
	io.out(values['json'] === true ? `${JSON.stringify(plan)}\n` : describePlan(plan));
	return plan.feasible && plan.refused.length === 0 ? EXIT.done : EXIT.unserved;
}

/** A request that is written wrongly is a fault of the file, and named by its line. */
function refuseFaults({ refused }: BatchPlan, lines: readonly JsonLine[]): void {
	const faults = refused.filter(({ code }) => code === 'REQUEST_INVALID');
	if (faults.length === 0) return;
	throw invalidInput(
		'REQUEST_INVALID',
		'The file of requests',
		faults.map(({ index, message, hint }) => ({
			path: `line ${lines[index]?.line ?? index + 1}`,
			message,
			hint,
		})),
	);
}
