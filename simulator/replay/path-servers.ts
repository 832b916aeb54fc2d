/** The servers as the path bound sees them: kinds that are alike, and when they are certain to be down. */
import type { FleetServer } from '../../lib/fleet/types';
import type { BoundInput } from './bound';
import type { CandidateTable } from './candidates';
import { setupServers, type ServerSetup } from './server';

/** Down from the first moment to (not including) the second. */
export interface Outage {
	fromSeconds: number;
	toSeconds: number;
}

/** Servers that are the same to every schedule. */
export interface ServerClass {
	setup: ServerSetup;
	count: number;
	outages: Outage[];
	/** Weights resident at the start. */
	initialKey: string | null;
	/** Weights that jobs queued before the start may leave behind: never loaded, whatever was before. */
	freeKeys: ReadonlySet<string>;
}

export function classesOf(input: BoundInput, table: CandidateTable): ServerClass[] {
	const classes = new Map<string, ServerClass>();
	for (const { setup, server } of setupServers(input.catalog, input.fleet.servers)) {
		const outages = outagesOf(input, server);
		const initialKey = table.weightsKeyOf(server.loaded_model);
		const freeKeys = server.queue.flatMap((job) => table.weightsKeyOf(job.model_name) ?? []);
		const { speedFactor, vramTotalBytes, foreignBytes, installedList } = setup;
		const memory = vramTotalBytes - foreignBytes;
		const key = JSON.stringify([speedFactor, memory, installedList, outages, initialKey, freeKeys]);
		const known = classes.get(key);
		if (known) known.count++;
		else classes.set(key, { setup, count: 1, outages, initialKey, freeKeys: new Set(freeKeys) });
	}
	return [...classes.values()];
}

/** As the replay has it: a server that is down stays so until the first end of any of its outages. */
function outagesOf({ truth }: BoundInput, server: FleetServer): Outage[] {
	const own = truth.failures.filter((failure) => failure.server === server.name);
	const ends = own.map(({ at_seconds: at, for_seconds: span }) => at + span).sort((a, b) => a - b);
	const starts = own.map((failure) => failure.at_seconds).sort((a, b) => a - b);
	const upAfter = (time: number): number => ends.find((end) => end > time) ?? Infinity;
	const outages: Outage[] = [];
	let up = 0;
	if (!server.reachable) {
		up = ends[0] ?? Infinity;
		outages.push({ fromSeconds: 0, toSeconds: up });
	}
	for (const start of starts) {
		if (start < up) continue;
		up = upAfter(start);
		outages.push({ fromSeconds: start, toSeconds: up });
	}
	return outages;
}
