/**
 * What else wants the GPU time of a decision: the price of a GPU second, as quality, and what displacing resident
 * weights costs. Nothing where the fleet is idle and no demand is known.
 */
import type { Demand } from '../selection/types';
import type { CandidateTable } from './candidate';
import type { PreparedCatalog } from './prepared-catalog';
import { distinctServers, type ServerState } from './server-state';

/**
 * Quality that a job must bring for taking the whole fleet during one mean gap between arrivals. A job that takes the
 * fraction x of what the fleet can do between two arrivals pays 0.15 x.
 */
const PRICE_OF_A_GAP = 0.15;

/**
 * Load up to which the price grows: arrivals x typical run / fleet. What has arrived beyond that waits already, in one
 * drop mostly, and says for itself what it needs; a price that went on growing would charge for it twice. Chosen on
 * tuning seeds.
 */
export const MOST_LOAD = 1.8;

/**
 * Time that a job is expected to be in the system from now, in typical runs: what is left of it and of what is before
 * it. Chosen on tuning seeds: 1 to 3 did about equally well.
 */
const TYPICAL_RUNS_LEFT = 1.5;

/** Share of the price on an idle fleet, and what is added when a job takes the last idle server. */
const SCARCITY_IDLE = 0.5;
const SCARCITY_BUSY = 0.7;

/** Quality that displacing resident weights costs, per load of them over a typical run; less where another has them. */
const PRICE_OF_AN_EVICTION = 0.25;
const DUPLICATE_SHARE = 0.2;

export interface Load {
	/** Quality per GPU second, >= 0. */
	price: number;
	/** Something is queued on a server that could serve the request. */
	busy: boolean;
	/** Quality that displacing what is resident costs, by the server's position in the snapshot. */
	evictionCharges: number[];
}

/**
 * @param servers that can serve what is asked for
 * @param mostLoad load up to which the price grows
 * @returns quality per GPU second, >= 0; 0 where no demand is known
 */
export function demandPrice(
	demand: Demand | null | undefined,
	servers: readonly ServerState[],
	prepared: PreparedCatalog,
	mostLoad = MOST_LOAD,
): number {
	const arrivals = demand?.arrivals_per_second ?? 0;
	const fleetSpeed = speedOf(servers);
	if (!(arrivals > 0) || !(fleetSpeed > 0)) return 0;
	const perSecond = Math.min(arrivals / fleetSpeed, mostLoad / typicalSecondsOn(prepared, servers));
	return PRICE_OF_A_GAP * perSecond;
}

/**
 * What demand must have been where nobody says it: jobs in the system = arrivals x time in the system (Little 1961).
 * @param jobs queued, running and waiting
 * @param waitedSeconds that they have waited, together, as far as that is known
 */
export function demandSeen(
	jobs: number,
	waitedSeconds: number,
	servers: readonly ServerState[],
	prepared: PreparedCatalog,
): Demand | null {
	if (jobs === 0 || servers.length === 0) return null;
	const left = TYPICAL_RUNS_LEFT * typicalSecondsOn(prepared, servers);
	return { arrivals_per_second: jobs / (waitedSeconds / jobs + left) };
}

/** Sum of the speed factors. */
function speedOf(servers: readonly ServerState[]): number {
	return servers.reduce((sum, { speedFactor }) => sum + speedFactor, 0);
}

/** The fewer servers are left idle by one job more, the likelier a long job blocks one that comes next. */
export function scarcity(busy: number, servers: number): number {
	const share = Math.min(1, (busy + 1) / Math.max(1, servers));
	return SCARCITY_IDLE + SCARCITY_BUSY * share * share;
}

/** Only the servers that have a candidate count: others change nothing. null: nothing competes for the GPU time. */
export function loadOn(
	table: CandidateTable,
	prepared: PreparedCatalog,
	demand: Demand | null | undefined,
): Load | null {
	const servers = distinctServers(table.servers);
	let queued = 0;
	let busy = 0;
	for (const server of servers) {
		queued += server.server.queue.length;
		if (server.waitMean > 0) busy++;
	}
	const told = demand ?? demandSeen(queued, 0, servers, prepared);
	const price = demandPrice(told, servers, prepared) * scarcity(busy, servers.length);
	if (queued === 0 && price === 0) return null;
	const typicalSeconds = typicalSecondsOn(prepared, servers);
	return { price, busy: queued > 0, evictionCharges: evictionCharges(servers, typicalSeconds) };
}

function evictionCharges(servers: readonly ServerState[], typicalSeconds: number): number[] {
	const held = heldTwice(servers);
	const charges: number[] = [];
	for (const { index, residentKey, residentLoadSeconds } of servers) {
		const share = residentKey !== null && held.has(residentKey) ? DUPLICATE_SHARE : 1;
		charges[index] = (PRICE_OF_AN_EVICTION * share * residentLoadSeconds) / typicalSeconds;
	}
	return charges;
}

/** Weights that more than one server will hold. */
function heldTwice(servers: readonly ServerState[]): ReadonlySet<string> {
	const once = new Set<string>();
	const twice = new Set<string>();
	for (const { residentKey } of servers) {
		if (residentKey === null) continue;
		if (once.has(residentKey)) twice.add(residentKey);
		once.add(residentKey);
	}
	return twice;
}

/** Mean run of a purpose's best preset on the mean of these servers. */
function typicalSecondsOn(prepared: PreparedCatalog, servers: readonly ServerState[]): number {
	return (typicalReferenceSeconds(prepared, servers) * servers.length) / speedOf(servers);
}

/** Mean over the purposes of the run of the best preset that fits on any of the servers, on the reference GPU. */
function typicalReferenceSeconds(
	{ bestByPurpose, unknownJobSeconds }: PreparedCatalog,
	servers: readonly ServerState[],
): number {
	let memory = 0;
	for (const { availableBytes } of servers) memory = Math.max(memory, availableBytes ?? 0);
	let sum = 0;
	let count = 0;
	for (const presets of bestByPurpose) {
		const best = presets.find(({ peakBytes }) => peakBytes <= memory);
		if (best === undefined) continue;
		sum += best.seconds;
		count++;
	}
	return count === 0 ? unknownJobSeconds : sum / count;
}
