/** `select`: one request or several, decided against a snapshot or live servers. */
import { z } from 'zod/v4';

import type { PostgresStore } from '../../adapters/postgres/store';
import type { Catalog } from '../../lib/catalog/schema';
import { invalidInput, RouterError } from '../../lib/errors';
import { parseFleet } from '../../lib/fleet/parse';
import type { FleetSnapshot } from '../../lib/fleet/types';
import { ModelRouter } from '../../lib/router/model-router';
import type {
	CalibrationEntry,
	FeedbackEntry,
	Selection,
	SelectOptions,
} from '../../lib/selection/types';
import { readFleet } from '../../service/fleet';
import { QuotaDesk } from '../../service/quota-desk';
import { type QuotaJob, selectAndReserveWithinQuota } from '../../service/select-and-reserve';
import { selectInOrder } from '../../service/select-batch';
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, reservationsOf } from '../database';
import { describeSelection } from '../describe-selection';
import { EXIT, type Io } from '../io';
import { knowledgeOf, optionalStore } from '../knowledge';
import { readCatalog, readJson } from '../read-json';
import { clientsOf } from '../servers';
import { UsageError } from '../usage-error';
import { list, moment, number, required, text } from '../values';

const HELP = `Usage: comfyui-router select --catalog F (--fleet F | --server URL...) --request F

Picks model, preset and server for one image job, or for several.

  --catalog F          models_config.json
  --fleet F            a fleet snapshot: servers with their VRAM, queues and resident models
  --server URL         instead of --fleet: read this ComfyUI server now; repeatable; name=URL names it.
                       A bearer token comes from the variable COMFYUI_TOKEN
  --request F          a request or an array of them; - reads standard input (for one of the files).
                       Several are decided in order, each seeing the ones before; the answer is an array
  --demand-arrivals-per-second N      jobs that have lately been arriving: a busy fleet
                                      saves GPU time where quality allows it
  --demand-gpu-seconds-per-job N      what each of them takes (default: as this catalog's)
  --calibration F      learned factors, as \`calibrate\` prints them
  --feedback F         learned quality, as \`feedback --json\` prints it
${DATABASE_HELP}
                       With an address quotas hold (a request with a job_id reserves what it will
                       take) and the quality learned from opinions is used. What other processes have reserved counts,
                       and a server is reserved for each request with a job_id: choosing and reserving is one step
  --reserve-seconds N  given up after so long unless the prompt is seen on its server before (default 30; 0: no server
                       is reserved, what others have reserved still counts)
  --now T              decide as if it were this moment (ISO 8601), for repeatable answers
  --text               a readable answer instead of JSON
  --json               JSON on one line, for machines (default: JSON, indented)

Exit code: 0 all served, 2 a request cannot be served, 64 bad input, 1 failed.

Examples:
  # the best model for a poster within a minute, on the servers that are up now
  echo '{"purpose":"poster_design","deadline_seconds":60}' |
    comfyui-router select --catalog models_config.json --server http://127.0.0.1:8188 --request -

  # what would change if it were urgent?
  echo '[{"purpose":"photo","urgency":"urgent"},{"purpose":"photo","urgency":"flexible"}]' |
    comfyui-router select --catalog models_config.json --fleet fleet.json --request - --text
`;

export const select: Command = {
	name: 'select',
	summary: 'pick model, preset and server for one request or an array of them',
	help: HELP,
	options: {
		catalog: { type: 'string' },
		fleet: { type: 'string' },
		server: { type: 'string', multiple: true },
		request: { type: 'string' },
		'demand-arrivals-per-second': { type: 'string' },
		'demand-gpu-seconds-per-job': { type: 'string' },
		calibration: { type: 'string' },
		feedback: { type: 'string' },
		...DATABASE_OPTIONS,
		now: { type: 'string' },
		'reserve-seconds': { type: 'string' },
		text: { type: 'boolean' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const paths = {
		catalog: required(values, 'catalog', 'the file models_config.json', 'select'),
		request: required(
			values,
			'request',
			'a file with the request, or - for standard input',
			'select',
		),
		fleet: fleetPath(values),
	};
	if (Object.values(paths).filter((path) => path === '-').length > 1) {
		throw new UsageError('Only one file can be - (standard input).', 'select');
	}
	if (values['text'] === true && values['json'] === true) {
		throw new UsageError('--text and --json exclude each other.', 'select');
	}
	const options = await readOptions(values, io);
	const catalog = await readCatalog(paths.catalog, io);
	const request = await readJson(paths.request, io, 'REQUEST_INVALID');
	const readBeganMs = io.clock.nowMs();
	const fleet =
		paths.fleet === null
			? await readLiveFleet(values, catalog, io)
			: parseFleet(await readJson(paths.fleet, io, 'FLEET_INVALID'));
	const requests = Array.isArray(request) ? (request as unknown[]) : [request];
	const router = new ModelRouter(catalog);
	if (Array.isArray(request)) checkEach(router, requests, options);
	const selections = await decideAll(values, io, router, { requests, fleet, readBeganMs, options });
	const answer = Array.isArray(request) ? selections : selections[0];
	if (values['text'] === true) io.out(`${selections.map(describeSelection).join('\n\n')}\n`);
	else io.out(`${JSON.stringify(answer, null, values['json'] === true ? undefined : '\t')}\n`);
	return selections.some((one) => one.decision === 'rejected') ? EXIT.unserved : EXIT.done;
}

/** All faults of a list at once, each under the number of its request: "[3].width". */
function checkEach(router: ModelRouter, requests: unknown[], options: SelectOptions): void {
	const problems = requests.flatMap((request, index) => {
		try {
			router.select(request, { servers: [] }, options);
			return [];
		} catch (error) {
			if (!(error instanceof RouterError) || error.code !== 'REQUEST_INVALID') throw error;
			return error.problems.map((problem) => ({
				...problem,
				path: problem.path === '' ? `[${index}]` : `[${index}].${problem.path}`,
			}));
		}
	});
	if (problems.length > 0) {
		throw invalidInput('REQUEST_INVALID', 'The list of requests', problems);
	}
}

interface Asked {
	requests: unknown[];
	fleet: FleetSnapshot;
	readBeganMs: number;
	options: SelectOptions;
}

function quotaJobOf(request: unknown): QuotaJob {
	const { job_id: jobId, user_id: userId } = (request ?? {}) as Record<string, unknown>;
	return {
		jobId: typeof jobId === 'string' ? jobId : null,
		userId: typeof userId === 'string' ? userId : null,
	};
}

/** With a database what is selected is reserved, and each request sees what is left after the ones before. */
async function decideAll(
	values: OptionValues,
	io: Io,
	router: ModelRouter,
	{ requests, fleet, readBeganMs, options }: Asked,
): Promise<Selection[]> {
	const store = optionalStore(values, io, 'select');
	try {
		const knowledge = await knowledgeOf(store, router.catalog, io);
		if (knowledge === null) return selectInOrder(router, requests, fleet, options);
		const feedback = options.feedback ?? knowledge.feedback;
		const desk = new QuotaDesk(knowledge.quota, (error) => io.err(`${error.message}\n`));
		const port = reservationsOf(store as PostgresStore, io);
		const leaseSeconds = number(values, 'reserve-seconds', 'select', { min: 0, max: 86_400 });
		const outcomes = await selectAndReserveWithinQuota(
			{ fleet, readBeganMs, port, clock: io.clock, leaseSeconds },
			desk,
			requests.map(quotaJobOf),
			(index, now, quotas) => ({
				selection: router.select(requests[index], now, { ...options, feedback, quotas }),
			}),
		);
		if (port.lost) {
			io.err(`Decided without the reservations of others: ${port.lost.message}\n`);
		}
		return outcomes.map((outcome) => {
			if ('error' in outcome) throw outcome.error;
			return outcome.decided.selection;
		});
	} finally {
		await store?.close();
	}
}

/** null: live servers. */
function fleetPath(values: OptionValues): string | null {
	const fleet = text(values, 'fleet');
	const servers = list(values, 'server');
	if (fleet !== undefined && servers.length > 0) {
		throw new UsageError(
			'--fleet and --server exclude each other: a snapshot, or live servers.',
			'select',
		);
	}
	if (fleet === undefined && servers.length === 0) {
		throw new UsageError(
			'--fleet F or --server URL is missing: where could the job run?',
			'select',
		);
	}
	return fleet ?? null;
}

async function readLiveFleet(
	values: OptionValues,
	catalog: Catalog,
	io: Io,
): Promise<FleetSnapshot> {
	const servers = clientsOf(list(values, 'server'), catalog, io, 'select');
	try {
		return await readFleet({ servers, catalog, clock: io.clock, signal: io.signal });
	} finally {
		for (const server of servers) server.close();
	}
}

async function readOptions(values: OptionValues, io: Io): Promise<SelectOptions> {
	const rate = number(values, 'demand-arrivals-per-second', 'select', { min: 0, max: 1e6 });
	const work = number(values, 'demand-gpu-seconds-per-job', 'select', { min: 0, max: 1e6 });
	if (work !== undefined && rate === undefined) {
		throw new UsageError(
			'--demand-gpu-seconds-per-job needs --demand-arrivals-per-second.',
			'select',
		);
	}
	const calibration = text(values, 'calibration');
	const feedback = text(values, 'feedback');
	return {
		nowMs: moment(values, 'now', 'select') ?? io.clock.nowMs(),
		demand:
			rate === undefined ? undefined : { arrivals_per_second: rate, gpu_seconds_per_job: work },
		calibration: calibration === undefined ? undefined : await readCalibration(calibration, io),
		feedback:
			feedback === undefined
				? undefined
				: ((await readJson(feedback, io, 'OPTIONS_INVALID')) as FeedbackEntry[]),
	};
}

/** The entries alone, or an object that holds them, as `calibrate` prints it. */
async function readCalibration(path: string, io: Io): Promise<CalibrationEntry[]> {
	const json = await readJson(path, io, 'OPTIONS_INVALID');
	const held = z.looseObject({ calibration: z.array(z.unknown()) }).safeParse(json);
	// the router checks the entries
	return (held.success ? held.data.calibration : json) as CalibrationEntry[];
}
