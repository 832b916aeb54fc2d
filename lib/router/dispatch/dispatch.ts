/**
 * Deciding late: all jobs held back are planned together, and only what a server can begin now is started.
 *
 * Plans are made at several prices of GPU seconds (a higher one makes jobs take lighter options, so that more of them
 * make their deadlines) and the plan worth most is kept. Method: list planning by earliest deadline (Jackson's rule)
 * with Lagrangian prices for the machine time, re-made at every event.
 */
import { parseFleet } from '../../fleet/parse';
import type {
	Demand,
	DispatchResult,
	Selection,
	SelectOptions,
	WaitingJob,
	WaitingRequest,
} from '../../selection/types';
import { formatSeconds } from '../../units';
import { checkOptions } from '../check-options';
import { candidatesOf } from '../decision';
import { demandPrice, demandSeen, loadOn, scarcity } from '../load-price';
import { choose } from '../policy';
import type { PreparedCatalog } from '../prepared-catalog';
import { rejectionOf, selectionOfRow } from '../select';
import { type ServerState, serverStates } from '../server-state';
import { type FairShare, fairShare, isContended } from './fair-share';
import { improveOrder } from './order';
import { byDeadline, firstJobSeconds, type Plan, planAt, type PlannedJob, retime } from './plan';
import { crowdedOut } from './shared-gpu';
import { DEFAULT_TUNING, type DispatchTuning } from './tuning';
import { type JobOption, type WaitingJobState, waitingJob } from './waiting-job';

/** The price of an average moment. */
const FLAT_SCARCITY = 0.85;

/** What a saved swap is worth where no demand is known, in quality per typical run of a job. */
const LEAST_PRICE_STEP = 0.05;

export function dispatchWaiting(
	prepared: PreparedCatalog,
	waiting: WaitingRequest[],
	snapshot: unknown,
	options: SelectOptions,
	tuning: DispatchTuning = DEFAULT_TUNING,
): DispatchResult {
	checkOptions(options);
	const fleet = parseFleet(snapshot);
	const states = serverStates(fleet, prepared);
	// a full queue is no reason against a server that a job may wait for
	const open = states.map((state) => ({ ...state, queueFull: false }));
	const context = { prepared, fleet, states: open, options, tuning, kinds: new Map() };
	const jobs = waiting.map((entry, index) => waitingJob(entry, index, context));
	const result: DispatchResult = { start: [], waiting: [] };
	const servable = jobs.filter((job) => {
		if (job.kind.count > 0) return true;
		answerUnservable(job, result);
		return false;
	});
	if (servable.length === 0) return result;
	const lone = loneStart(servable, states, prepared, options.demand, tuning);
	if (lone !== null) {
		result.start.push(lone);
		return result;
	}
	const plan = fairPlan(servable, states, prepared, options, tuning);
	collect(plan, states, result);
	return result;
}

/** One job and an idle fleet: what `select` would say, without a gamble on memory. */
function loneStart(
	[job, ...others]: readonly WaitingJobState[],
	states: ServerState[],
	prepared: PreparedCatalog,
	demand: Demand | undefined,
	tuning: DispatchTuning,
): Selection | null {
	if (job === undefined || others.length > 0 || !tuning.loneAsSelect) return null;
	const table = candidatesOf(job.input, null);
	if (table.servers.some(({ server }) => server.queue.length > 0)) return null;
	const { policy, onTimeTarget } = job.asked;
	const load = loadOn(table, prepared, demand);
	const noGamble = tuning.memoryMargin;
	const choice = choose(table, table.asIs, policy, onTimeTarget, load, { noGamble });
	const server = table.servers[choice?.row ?? -1];
	if (choice === null || server === undefined || states[server.index]?.queueFull) return null;
	if (server.coldStartSeconds > 0) return null;
	return selectionOfRow(job.input, table, choice.row);
}

/** Nothing can take it now: refused where the caller wants to know, else it goes on waiting. */
function answerUnservable(job: WaitingJobState, result: DispatchResult): void {
	const rejection = rejectionOf(job.input, candidatesOf(job.input, null));
	const passing = TRANSIENT.has(rejection.rejection.code);
	if (!passing) {
		result.start.push(rejection);
		return;
	}
	result.waiting.push({
		job_id: job.jobId,
		expected_start_seconds: null,
		on_time_probability: 0,
		reason: rejection.rejection.message,
	});
}

/** Refusals that may be gone a moment later. */
const TRANSIENT = new Set(['UNREACHABLE', 'QUEUE_FULL', 'VRAM', 'VRAM_OFFLOAD', 'QUOTA']);

/** By deadline where that serves everybody; else users take turns. */
function fairPlan(
	jobs: WaitingJobState[],
	states: ServerState[],
	prepared: PreparedCatalog,
	{ demand, served }: SelectOptions,
	tuning: DispatchTuning,
): Plan {
	const plan = bestPlan([...jobs].sort(byDeadline), states, prepared, demand, tuning);
	if (!isContended(plan, jobs)) return plan;
	const { ordered, mayPass } = fairShare(jobs, served, runSecondsOf(), typicalSeconds(jobs));
	return bestPlan(ordered, states, prepared, demand, tuning, mayPass);
}

/**
 * The plan worth most over the prices tried.
 * @param ordered the jobs as they are to be planned
 */
function bestPlan(
	ordered: WaitingJobState[],
	states: ServerState[],
	prepared: PreparedCatalog,
	demand: Demand | undefined,
	tuning: DispatchTuning,
	mayPass?: FairShare['mayPass'],
): Plan {
	const usable = usableBy(ordered, states);
	const told = demand ?? demandOf(ordered, usable, prepared);
	const floorPrice =
		tuning.demandPrice *
		scarcityOf(usable, tuning) *
		demandPrice(told, usable, prepared, tuning.mostLoad);
	const levers = demand == null ? tuning : { ...tuning, delayShare: 0 };
	const typical = typicalSeconds(ordered);
	let best: Plan | null = null;
	for (const step of tuning.priceSteps) {
		const plan = planAt(ordered, states, usable, floorPrice + step / typical, floorPrice, levers);
		if (best === null || plan.value > best.value + 1e-9) best = plan;
	}
	const plan = best as Plan;
	// a swap saved is worth something even where no demand is known
	const orderPrice = floorPrice + LEAST_PRICE_STEP / typical;
	for (const lane of plan.lanes) {
		improveOrder(lane, orderPrice, tuning, mayPass);
		retime(lane);
	}
	return plan;
}

/** Where nobody says it. Nothing is known of it while nothing runs: what waits then may as well have come at once. */
function demandOf(
	waiting: readonly WaitingJobState[],
	servers: readonly ServerState[],
	prepared: PreparedCatalog,
): Demand | null {
	const queued = servers.reduce((sum, { server }) => sum + server.queue.length, 0);
	if (queued === 0) return null;
	const waitedSeconds = waiting.reduce((sum, job) => sum + job.waitingSeconds, 0);
	return demandSeen(queued + waiting.length, waitedSeconds, servers, prepared);
}

/** The price follows how many servers one job more would leave idle. */
function scarcityOf(usable: ServerState[], { scarcity: follows }: DispatchTuning): number {
	const busy = usable.reduce((count, state) => count + (state.waitMean > 0 ? 1 : 0), 0);
	return follows ? scarcity(busy, usable.length) : FLAT_SCARCITY;
}

/** Servers that can take any of the jobs: others change nothing. */
function usableBy(jobs: WaitingJobState[], states: ServerState[]): ServerState[] {
	return states.filter((state) => jobs.some((job) => (job.options[state.index] ?? []).length > 0));
}

/** Mean run of each job's best option: the scale that prices are tried on. */
function typicalSeconds(jobs: WaitingJobState[]): number {
	const secondsOf = runSecondsOf();
	const sum = jobs.reduce((total, job) => total + secondsOf(job), 0);
	return Math.max(1e-3, sum / jobs.length);
}

/** Run of a job's best option. Jobs that ask for the same share the answer. */
function runSecondsOf(): (job: WaitingJobState) => number {
	const known = new Map<JobOption[][], number>();
	return ({ options }) => {
		const seconds = known.get(options) ?? bestRunSeconds(options);
		known.set(options, seconds);
		return seconds;
	};
}

function bestRunSeconds(options: JobOption[][]): number {
	let quality = -1;
	let seconds = 0;
	for (const option of options.flat()) {
		if (option.quality <= quality) continue;
		quality = option.quality;
		seconds = option.runSeconds;
	}
	return seconds;
}

function collect(plan: Plan, states: ServerState[], result: DispatchResult): void {
	const crowded = crowdedOut(plan, states);
	for (const [s, lane] of plan.lanes.entries()) {
		const state = states[s] as ServerState;
		const sibling = plan.lanes[crowded.get(s) ?? -1];
		const delay = sibling === undefined ? 0 : firstJobSeconds(sibling);
		for (const [position, planned] of lane.jobs.entries()) {
			if (position > 0 || !lane.startsNow)
				result.waiting.push(held(planned, state, position, delay));
			else if (sibling === undefined) result.start.push(started(planned));
			else result.waiting.push(heldForMemory(planned, state, delay));
		}
	}
	for (const job of plan.unplanned) answerUnservable(job, result);
}

function started(planned: PlannedJob): Selection {
	const { input } = planned.job;
	return selectionOfRow(input, candidatesOf(input, null), planned.option.row);
}

/** It may begin sooner with another option, or elsewhere: what began beside it is known when it is decided again. */
function heldForMemory(planned: PlannedJob, state: ServerState, delay: number): WaitingJob {
	const start = planned.startSeconds + delay;
	return {
		job_id: planned.job.jobId,
		server: state.name,
		expected_start_seconds: start,
		on_time_probability: planned.onTime,
		reason: `Held back: expected on ${state.name} in ${formatSeconds(start)}, when the GPU that it shares has memory for both.`,
	};
}

function held(
	planned: PlannedJob,
	state: ServerState,
	position: number,
	delay: number,
): WaitingJob {
	const start = planned.startSeconds + delay;
	const first = state.coldStartSeconds > 0 ? 'it has started' : 'what is running';
	const ahead =
		position === 0 ? first : `${position} other waiting job${position === 1 ? '' : 's'}`;
	return {
		job_id: planned.job.jobId,
		server: state.name,
		expected_start_seconds: start,
		on_time_probability: planned.onTime,
		reason: `Held back: expected on ${state.name} in ${formatSeconds(start)}, after ${ahead}.`,
	};
}
