/** A job held back, with everything it could be run as. Owns the options; plans nothing. */
import type { SelectOptions, WaitingRequest } from '../../selection/types';
import type { CandidateTable } from '../candidate';
import { candidatesOf, type DecisionInput, hasMode } from '../decision';
import type { PreparedCatalog } from '../prepared-catalog';
import type { ServerState } from '../server-state';
import { type UnderstoodRequest, understandRequest } from '../understood-request';
import type { FleetSnapshot } from '../../fleet/types';
import { LOAD_CV } from '../../estimate/load-time';
import { type Age, ageOf } from './ageing';
import type { DispatchTuning } from './tuning';

/** One way to run a job on a server. Seconds. */
export interface JobOption {
	/** Row of the job's candidate table. */
	row: number;
	quality: number;
	runSeconds: number;
	runVariance: number;
	/** Cold load, and its variance; zero where the weights are resident. */
	loadSeconds: number;
	loadVariance: number;
	weightsKey: string;
	/** Price of a second here over the fleet's typical price. */
	relativePrice: number;
	/** It fits only if the prediction of its memory is exact. */
	tight: boolean;
}

/** What jobs that ask for the same have in common. */
export interface JobKind {
	count: number;
	/** By the server's position in the snapshot. */
	options: JobOption[][];
}

export interface WaitingJobState extends Age {
	/** Position in the caller's list. */
	index: number;
	jobId: string;
	asked: UnderstoodRequest;
	input: DecisionInput;
	/** Options and table are shared by all jobs that ask for the same. */
	kind: JobKind;
	/** By the server's position in the snapshot. */
	options: JobOption[][];
	/** From now; zero or less when late already. */
	deadlineSeconds: number;
	waitingSeconds: number;
}

/** What all jobs of one dispatch are read with. */
export interface WaitingContext {
	prepared: PreparedCatalog;
	fleet: FleetSnapshot;
	states: ServerState[];
	options: SelectOptions;
	tuning: DispatchTuning;
	/** Filled on the way. */
	kinds: Map<string, JobKind>;
}

/** Reads one waiting request. Its deadline counts from now; an urgency's own target from the moment of asking. */
export function waitingJob(
	waiting: WaitingRequest,
	index: number,
	context: WaitingContext,
): WaitingJobState {
	const { prepared, fleet, states, options, tuning } = context;
	const asked = understandHeld(waiting.request, prepared, options.nowMs);
	const waitingSeconds = Math.max(0, waiting.waiting_seconds || 0);
	const { deadline_seconds, deadline_at, job_id } = asked.request;
	if (deadline_seconds == null && deadline_at == null) asked.deadlineSeconds -= waitingSeconds;
	const input: DecisionInput = { prepared, asked, fleet, states, options };
	const kind = kindOf(input, context);
	return {
		index,
		jobId: job_id ?? `waiting-${index}`,
		asked,
		input,
		kind,
		options: kind.options,
		...ageOf(waitingSeconds, spanOf(asked, waitingSeconds), tuning),
		deadlineSeconds: asked.deadlineSeconds,
		waitingSeconds,
	};
}

/** Which candidates there are does not depend on the deadline, so jobs that differ in no more than that share them. */
function kindOf(input: DecisionInput, { kinds, states, tuning }: WaitingContext): JobKind {
	const own = { job_id: '', deadline_seconds: 0, deadline_at: '', seed: 0, prompt: '' };
	// who asks matters to quotas alone
	const user = input.options.quotas ? input.asked.request.user_id : '';
	const deadline = hasMode(input) ? input.asked.deadlineSeconds : 0;
	const key = JSON.stringify({ ...input.asked.request, ...own, user_id: user, deadline });
	let kind = kinds.get(key);
	if (kind === undefined) {
		const table = candidatesOf(input, null);
		const options = optionsOf(table, states.length, tuning);
		kind = { count: table.count, options };
		kinds.set(key, kind);
	}
	return kind;
}

/**
 * A caller that cannot say how late a job is says "almost now". Its span is then unknown, at most what it waited: it is
 * taken for its urgency's own target, so that it ages, too.
 */
const ALMOST_NOW_SECONDS = 0.01;

/** From the moment of asking to the deadline. */
function spanOf(
	{ deadlineSeconds, targetSeconds }: UnderstoodRequest,
	waitingSeconds: number,
): number {
	const unknown = deadlineSeconds > 0 && deadlineSeconds <= ALMOST_NOW_SECONDS;
	const span = deadlineSeconds + waitingSeconds;
	return Math.max(1e-3, unknown ? Math.min(span, targetSeconds) : span);
}

/** A job that is held back may have passed its deadline: what is left is then zero or less, and no fault. */
function understandHeld(
	input: unknown,
	prepared: PreparedCatalog,
	nowMs: number,
): UnderstoodRequest {
	const left = (input as { deadline_seconds?: unknown } | null)?.deadline_seconds;
	if (typeof left !== 'number' || !(left <= 0) || left === -Infinity) {
		return understandRequest(input, prepared, nowMs);
	}
	const asked = understandRequest({ ...(input as object), deadline_seconds: 1 }, prepared, nowMs);
	return {
		...asked,
		request: { ...asked.request, deadline_seconds: left },
		deadlineSeconds: left,
	};
}

function optionsOf(table: CandidateTable, servers: number, tuning: DispatchTuning): JobOption[][] {
	const byServer: JobOption[][] = Array.from({ length: servers }, () => []);
	for (let row = 0; row < table.count; row++) {
		const plan = table.plans[row];
		const server = table.servers[row];
		if (plan === undefined || server === undefined) continue;
		byServer[server.index]?.push(optionOf(table, row));
	}
	return (tuning.memoryMargin ? withoutTight(byServer) : byServer).map(undominated);
}

/**
 * Held jobs have a choice, so none is started where its memory is a gamble: options that fit only if the prediction is
 * exact count only for jobs that have no other.
 */
function withoutTight(byServer: JobOption[][]): JobOption[][] {
	const roomy = byServer.map((options) => options.filter((option) => !option.tight));
	return roomy.some((options) => options.length > 0) ? roomy : byServer;
}

function optionOf(table: CandidateTable, row: number): JobOption {
	const { plan, runSeconds, runVariance, coldLoadSeconds, relativePrice, tight } =
		table.service(row);
	const load = coldLoadSeconds;
	return {
		row,
		quality: plan.quality,
		runSeconds,
		runVariance,
		loadSeconds: load,
		loadVariance: (LOAD_CV * load) ** 2,
		weightsKey: plan.model.weightsKey,
		relativePrice,
		tight,
	};
}

/** Drops what another preset of the same weights does at least as well in no more time. */
function undominated(options: JobOption[]): JobOption[] {
	return options.filter(
		(option) =>
			!options.some(
				(other) =>
					other.weightsKey === option.weightsKey &&
					other.quality >= option.quality &&
					other.runSeconds <= option.runSeconds &&
					(other.quality > option.quality ||
						other.runSeconds < option.runSeconds ||
						other.row < option.row),
			),
	);
}
