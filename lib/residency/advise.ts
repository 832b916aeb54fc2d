/**
 * Which model to load next on an idle server, before anybody asks for it. A job that meets a cold model takes what is
 * warm elsewhere, mostly something lesser; so a model that nothing is fast enough to load for never comes back by
 * itself. Owns that decision for one load at a time.
 */
import { parseFleet } from '../fleet/parse';
import { checkOptions } from '../router/check-options';
import { candidatesOf } from '../router/decision';
import { DEFAULT_TUNING } from '../router/dispatch/tuning';
import {
	type WaitingContext,
	waitingJob,
	type WaitingJobState,
} from '../router/dispatch/waiting-job';
import { demandPrice } from '../router/load-price';
import type { PreparedCatalog } from '../router/prepared-catalog';
import { type ServerState, serverStates } from '../router/server-state';
import type { DemandKind, SelectOptions } from '../selection/types';
import { formatSeconds } from '../units';
import { Readiness, readyKind } from './readiness';

/** Jobs that a load has to pay for itself with: later ones may find it pushed out again. Chosen on tuning seeds. */
const JOBS_SERVED = 3;
/** Less, as quality of the next job, is not worth a load. */
const LEAST_GAIN = 0.005;

export interface PrewarmAdvice {
	server: string;
	model_name: string;
	/** Of the load, seconds. */
	load_seconds: number;
	/** What the next job is expected to get more, quality x on time. */
	gain: number;
	/** One sentence with the numbers. */
	reason: string;
}

interface Load {
	state: ServerState;
	key: string;
	seconds: number;
	gain: number;
	net: number;
}

/**
 * @param mayLoad whether this server may be given this model; idle servers only are looked at anyway
 * @returns null where nothing is worth its load, or no kinds of demand are known
 * @throws RouterError FLEET_INVALID, OPTIONS_INVALID; REQUEST_INVALID for a kind that is none
 */
export function prewarmAdvice(
	prepared: PreparedCatalog,
	snapshot: unknown,
	options: SelectOptions,
	mayLoad: (server: string, modelName: string) => boolean = () => true,
): PrewarmAdvice | null {
	checkOptions(options);
	const { demand } = options;
	const kinds = demand?.kinds ?? [];
	const total = kinds.reduce((sum, { share }) => sum + share, 0);
	if (!(total > 0)) return null;
	const fleet = parseFleet(snapshot);
	const states = serverStates(fleet, prepared);
	const jobs = jobsOf(kinds, {
		prepared,
		fleet,
		states,
		options,
		tuning: DEFAULT_TUNING,
		kinds: new Map(),
	});
	const usable = states.filter((state) => isUp(state) && jobs.some((job) => offersOn(job, state)));
	const price = demandPrice(demand, usable, prepared);
	const ready = new Readiness(
		jobs.map((job, n) => readyKind(job, (kinds[n] as DemandKind).share / total, price)),
		states.map((state) => (usable.includes(state) ? state.residentKey : undefined)),
	);
	const arrivals = demand?.arrivals_per_second ?? 0;
	const best = emptyFirst(usable.filter((state) => isFree(state, states)))
		.flatMap((state) => loadsOn(state, jobs, ready, arrivals, price))
		.sort((a, b) => b.net - a.net)
		.find(({ state, key }) => mayLoad(state.name, modelNameOf(jobs, key)));
	return best === undefined ? null : adviceOf(best, jobs, ready);
}

/** Where it makes no difference to the jobs expected, nothing is pushed out. */
function emptyFirst(states: readonly ServerState[]): ServerState[] {
	return [...states].sort(
		(a, b) => Number(a.residentKey !== null) - Number(b.residentKey !== null),
	);
}

function jobsOf(kinds: readonly DemandKind[], context: WaitingContext): WaitingJobState[] {
	return kinds.map(({ request }, n) => waitingJob({ request, waiting_seconds: 0 }, n, context));
}

function isUp({ reachable, coldStartSeconds }: ServerState): boolean {
	return reachable && coldStartSeconds === 0;
}

/** Nothing runs or waits there, and no other server on its GPU holds memory that its next run will want more of. */
function isFree({ index, gpuGroup, server }: ServerState, states: readonly ServerState[]): boolean {
	if (server.queue.length > 0) return false;
	return !states.some(
		(other) =>
			gpuGroup !== null &&
			other.index !== index &&
			other.gpuGroup === gpuGroup &&
			(other.idleResidentKey !== null || other.server.queue.length > 0),
	);
}

function offersOn({ options }: WaitingJobState, { index }: ServerState): boolean {
	return (options[index] ?? []).length > 0;
}

/** The loads on an idle server that are worth what they cost: GPU time, and a server that jobs cannot have meanwhile. */
function loadsOn(
	state: ServerState,
	jobs: readonly WaitingJobState[],
	ready: Readiness,
	arrivals: number,
	price: number,
): Load[] {
	const { value } = ready;
	// rounded, so that what is worth the same is not told apart by the last bits
	const rounded = (net: number): number => Number(net.toFixed(9));
	const blocked = value - ready.without(state.index);
	return [...loadSecondsByKey(jobs, state)].flatMap(([key, seconds]): Load[] => {
		if (key === state.residentKey) return [];
		const gain = ready.ifLoaded(state.index, key) - value;
		const net = rounded(JOBS_SERVED * gain - arrivals * seconds * blocked - price * seconds);
		if (gain < LEAST_GAIN || net <= 0) return [];
		return [{ state, key, seconds, gain, net }];
	});
}

/** Weights that some kind of job could use there. */
function loadSecondsByKey(
	jobs: readonly WaitingJobState[],
	{ index }: ServerState,
): Map<string, number> {
	const byKey = new Map<string, number>();
	for (const { options } of jobs) {
		for (const { weightsKey, loadSeconds } of options[index] ?? [])
			byKey.set(weightsKey, loadSeconds);
	}
	return byKey;
}

function adviceOf(
	{ state, key, seconds, gain }: Load,
	jobs: readonly WaitingJobState[],
	ready: Readiness,
): PrewarmAdvice {
	const gains = ready.kinds.map(
		({ share }, n) => share * (ready.ofKind(n, state.index, key) - ready.ofKindNow(n)),
	);
	const most = gains.indexOf(Math.max(...gains));
	const job = jobs[most] as WaitingJobState;
	const from = ready.ofKindNow(most);
	const to = ready.ofKind(most, state.index, key);
	const modelName = modelNameOf(jobs, key);
	return {
		server: state.name,
		model_name: modelName,
		load_seconds: seconds,
		gain,
		reason: `${job.asked.request.purpose} within ${formatSeconds(job.deadlineSeconds)} is expected to get ${to.toFixed(2)} instead of ${from.toFixed(2)} (quality x probability of being on time) with ${modelName} on ${state.name}; over all jobs expected ${gain.toFixed(3)} more. Loading takes ${formatSeconds(seconds)}.`,
	};
}

/** The model that a job would use with these weights, the best first. */
function modelNameOf(jobs: readonly WaitingJobState[], key: string): string {
	for (const { options, input } of jobs) {
		const [best] = options
			.flat()
			.filter(({ weightsKey }) => weightsKey === key)
			.sort((a, b) => b.quality - a.quality || a.row - b.row);
		if (best !== undefined) return candidatesOf(input, null).plans[best.row]?.model.name ?? '';
	}
	return '';
}
