/**
 * What a GPU second is worth to the jobs that share the fleet, as quality per second. Zero where nothing is known to
 * compete for it.
 */
import type { Demand } from '../selection/types';
import type { CandidateTable } from './candidate';

/**
 * Quality that a job must bring for taking the whole fleet during one mean gap between arrivals. A job that takes the
 * fraction x of what the fleet can do between two arrivals pays 0.15 x.
 */
const PRICE_OF_A_GAP = 0.15;

/**
 * @param fleetSpeed sum of the speed factors of the servers that can serve the request
 * @returns quality per GPU second, >= 0
 */
export function loadPrice(demand: Demand | null | undefined, fleetSpeed: number): number {
	const arrivals = demand?.arrivals_per_second ?? 0;
	if (!(arrivals > 0) || !(fleetSpeed > 0)) return 0;
	return (PRICE_OF_A_GAP * arrivals) / fleetSpeed;
}

/** The price for one decision. Only the servers that have a candidate count: others change nothing. */
export function priceFor(demand: Demand | null | undefined, table: CandidateTable): number {
	if (demand == null) return 0;
	let speed = 0;
	for (const server of new Set(table.servers)) speed += server.speedFactor;
	return loadPrice(demand, speed);
}
