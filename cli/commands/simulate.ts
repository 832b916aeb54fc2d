/** `simulate`: replays a trace of jobs on a fleet with one policy and prints what came of it. */
import { parseFleet } from '../../lib/fleet/parse';
import {
	EXACT_TRUTH,
	type Metrics,
	metricsOf,
	parseTruth,
	POLICIES,
	type PolicyDefinition,
	policyNamed,
	replay,
} from '../../simulator/replay';
import type { Command, OptionValues } from '../command';
import { closest } from '../did-you-mean';
import { EXIT, type Io } from '../io';
import { readCatalog, readJson } from '../read-json';
import { readTrace } from '../read-trace';
import { UsageError } from '../usage-error';
import { number, required, text } from '../values';

const MOST_SEED = 2 ** 32 - 1;

const policyWidth = Math.max(...POLICIES.map((policy) => policy.name.length));

const HELP = `Usage: comfyui-router simulate --catalog F --fleet F --trace F.csv [--truth F.json] [--seed N] [--policy P]

Replays a trace of jobs on a fleet without any GPU: what would have been on time, at which quality and cost?
The same arguments always give the same figures.

  --catalog F     models_config.json: what the policy believes of models
  --fleet F       a fleet snapshot; queues and resident models in it are where the replay begins
  --trace F.csv   the jobs. The first line names the columns:
                  arrival_seconds,purpose,urgency,deadline_seconds,min_quality,width,height,batch_size,user_id
                  (an empty field is the request's default; only the first two columns are needed)
  --truth F.json  what the simulated GPUs really do, unknown to the policy (default: as the catalog says):
                  time_factor, vram_factor, load_factor (by model, over the catalog's figures), noise_cv,
                  tail_probability, tail_factor, failures [{server, at_seconds, for_seconds}],
                  co_tenant [{server, at_seconds, for_seconds, bytes}], dynamic_vram
  --seed N        of the noise (default 1)
  --policy P      who decides (default router):
${POLICIES.map((policy) => `                  ${policy.name.padEnd(policyWidth)}  ${policy.summary}`).join('\n')}
  --json          the figures as JSON on one line

Example:
  comfyui-router simulate --catalog models_config.json --fleet fleet.json --trace jobs.csv --policy router-late
`;

export const simulate: Command = {
	name: 'simulate',
	summary: 'replay a trace of jobs on a fleet with one policy, without any GPU',
	help: HELP,
	options: {
		catalog: { type: 'string' },
		fleet: { type: 'string' },
		trace: { type: 'string' },
		truth: { type: 'string' },
		seed: { type: 'string' },
		policy: { type: 'string' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const paths = {
		catalog: required(values, 'catalog', 'the file models_config.json', 'simulate'),
		fleet: required(values, 'fleet', 'a file with a fleet snapshot', 'simulate'),
		trace: required(values, 'trace', 'a CSV file with the jobs', 'simulate'),
	};
	const seed = number(values, 'seed', 'simulate', { min: 0, max: MOST_SEED }) ?? 1;
	const policy = findPolicy(text(values, 'policy') ?? 'router');
	const catalog = await readCatalog(paths.catalog, io);
	const fleet = parseFleet(await readJson(paths.fleet, io, 'FLEET_INVALID'));
	const trace = await readTrace(paths.trace, catalog, io);
	const truthPath = text(values, 'truth');
	const truth =
		truthPath === undefined
			? EXACT_TRUTH
			: parseTruth(await readJson(truthPath, io, 'TRUTH_INVALID'), {
					models: catalog.models.map((model) => model.name),
					servers: fleet.servers.map((server) => server.name),
				});
	const metrics = metricsOf(replay({ catalog, fleet, trace, truth, seed, policy }));
	io.out(values['json'] === true ? `${JSON.stringify(metrics)}\n` : readable(metrics));
	return EXIT.done;
}

function findPolicy(name: string): PolicyDefinition {
	const found = policyNamed(name);
	if (found) return found;
	const names = POLICIES.map((policy) => policy.name);
	const suggestion = closest(name, names);
	const hint = suggestion ? `Did you mean ${suggestion}?` : `Known: ${names.join(', ')}.`;
	throw new UsageError(`"${name}" is not a policy. ${hint}`, 'simulate');
}

/** One figure a line. */
function readable(metrics: Metrics): string {
	const flat = Object.entries(metrics).flatMap(([name, value]): [string, unknown][] =>
		typeof value === 'object' && value !== null
			? Object.entries(value as object).map(([part, inner]): [string, unknown] => [
					`${name}.${part}`,
					inner,
				])
			: [[name, value]],
	);
	const width = Math.max(...flat.map(([name]) => name.length));
	return flat.map(([name, value]) => `${name.padEnd(width)}  ${shown(value)}\n`).join('');
}

function shown(value: unknown): string {
	if (value === null) return '-';
	return typeof value === 'number' ? String(Number(value.toFixed(4))) : String(value);
}
