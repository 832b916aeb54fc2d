/** `generate`: selects, runs, holds the deadline, saves the images, prints the attempts. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

import { sharedSignal } from '../../adapters/shared-signal';
import { systemRandom } from '../../adapters/system-random';
import type { Catalog } from '../../lib/catalog/schema';
import { type ErrorCode, RouterError } from '../../lib/errors';
import { ModelRouter } from '../../lib/router/model-router';
import { formatSeconds } from '../../lib/units';
import {
	createGenerator,
	type GeneratedFile,
	type GenerateItem,
	type GenerateOptions,
	type GenerateResult,
	type InputFile,
	type ProgressEvent,
} from '../../service/generate';
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, reservationsOf } from '../database';
import { EXIT, type Io } from '../io';
import { knowledgeOrNone, optionalStore } from '../knowledge';
import { makeFolder, saveOutput } from '../output-files';
import { readCatalog, readJson } from '../read-json';
import { exitCodeOf } from '../report-error';
import { clientsOf } from '../servers';
import { UsageError } from '../usage-error';
import { list, number, required, text } from '../values';

const HELP = `Usage: comfyui-router generate --catalog F --server URL... --request F --out DIR

Picks model, preset and server for one image job or several, runs them, holds their deadlines, saves what they make.

  --catalog F          models_config.json
  --server URL         a ComfyUI server; repeatable; name=URL names it. A bearer token comes from the variable COMFYUI_TOKEN
  --request F          a request or an array of them; - reads standard input (for one of the files). "images" and "mask"
                       are paths of files, which are uploaded
  --out DIR            folder for the images; made if it is not there. No file is ever written over
  --workflow F         your own workflow (Export (API) in ComfyUI) instead of the built-in one
  --concurrency N      jobs held or running at the same time (default: all)
  --commit-on-arrival  submit every job at once instead of holding it until a server is free
  --no-auto-quality    run what an idle fleet would be given, whatever the deadline
${DATABASE_HELP}
                       With an address every attempt is logged in model_usage_log, quotas hold, and
                       the quality learned from opinions is used. Servers are shared with all that reserve there
  --json               JSON on one line, for machines (default: JSON, indented)

Prints a result per request: status, selection, attempts, files. Progress goes to standard error.
Ctrl+C takes the jobs off the servers.

Exit code: 0 all done, 2 a request cannot be served, 64 bad input, 1 failed.

Example:
  echo '{"purpose":"photo","prompt":"a red fox in snow","deadline_seconds":60}' |
    comfyui-router generate --catalog models_config.json --server http://127.0.0.1:8188 --request - --out images
`;

export const generate: Command = {
	name: 'generate',
	summary: 'select, run, hold the deadline, save images, print attempts',
	help: HELP,
	options: {
		catalog: { type: 'string' },
		server: { type: 'string', multiple: true },
		request: { type: 'string' },
		out: { type: 'string' },
		workflow: { type: 'string' },
		concurrency: { type: 'string' },
		'commit-on-arrival': { type: 'boolean' },
		'no-auto-quality': { type: 'boolean' },
		...DATABASE_OPTIONS,
	},
	run,
};

interface SavedFile {
	file: GeneratedFile;
	path: string;
}

interface Inputs {
	catalog: Catalog;
	catalogFolder: string;
	items: GenerateItem[];
	isList: boolean;
	out: string;
}

async function run(values: OptionValues, io: Io): Promise<number> {
	const inputs = await readInputs(values, io);
	const { catalog, items } = inputs;
	const servers = clientsOf(list(values, 'server'), catalog, io, 'generate');
	const store = optionalStore(values, io, 'generate');
	const reservations = store === null ? null : reservationsOf(store, io);
	try {
		await makeFolder(inputs.out);
		const knowledge = await knowledgeOrNone(store, catalog, io);
		const generator = createGenerator({
			catalog,
			servers,
			clock: io.clock,
			random: systemRandom,
			store,
			reservations,
			prompts: store,
			...knowledge,
			onQuotasAway: (error) => io.err(`Quotas are not checked: ${error.message}\n`),
			readWorkflow: (file) => readJson(resolve(inputs.catalogFolder, file), io, 'WORKFLOW_INVALID'),
		});
		const files = items.map((): SavedFile[] => []);
		const results = await generator.generate(items, optionsOf(values, io, inputs, files));
		const answers = results.map((result) =>
			answerOf(result, pathsOf(result, files[result.index] ?? [])),
		);
		const answer = inputs.isList ? answers : answers[0];
		if (reservations?.lost) {
			io.err(`Decided without the reservations of others: ${reservations.lost.message}\n`);
		}
		io.out(`${JSON.stringify(answer, null, values['json'] === true ? undefined : '\t')}\n`);
		return exitCode(results);
	} finally {
		for (const server of servers) server.close();
		await store?.close();
	}
}

/** Of the last attempt; of a failed job all that came. */
function pathsOf({ status, outputs }: GenerateResult, saved: readonly SavedFile[]): string[] {
	const own = saved.filter(({ file }) => status === 'failed' || outputs.includes(file));
	return own.map(({ path }) => path);
}

async function readInputs(values: OptionValues, io: Io): Promise<Inputs> {
	const catalogPath = required(values, 'catalog', 'the file models_config.json', 'generate');
	const what = 'a file with the request, or - for standard input';
	const requestPath = required(values, 'request', what, 'generate');
	const out = required(values, 'out', 'the folder for the images', 'generate');
	const workflowPath = text(values, 'workflow');
	if ([catalogPath, requestPath, workflowPath].filter((path) => path === '-').length > 1) {
		throw new UsageError('Only one file can be - (standard input).', 'generate');
	}
	const catalog = await readCatalog(catalogPath, io);
	const request = await readJson(requestPath, io, 'REQUEST_INVALID');
	const workflow =
		workflowPath === undefined ? undefined : await readJson(workflowPath, io, 'WORKFLOW_INVALID');
	const isList = Array.isArray(request);
	const requests = isList ? (request as unknown[]) : [request];
	const router = new ModelRouter(catalog);
	// all are checked before any is run
	for (const one of requests) router.select(one, { servers: [] }, { nowMs: io.clock.nowMs() });
	const items = requests.map((one) => itemOf(one as Record<string, unknown>, workflow));
	for (const file of items.flatMap((item) => [
		...(item.images ?? []),
		...(item.mask ? [item.mask] : []),
	])) {
		await file.read();
	}
	return { catalog, catalogFolder: dirname(catalogPath), items, isList, out };
}

function itemOf(request: Record<string, unknown>, workflow: unknown): GenerateItem {
	const { images, mask } = request as { images?: string[]; mask?: string | null };
	return {
		request,
		workflow,
		...(images && images.length > 0 ? { images: images.map(inputFile) } : {}),
		...(mask ? { mask: inputFile(mask) } : {}),
	};
}

function inputFile(path: string): InputFile {
	return {
		filename: basename(path),
		read: () =>
			readFile(path).catch((error: NodeJS.ErrnoException) => {
				throw new RouterError({
					code: error.code === 'ENOENT' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
					message: `The image ${path} cannot be read.`,
					hint: 'Check the path; relative ones start at the current folder.',
				});
			}),
	};
}

function optionsOf(
	values: OptionValues,
	io: Io,
	inputs: Inputs,
	files: SavedFile[][],
): GenerateOptions {
	return {
		signal: sharedSignal(io.signal),
		concurrency: number(values, 'concurrency', 'generate', { min: 1, max: 10_000 }),
		commitOnArrival: values['commit-on-arrival'] === true,
		autoQuality: values['no-auto-quality'] !== true,
		onProgress: progressPrinter(io),
		onOutput: async (file, { index, job_id: jobId }) => {
			const path = await saveOutput(inputs.out, jobId, file, io.signal);
			files[index]?.push({ file, path });
		},
	};
}

/** A line for each change; steps only every few. */
function progressPrinter(io: Io): (event: ProgressEvent) => void {
	const last = new Map<string, string>();
	return (event) => {
		const line = lineOf(event);
		if (line === null || last.get(event.job_id) === line) return;
		last.set(event.job_id, line);
		io.err(`${event.job_id}: ${line}\n`);
	};
}

function lineOf(event: ProgressEvent): string | null {
	switch (event.phase) {
		case 'waiting':
			return event.expected_start_seconds === null
				? `waiting: ${event.reason}`
				: `waiting, expected to start in ${formatSeconds(Math.round(event.expected_start_seconds))}`;
		case 'submitted':
			return `submitted to ${event.server}: ${event.model_name} / ${event.preset}, prompt ${event.prompt_id}`;
		case 'running':
			if (event.value === null || event.max === null) return `running on ${event.server}`;
			return `running on ${event.server}, ${Math.floor((event.value / event.max) * 4) * 25} %`;
		case 'retry':
			return `again: ${event.reason}`;
		case 'ended':
			return `${event.status}${event.status === 'failed' ? `: ${event.reason}` : ''}`;
	}
}

function answerOf(result: GenerateResult, files: string[]): Record<string, unknown> {
	const { job_id, status, degraded, on_time, reason, texts, selection, attempts } = result;
	const shown = (one: RouterError) => ({ code: one.code, message: one.message, hint: one.hint });
	return {
		job_id,
		status,
		degraded,
		on_time,
		reason,
		files,
		texts: texts.map(({ nodeId, text }) => ({ node_id: nodeId, text })),
		error: result.error ? shown(result.error) : null,
		attempts,
		selection,
		log_errors: result.log_errors.map(shown),
	};
}

/** Bad input, then what cannot be served, then what failed: the most telling of all results. */
function exitCode(results: readonly GenerateResult[]): number {
	const codes = results.flatMap(({ error }): ErrorCode[] => (error ? [error.code] : []));
	if (codes.some((code) => exitCodeOf(code) === EXIT.badInput && code !== 'FILE_NOT_FOUND')) {
		return EXIT.badInput;
	}
	const unserved: ErrorCode[] = ['NOT_SERVED', 'DEADLINE_MISSED'];
	if (codes.some((code) => unserved.includes(code))) return EXIT.unserved;
	return codes.length > 0 ? EXIT.failed : EXIT.done;
}
