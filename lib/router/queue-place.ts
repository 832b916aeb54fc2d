/**
 * Where in a server's queue a job goes: ComfyUI runs prompts by `number`, so a job can be put before others. Jobs of ours
 * may be passed where they stay on time; others never.
 *
 * Among the places that are harmless, a job goes by its deadline (Jackson's rule), but no later than it is sure to be
 * on time; where no place is sure, to the one where it is likeliest. Which places are harmless does not depend on its own
 * deadline, so a longer one never makes it less certain than that.
 */
import { probabilityWithin } from '../estimate/log-normal';
import type { QueuedJob } from '../fleet/types';
import type { CalibrationFactors } from './calibration-lookup';
import type { PresetPlan } from './candidate';
import { loadSecondsOn, runCvOf, runSecondsOn, serviceVariance } from './estimate-candidate';
import type { PreparedCatalog } from './prepared-catalog';
import {
	addJob,
	inRunningOrder,
	remainingSeconds,
	varianceOf,
	type Wait,
	weightsKey,
} from './server-queue';
import type { PassedJob, ServerState } from './server-state';
import type { UnderstoodRequest } from './understood-request';

/** Most jobs that one job may pass: a decision looks at every place. */
const MOST_PASSED = 64;

/** P(on time) from which an earlier place is not worth passing anybody. */
const SURE = 0.98;

/** A passed job is on time even if all before it takes this many standard deviations longer: with some 70 %. */
const PASSED_MARGIN = 0.5;

/** A place before at least one waiting job. */
export interface QueuePlace {
	/** The server, with the job here. */
	state: ServerState;
	/** Seconds that all passed jobs can bear. */
	mostDelay: number;
	/** From now: the least deadline of the passed jobs. */
	leastDeadline: number;
	/** Weights that the jobs before and behind share: others here would have them loaded twice. null: they differ. */
	sharedKey: string | null;
}

/** By the server's position in the snapshot, the earliest place first. */
export type QueuePlaces = ReadonlyMap<number, readonly QueuePlace[]>;

/** Places before the last waiting jobs of each queue, as far as all of them are ours. null: there are none. */
export function queuePlaces(
	states: readonly ServerState[],
	prepared: PreparedCatalog,
): QueuePlaces | null {
	let places: Map<number, readonly QueuePlace[]> | null = null;
	for (const state of states) {
		const { queue } = state.server;
		if (!queue.some(isPassable)) continue;
		const ofServer = placesOf(state, prepared);
		if (ofServer.length === 0) continue;
		places ??= new Map();
		places.set(state.index, ofServer);
	}
	return places;
}

/** Not running, and known to be ours: foreign prompts have no deadline. */
export function isPassable(job: QueuedJob): boolean {
	const { running, own, model_name: model, deadline_seconds: deadline } = job;
	return !running && own !== false && model !== null && deadline !== null;
}

interface Step {
	job: QueuedJob;
	/** Until the job begins, and until it ends. */
	before: Wait;
	after: Wait;
	/** Weights that it finds, and that it leaves. */
	foundKey: string | null;
	key: string | null;
}

function placesOf(state: ServerState, prepared: PreparedCatalog): QueuePlace[] {
	const steps = stepsOf(state, prepared);
	const passable: PassedJob[] = [];
	const places: QueuePlace[] = [];
	let mostDelay = Infinity;
	let leastDeadline = Infinity;
	for (let i = steps.length - 1; i >= 0 && passable.length < MOST_PASSED; i--) {
		const step = steps[i] as Step;
		if (!isPassable(step.job)) break;
		const passed = passedJob(step);
		const { mean, variance, deadlineSeconds: deadline } = passed;
		mostDelay = Math.min(mostDelay, deadline - mean - PASSED_MARGIN * Math.sqrt(variance));
		leastDeadline = Math.min(leastDeadline, deadline);
		// whoever cannot bear to be passed keeps every earlier place from being taken
		if (mostDelay <= 0) break;
		passable.push(passed);
		const queueNumber = numberBefore(step.job, steps[i - 1]?.job);
		if (queueNumber === null) continue;
		places.unshift({
			state: {
				...state,
				waitMean: step.before.mean,
				waitVariance: varianceOf(step.before),
				residentKey: step.foundKey,
				queueNumber,
				passes: { state, jobs: passable, count: passable.length },
			},
			mostDelay,
			leastDeadline,
			sharedKey: step.foundKey === step.key ? step.key : null,
		});
	}
	return places;
}

function passedJob({ job, after }: Step): PassedJob {
	const deadlineSeconds = job.deadline_seconds as number;
	return { mean: after.mean, variance: varianceOf(after), deadlineSeconds };
}

function stepsOf(state: ServerState, prepared: PreparedCatalog): Step[] {
	const { server, speedFactor, coldStartSeconds, coldStartVariance } = state;
	let key = state.idleResidentKey;
	let before: Wait = { mean: coldStartSeconds, variance: coldStartVariance, waitingMean: 0 };
	return inRunningOrder(server.queue).map((job) => {
		const after = { ...before };
		addJob(after, job, remainingSeconds(job, key, speedFactor, prepared));
		const step = {
			job,
			before,
			after,
			foundKey: key,
			key: weightsKey(job.model_name, prepared),
		};
		before = after;
		key = step.key;
		return step;
	});
}

/** A `number` between the two, or null where there is none: two prompts may have the same. */
function numberBefore(behind: QueuedJob, ahead: QueuedJob | undefined): number | null {
	const most = behind.queue_number;
	const least = ahead === undefined || ahead.running ? most - 2 : ahead.queue_number;
	const number = (least + most) / 2;
	return least < number && number < most ? number : null;
}

/**
 * @param server with the job behind all that is queued
 * @param places of this server
 * @param asked seconds until the job is due, and the P(on time) that it wants
 * @returns the server with the job at its place
 */
export function placed(
	plan: PresetPlan,
	server: ServerState,
	places: readonly QueuePlace[],
	factors: CalibrationFactors,
	asked: Pick<UnderstoodRequest, 'deadlineSeconds' | 'onTimeTarget'>,
): ServerState {
	const { deadlineSeconds, onTimeTarget } = asked;
	const sure = Math.max(SURE, onTimeTarget);
	const run = runSecondsOn(plan, server, factors);
	const cv = runCvOf(plan, factors);
	const chanceAt = ({ residentKey, waitMean, waitVariance }: ServerState): number => {
		const load = loadSecondsOn(plan, residentKey, factors);
		const variance = waitVariance + serviceVariance(run, cv, load);
		return probabilityWithin(waitMean + load + run, variance, deadlineSeconds);
	};
	let best = server;
	let chance = chanceAt(server);
	for (let i = places.length - 1; i >= 0; i--) {
		const { state, mostDelay, leastDeadline, sharedKey } = places[i] as QueuePlace;
		// by deadline it goes behind all these
		if (chance >= sure && leastDeadline <= deadlineSeconds) break;
		if (run > mostDelay) break;
		if (sharedKey !== null && sharedKey !== plan.model.weightsKey) continue;
		if (loadSecondsOn(plan, state.residentKey, factors) + run > mostDelay) continue;
		const here = chanceAt(state);
		if (here < Math.min(chance, sure)) continue;
		best = state;
		chance = here;
	}
	return best;
}

/** Chances to be on time that the passed jobs lose, added up, where the job takes so many seconds before them. */
export function chanceTaken({ passes }: ServerState, seconds: number): number {
	let sum = 0;
	for (let i = 0; passes !== undefined && i < passes.count; i++) {
		const { mean, variance, deadlineSeconds } = passes.jobs[i] as PassedJob;
		sum +=
			probabilityWithin(mean, variance, deadlineSeconds) -
			probabilityWithin(mean + seconds, variance, deadlineSeconds);
	}
	return sum;
}
