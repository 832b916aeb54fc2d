/** `plan-mig`: which partitioning of a GPU serves a workload best, with the table behind the answer. */
import { loggedJobs } from '../../adapters/postgres/workload-history';
import type { Catalog } from '../../lib/catalog/schema';
import { invalidInput } from '../../lib/errors';
import { deviceDefaults, findMigGpu, MIG_GPUS, type MigGpu } from '../../lib/mig';
import { assumedTrace, compareMigPartitions } from '../../simulator/mig';
import type { TraceJob } from '../../simulator/replay';
import { readAssumedJobs } from '../assumed-jobs';
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, givesDatabase, storeOf } from '../database';
import { describeMigPlan } from '../describe-mig-plan';
import { EXIT, type Io } from '../io';
import { readCatalog } from '../read-json';
import { checkUrgencies, readTrace } from '../read-trace';
import { UsageError } from '../usage-error';
import { list, number, required, text } from '../values';

const NAME = 'plan-mig';
const MOST_SEED = 2 ** 32 - 1;
const DEFAULT_HOURS = 2;
const DEFAULT_DAYS = 7;
const DEFAULT_JOBS = 5000;

const HELP = `Usage: comfyui-router plan-mig --catalog F --gpu NAME (--trace F.csv | --assume JOBS... | --database-url U)

Compares every full partitioning of one GPU (Multi-Instance GPU) for a workload: each is replayed with the router
deciding, on idle slices with every model installed. Recommends the one with the most quality on time.

  --catalog F        models_config.json
  --gpu NAME         ${MIG_GPUS.map((gpu) => gpu.name).join(', ')}, or the name that nvidia-smi shows
 The workload, one of:
  --trace F.csv      recorded jobs, as for simulate; - reads standard input
  --assume JOBS      RATE/h:PURPOSE[:URGENCY[:WIDTHxHEIGHT]], such as 120/h:photo:normal:1024x1024; repeatable
  --hours N          how long the assumed jobs go on arriving (default ${DEFAULT_HOURS})
${DATABASE_HELP}
                     the jobs in model_usage_log
  --since-days N     how far back in the log (default ${DEFAULT_DAYS})
  --most-jobs N      the newest so many of the log (default ${DEFAULT_JOBS})
 The GPU:
  --speed-factor N   of the whole GPU, against the presets' reference GPU (default: "gpus" of the catalog, else 1)
  --hourly-cost N    of the whole GPU (default: "gpus" of the catalog)
  --seed N           of the assumed arrivals and of the replay (default 1)
  --json             the comparison as JSON on one line

Exit code: 0 done, 1 the database failed, 64 bad input.

Example:
  comfyui-router plan-mig --catalog models_config.json --gpu a100-40gb \\
    --assume 200/h:photo:normal --assume 30/h:product:urgent:1024x1024
`;

export const planMig: Command = {
	name: NAME,
	summary: 'compare MIG partitionings of a GPU for a workload, by replay',
	help: HELP,
	options: {
		catalog: { type: 'string' },
		gpu: { type: 'string' },
		trace: { type: 'string' },
		assume: { type: 'string', multiple: true },
		hours: { type: 'string' },
		...DATABASE_OPTIONS,
		'since-days': { type: 'string' },
		'most-jobs': { type: 'string' },
		'speed-factor': { type: 'string' },
		'hourly-cost': { type: 'string' },
		seed: { type: 'string' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const path = required(values, 'catalog', 'the file models_config.json', NAME);
	const gpuName = required(values, 'gpu', 'the GPU, such as a100-40gb', NAME);
	const gpu = gpuNamed(gpuName);
	const seed = number(values, 'seed', NAME, { min: 0, max: MOST_SEED }) ?? 1;
	const speed = number(values, 'speed-factor', NAME, { min: 0.001, max: 1000 });
	const cost = number(values, 'hourly-cost', NAME, { min: 0, max: 1e6 });
	const catalog = await readCatalog(path, io);
	const trace = await readWorkload(values, catalog, seed, io);
	const known = deviceDefaults(gpuName, catalog.gpus ?? []);
	const comparison = compareMigPartitions({
		catalog,
		gpu,
		speedFactor: speed ?? known.speedFactor ?? 1,
		hourlyCost: cost ?? known.hourlyCost,
		trace,
		seed,
	});
	io.out(
		values['json'] === true
			? `${JSON.stringify({ jobs: trace.length, seed, ...comparison })}\n`
			: describeMigPlan(comparison, trace.length, catalog.currency),
	);
	return EXIT.done;
}

function gpuNamed(name: string): MigGpu {
	const found = findMigGpu(name);
	if (found) return found;
	const names = MIG_GPUS.map((gpu) => gpu.name).join(', ');
	throw new UsageError(`--gpu "${name}" is none that can be partitioned. Known: ${names}.`, NAME);
}

async function readWorkload(
	values: OptionValues,
	catalog: Catalog,
	seed: number,
	io: Io,
): Promise<TraceJob[]> {
	const path = text(values, 'trace');
	const assumed = list(values, 'assume');
	if (path !== undefined && assumed.length > 0) {
		throw new UsageError('Give either --trace or --assume.', NAME);
	}
	const hours = number(values, 'hours', NAME, { min: 0.01, max: 1000 }) ?? DEFAULT_HOURS;
	if (path !== undefined) return atLeastOne(await readTrace(path, catalog, io));
	const trace =
		assumed.length > 0
			? assumedTrace(assumed.map(readAssumedJobs), hours, seed)
			: await readLogged(values, io);
	checkUrgencies(trace, catalog);
	return atLeastOne(trace);
}

async function readLogged(values: OptionValues, io: Io): Promise<TraceJob[]> {
	if (!givesDatabase(values, io)) {
		throw new UsageError(
			'Give the workload: --trace F.csv, --assume JOBS or --database-url U.',
			NAME,
		);
	}
	const sinceDays = number(values, 'since-days', NAME, { min: 0.01, max: 36_600 }) ?? DEFAULT_DAYS;
	const most = number(values, 'most-jobs', NAME, { min: 1, max: 1e6 }) ?? DEFAULT_JOBS;
	const store = storeOf(values, io, NAME);
	try {
		const jobs = await loggedJobs(store.pool, { sinceDays, limit: Math.floor(most) });
		return jobs.map((job) => ({
			arrivalSeconds: job.arrival_seconds,
			purpose: job.purpose,
			urgency: job.urgency ?? 'normal',
			deadlineSeconds: job.deadline_seconds,
			minQuality: 0,
			width: job.width,
			height: job.height,
			batchSize: job.batch_size ?? 1,
			userId: job.user_id,
		}));
	} finally {
		await store.close();
	}
}

function atLeastOne(trace: TraceJob[]): TraceJob[] {
	if (trace.length > 0) return trace;
	throw invalidInput('TRACE_INVALID', 'The workload', [
		{ path: '', message: 'it has no jobs', hint: 'Take a longer time, or a higher rate.' },
	]);
}
