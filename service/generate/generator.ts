/** The entry: many jobs over a fleet, each result as it comes. Owns concurrency, cancelling and the end of the log. */
import { marginEntries } from '../../lib/execution/memory-margins';
import { RouterError } from '../../lib/errors';
import { eachLimited } from '../each-limited';
import { within } from '../within';
import { QuotaDesk } from '../quota-desk';
import { settlingStore } from '../settling-store';
import { UsageBuffer } from '../usage-buffer';
import { asRouterError } from './failures';
import type { JobContext } from './job-context';
import { readJob } from './job-input';
import { JobRun } from './job-run';
import { PromptNotes } from './prompt-notes';
import { keyOf, marginsOf, patienceOf, useFleet } from './process-registry';
import { resumePrompt } from './resume';
import { SubmissionOrder } from './submission-order';
import type {
	GenerateItem,
	GenerateOptions,
	GenerateResult,
	Generator,
	GeneratorDeps,
	ResumeInput,
} from './types';

/** For prompts that were given up while their server was away, and may be there after all. */
const LAST_SWEEP_MS = 2_000;
/** For notes of prompts that were only handed over: somebody else picks them up. */
const LAST_NOTES_MS = 10_000;

export function createGenerator(deps: GeneratorDeps): Generator {
	const key = keyOf(deps);
	return {
		generate: (items, options = {}) =>
			withFleet(deps, key, options, (context) =>
				runAll(context, items, (job, index) => new JobRun(context, job, index, true).run()),
			),
		submit: (items, options = {}) =>
			withFleet(deps, key, { ...options, commitOnArrival: true }, (context) =>
				runAll(context, items, (job, index) => new JobRun(context, job, index, false).run()),
			),
		resume: (input: ResumeInput, options = {}) =>
			withFleet(deps, key, options, (context) => resumePrompt(context, input)),
		learned: () => marginEntries(marginsOf(key)),
	};
}

async function withFleet<T>(
	deps: GeneratorDeps,
	key: string,
	options: GenerateOptions,
	run: (context: JobContext) => Promise<T>,
): Promise<T> {
	if (deps.servers.length === 0) throw noServers();
	const fleet = useFleet(deps, key);
	const store = deps.store && deps.quota ? settlingStore(deps.store, deps.quota) : deps.store;
	const buffer = store ? new UsageBuffer(store, deps.clock) : null;
	const notes = deps.prompts ? new PromptNotes(deps.prompts) : null;
	const { room, watch } = fleet;
	try {
		const result = await run({
			deps,
			room,
			options,
			signal: options.signal,
			buffer,
			notes,
			quotas: deps.quota ? new QuotaDesk(deps.quota, deps.onQuotasAway) : null,
			order: new SubmissionOrder(),
			watch,
		});
		const noted = notes ? within(deps.clock, notes.settled(), LAST_NOTES_MS) : undefined;
		const logged = buffer?.flush(patienceOf(deps).flushMs);
		await Promise.all([
			logged,
			noted,
			room.view.sweepAll(LAST_SWEEP_MS),
			room.shared.settle(LAST_SWEEP_MS),
		]);
		return result;
	} finally {
		fleet.release();
	}
}

async function runAll(
	context: JobContext,
	items: readonly GenerateItem[],
	run: (job: ReturnType<typeof readJob>, index: number) => Promise<GenerateResult>,
): Promise<GenerateResult[]> {
	const { deps, room, options } = context;
	const limit = options.concurrency ?? Math.max(1, items.length);
	return eachLimited(items, limit, async (item, index) => {
		let result: GenerateResult;
		try {
			const job = readJob(room.router, item, deps.clock.nowMs(), () => deps.random.uuid());
			result = await run(job, index);
		} catch (error) {
			result = unreadable(item, index, asRouterError(error));
		}
		await options.onResult?.(result);
		return result;
	});
}

function unreadable(item: GenerateItem, index: number, error: RouterError): GenerateResult {
	const jobId = (item.request as { job_id?: unknown } | null)?.job_id;
	return {
		index,
		job_id: typeof jobId === 'string' ? jobId : '',
		status: 'failed',
		selection: null,
		attempts: [],
		outputs: [],
		texts: [],
		degraded: false,
		on_time: null,
		reason: error.message,
		error,
		log_errors: [],
	};
}

function noServers(): RouterError {
	return new RouterError({
		code: 'OPTIONS_INVALID',
		message: 'There is no ComfyUI server to run jobs on.',
		hint: 'Add a server to the connection.',
	});
}
