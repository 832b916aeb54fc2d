/** Adds a finished replay up. */
import { SECONDS_PER_HOUR } from '../../lib/units';
import type { Ledger } from './ledger';
import type { SimServer } from './server';
import type { ReplayInput, ReplayResult } from './types';

export function resultOf(
	{ policy, trace }: ReplayInput,
	servers: readonly SimServer[],
	ledger: Ledger,
	decisions: number,
): ReplayResult {
	const outcomes = ledger.outcomes();
	const start = trace[0]?.arrivalSeconds ?? 0;
	const end = outcomes.reduce(
		(latest, { endedAtSeconds }) => Math.max(latest, endedAtSeconds),
		start,
	);
	const priced = servers.some((server) => server.setup.hourlyCost !== null);
	return {
		policy: policy.name,
		outcomes,
		ooms: ledger.ooms,
		swaps: servers.reduce((sum, server) => sum + server.swaps, 0),
		busySeconds: servers.map((server) => server.busySeconds),
		costTotal: servers.reduce((sum, { busySeconds, setup }) => {
			const perSecond = priced ? (setup.hourlyCost ?? 0) / SECONDS_PER_HOUR : 1;
			return sum + busySeconds * perSecond;
		}, 0),
		spanSeconds: end - start,
		decisions,
	};
}
