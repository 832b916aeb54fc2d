/**
 * A plan for all waiting jobs at one price of GPU seconds: jobs by deadline, each to the server and option that bring
 * it the most for what they take. Owns list planning and the order on a server; starts nothing.
 */
import { probabilityWithin } from '../../estimate/log-normal';
import type { ServerState } from '../server-state';
import type { DispatchTuning } from './tuning';
import type { JobOption, WaitingJobState } from './waiting-job';

/** Below this chance a job counts as late whatever is done. */
const HOPELESS = 0.05;

/** A server with no more than this left gets its next job, so that the GPU does not idle in between. */
export const NEARLY_IDLE_SECONDS = 0.25;

export interface PlannedJob {
	job: WaitingJobState;
	option: JobOption;
	serverIndex: number;
	onTime: number;
	startSeconds: number;
}

export interface Lane {
	jobs: PlannedJob[];
	/** Its first job begins now: the server is idle, or nearly so. */
	startsNow: boolean;
	/** When this server is free after what is planned, and the variance of that. */
	mean: number;
	variance: number;
	residentKey: string | null;
	startMean: number;
	startVariance: number;
	startKey: string | null;
	/** What a second of waiting costs, as a share of one of GPU time. */
	delayShare: number;
	/** Worth of being on time, beside the quality. */
	onTimeWorth: number;
	/** GPU seconds that displacing what is resident now costs later. */
	evictionSeconds: number;
}

export interface Plan {
	lanes: Lane[];
	/** Worth on time, less GPU seconds at the price of what comes later. */
	value: number;
	unplanned: WaitingJobState[];
}

export function lanesOf(
	states: ServerState[],
	usable: ServerState[],
	tuning: DispatchTuning,
): Lane[] {
	return states.map((state) => ({
		jobs: [],
		startsNow: state.waitMean <= NEARLY_IDLE_SECONDS && !state.queueFull,
		mean: state.waitMean,
		variance: state.waitVariance,
		residentKey: state.residentKey,
		startMean: state.waitMean,
		startVariance: state.waitVariance,
		startKey: state.residentKey,
		onTimeWorth: tuning.onTimeWorth,
		delayShare: tuning.delayShare,
		evictionSeconds: evictionSeconds(state, usable, tuning),
	}));
}

function evictionSeconds(
	state: ServerState,
	usable: ServerState[],
	{ evictionFactor, duplicateShare }: DispatchTuning,
): number {
	if (state.residentKey === null) return 0;
	const held = usable.some((other) => other !== state && other.residentKey === state.residentKey);
	return evictionFactor * (held ? duplicateShare : 1) * state.residentLoadSeconds;
}

/** What the job brings when it is on time with this option. `cheapest` jobs gain nothing by quality. */
function worth(job: WaitingJobState, option: JobOption, onTimeWorth: number): number {
	return (job.asked.policy === 'cheapest' ? 0.5 : option.quality) + onTimeWorth;
}

interface Placement {
	lane: number;
	option: JobOption;
	gain: number;
	onTime: number;
	finish: number;
}

/**
 * The best server and option for a job appended to the lanes, or null where it has none. A starving job goes where
 * it begins now, if there is such a place: while it waited for another server, later jobs would pass it there.
 */
function place(job: WaitingJobState, lanes: Lane[], price: number): Placement | null {
	return (
		(job.starving ? placeOn(job, lanes, price, beginsNext) : null) ?? placeOn(job, lanes, price)
	);
}

function beginsNext({ startsNow, jobs }: Lane): boolean {
	return startsNow && jobs.length === 0;
}

function placeOn(
	job: WaitingJobState,
	lanes: Lane[],
	price: number,
	mayUse?: (lane: Lane) => boolean,
): Placement | null {
	let best: Placement | null = null;
	// late for long: nothing is left to win but an early end
	const hurried = job.aged;
	for (let s = 0; s < lanes.length; s++) {
		const lane = lanes[s] as Lane;
		if (mayUse?.(lane) === false) continue;
		for (const option of job.options[s] as JobOption[]) {
			const warm = lane.residentKey === option.weightsKey;
			const load = warm ? 0 : option.loadSeconds;
			const finish = lane.mean + load + option.runSeconds;
			const displaced = warm || lane.jobs.length > 0 ? 0 : lane.evictionSeconds;
			const delay = lane.delayShare * price * (lane.mean + load);
			const taken = delay + price * (load + option.runSeconds + displaced) * option.relativePrice;
			const brings = worth(job, option, lane.onTimeWorth);
			// not even if it were certain to be on time
			if (!hurried && best !== null && brings - taken < best.gain - 1e-12) continue;
			const variance = lane.variance + option.runVariance + (warm ? 0 : option.loadVariance);
			const onTime = probabilityWithin(finish, variance, job.deadlineSeconds);
			const gain = hurried ? -finish : brings * onTime - taken;
			if (
				best === null ||
				gain > best.gain + 1e-12 ||
				(gain > best.gain - 1e-12 && finish < best.finish)
			) {
				best = { lane: s, option, gain, onTime, finish };
			}
		}
	}
	return best;
}

function append(lane: Lane, job: WaitingJobState, placement: Placement): void {
	const { option } = placement;
	const warm = lane.residentKey === option.weightsKey;
	const load = warm ? 0 : option.loadSeconds;
	lane.jobs.push({
		job,
		option,
		serverIndex: placement.lane,
		onTime: placement.onTime,
		startSeconds: lane.mean,
	});
	lane.mean += load + option.runSeconds;
	lane.variance += option.runVariance + (warm ? 0 : option.loadVariance);
	lane.residentKey = option.weightsKey;
}

/** Starving jobs first, as they came; then aged ones, then by deadline, then as listed. */
export function byDeadline(a: WaitingJobState, b: WaitingJobState): number {
	return (
		Number(b.starving) - Number(a.starving) ||
		(a.starving ? b.waitingSeconds - a.waitingSeconds : 0) ||
		Number(b.aged) - Number(a.aged) ||
		a.deadlineSeconds - b.deadlineSeconds ||
		b.waitingSeconds - a.waitingSeconds ||
		a.index - b.index
	);
}

/**
 * @param jobs in the order of `byDeadline`
 * @param usable servers that can take any of them
 * @param price quality per GPU second at which options are chosen
 * @param floorPrice quality per GPU second that jobs still to come are expected to pay: plans are compared at it
 */
export function planAt(
	jobs: WaitingJobState[],
	states: ServerState[],
	usable: ServerState[],
	price: number,
	floorPrice: number,
	tuning: DispatchTuning,
): Plan {
	const lanes = lanesOf(states, usable, tuning);
	const late: WaitingJobState[] = [];
	const unplanned: WaitingJobState[] = [];
	for (const job of jobs) {
		const placement = place(job, lanes, price);
		if (placement === null) unplanned.push(job);
		else if (placement.onTime < HOPELESS && !job.aged) late.push(job);
		else append(lanes[placement.lane] as Lane, job, placement);
	}
	// what is late anyway takes the least and goes last
	for (const job of late) {
		const placement = place(job, lanes, Math.max(price, 1));
		if (placement !== null) append(lanes[placement.lane] as Lane, job, placement);
	}
	let value = 0;
	for (const lane of lanes) value += laneValue(lane, lane.jobs, floorPrice);
	return { lanes, value, unplanned };
}

/** Value of running these jobs in this order on the lane, from its start. */
export function laneValue(lane: Lane, jobs: readonly PlannedJob[], price: number): number {
	let mean = lane.startMean;
	let variance = lane.startVariance;
	let key = lane.startKey;
	let value = 0;
	for (const { job, option } of jobs) {
		const warm = key === option.weightsKey;
		const load = warm ? 0 : option.loadSeconds;
		mean += load + option.runSeconds;
		variance += option.runVariance + (warm ? 0 : option.loadVariance);
		key = option.weightsKey;
		const onTime = probabilityWithin(mean, variance, job.deadlineSeconds);
		value +=
			worth(job, option, lane.onTimeWorth) * onTime -
			price * (load + option.runSeconds) * option.relativePrice;
	}
	return value;
}

/** Start and P(on time) of every job of the lane, in its order. */
export function retime(lane: Lane): void {
	let mean = lane.startMean;
	let variance = lane.startVariance;
	let key = lane.startKey;
	for (const planned of lane.jobs) {
		const { job, option } = planned;
		const warm = key === option.weightsKey;
		planned.startSeconds = mean;
		mean += (warm ? 0 : option.loadSeconds) + option.runSeconds;
		variance += option.runVariance + (warm ? 0 : option.loadVariance);
		key = option.weightsKey;
		planned.onTime = probabilityWithin(mean, variance, job.deadlineSeconds);
	}
}

/** Load and run of the lane's first job. */
export function firstJobSeconds({ jobs: [first, second], mean }: Lane): number {
	return first === undefined ? 0 : (second?.startSeconds ?? mean) - first.startSeconds;
}
