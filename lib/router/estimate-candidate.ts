/** Time and cost of a plan on a server. Owns the arithmetic that is done for every candidate. */
import { LOAD_CV } from '../estimate/load-time';
import { cvFromP95Ratio, median, probabilityWithin } from '../estimate/log-normal';
import type { CalibrationFactors } from './calibration-lookup';
import type { Candidate, PresetPlan, ServiceTime } from './candidate';
import type { ServerState } from './server-state';

/** Bytes per second over PCIe when weights are paged in and out during a run: 4.0 x16 in practice. */
const PAGING_BYTES_PER_SECOND = 12e9;

/** Mean run on this server in seconds, paging included. */
export function runSecondsOn(
	plan: PresetPlan,
	server: ServerState,
	factors: CalibrationFactors,
): number {
	const run = (plan.referenceRunSeconds * factors.time) / server.speedFactor;
	const missing = missingBytes(plan, server, factors);
	return missing > 0 ? run + (plan.steps * missing) / PAGING_BYTES_PER_SECOND : run;
}

/**
 * Full-speed peak on this server, in the dtype that it will hold the weights in. What was learned from runs is relative
 * to the weights as stored, and has what the servers make of them in it already.
 */
export function peakBytesOn(
	{ peakBytes, expanded }: PresetPlan,
	server: ServerState,
	factors: CalibrationFactors,
): number {
	const expands =
		expanded !== null &&
		factors.vramSamples === 0 &&
		expanded.weightsBytes <= server.expansionLimitBytes;
	return (expands ? expanded.peakBytes : peakBytes) * factors.vram;
}

/** Bytes that do not fit and would be paged; 0 where the run has full speed. */
export function missingBytes(
	plan: PresetPlan,
	server: ServerState,
	factors: CalibrationFactors,
): number {
	return Math.max(0, peakBytesOn(plan, server, factors) - (server.availableBytes ?? 0));
}

/** Mean load in seconds, given the weights that will be resident. */
export function loadSecondsOn(
	plan: PresetPlan,
	residentKey: string | null,
	factors: CalibrationFactors,
): number {
	return residentKey === plan.model.weightsKey ? 0 : plan.model.loadSeconds * factors.load;
}

/** Coefficient of variation of the run. */
export function runCvOf(plan: PresetPlan, factors: CalibrationFactors): number {
	const { runTime } = plan.prepared;
	if (factors.p95 === factors.time) return runTime.cv;
	return cvFromP95Ratio((runTime.p95Ratio * factors.p95) / factors.time);
}

/** Variance of load + run, seconds squared. */
export function serviceVariance(runSeconds: number, runCv: number, loadSeconds: number): number {
	const run = runCv * runSeconds;
	const load = LOAD_CV * loadSeconds;
	return run * run + load * load;
}

/** The whole candidate. */
export function candidateOf(
	plan: PresetPlan,
	server: ServerState,
	factors: CalibrationFactors,
	deadlineSeconds: number,
	typicalPrice: number,
	currency: string,
): Candidate {
	const runSeconds = runSecondsOn(plan, server, factors);
	const loadSeconds = loadSecondsOn(plan, server.residentKey, factors);
	const variance = serviceVariance(runSeconds, runCvOf(plan, factors), loadSeconds);
	const gpuSeconds = loadSeconds + runSeconds;
	const totalMean = server.waitMean + gpuSeconds;
	const totalVariance = server.waitVariance + variance;
	const { pricePerSecond } = server;
	return {
		plan,
		server,
		quality: plan.quality,
		loadSeconds,
		runSeconds,
		variance,
		totalMean,
		totalVariance,
		onTime: probabilityWithin(totalMean, totalVariance, deadlineSeconds),
		p50: median(totalMean, totalVariance),
		gpuSeconds,
		cost: gpuSeconds * (pricePerSecond ?? 1),
		costUnit: pricePerSecond === null ? 'gpu_seconds' : currency,
		comparableCost: gpuSeconds * (pricePerSecond ?? typicalPrice),
		peakBytes: peakBytesOn(plan, server, factors),
		offloaded: missingBytes(plan, server, factors) > 0,
	};
}

/**
 * How far a predicted peak may be off, as a share of it: figures of a catalog, and ones learned from runs here. The
 * server's reserve is part of what it may be off by: a peak of 22 GB is no gamble on a card of 24 GiB.
 */
const PEAK_UNCERTAINTY = 0.1;
const LEARNED_PEAK_UNCERTAINTY = 0.03;

/** The predicted peak fits, but would not if it were off by what such predictions are off by. */
export function isTight(
	plan: PresetPlan,
	server: ServerState,
	factors: CalibrationFactors,
): boolean {
	const uncertainty = factors.vramSamples > 0 ? LEARNED_PEAK_UNCERTAINTY : PEAK_UNCERTAINTY;
	const most = peakBytesOn(plan, server, factors) * (1 + uncertainty);
	return most > (server.availableBytes ?? 0) + server.reserveBytes;
}

/** As `isTight`, beside a job that begins on the same GPU at the same moment and takes so much. */
export function isTightBeside(peakBytes: number, server: ServerState, takenBytes: number): boolean {
	const room = (server.availableBytes ?? Infinity) + server.reserveBytes - takenBytes;
	return peakBytes * (1 + PEAK_UNCERTAINTY) > room;
}

/** True where nothing of the plan is tight in this room, whatever the server, by the catalog's figures. */
export function isRoomyFor({ peakBytes, expanded }: PresetPlan, roomBytes: number): boolean {
	return (expanded?.peakBytes ?? peakBytes) * (1 + PEAK_UNCERTAINTY) <= roomBytes;
}

/** What a plan takes of a server, whatever is queued or resident there. */
export function serviceTimeOf(
	plan: PresetPlan,
	server: ServerState,
	factors: CalibrationFactors,
	typicalPrice: number,
): ServiceTime {
	const runSeconds = runSecondsOn(plan, server, factors);
	return {
		plan,
		runSeconds,
		runVariance: (runCvOf(plan, factors) * runSeconds) ** 2,
		coldLoadSeconds: plan.model.loadSeconds * factors.load,
		relativePrice: typicalPrice > 0 ? (server.pricePerSecond ?? typicalPrice) / typicalPrice : 1,
		tight: isTight(plan, server, factors),
	};
}
