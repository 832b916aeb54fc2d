/** What happens in a replay, and what is known of it beforehand: arrivals, outages, co-tenants. */
import { invalidInput } from '../../lib/errors';
import { EventQueue } from './event-queue';
import { pendingJobs } from './jobs';
import type { SimServer } from './server';
import type { PendingJob, ReplayInput } from './types';

export type ReplayEvent =
	| { kind: 'end'; server: SimServer; token: number }
	| { kind: 'memory'; server: SimServer; bytes: number }
	| { kind: 'up'; server: SimServer }
	| { kind: 'down'; server: SimServer }
	| { kind: 'arrival'; job: PendingJob }
	| { kind: 'wake' }
	| { kind: 'tend' };

/** What happens at the same moment happens in this order. */
const ORDER: readonly ReplayEvent['kind'][] = [
	'end',
	'memory',
	'up',
	'down',
	'arrival',
	'wake',
	'tend',
];
const RANK = Object.fromEntries(ORDER.map((kind, rank) => [kind, rank])) as Record<
	ReplayEvent['kind'],
	number
>;

export class Timeline {
	readonly #events = new EventQueue<ReplayEvent>();

	constructor(input: ReplayInput, servers: readonly SimServer[]) {
		for (const job of pendingJobs(input)) this.add(job.arrivedAtSeconds, { kind: 'arrival', job });
		for (const { server: name, at_seconds: start, for_seconds: span } of input.truth.failures) {
			const server = serverNamed(servers, name);
			this.add(start, { kind: 'down', server });
			this.add(start + span, { kind: 'up', server });
		}
		for (const { server: name, at_seconds: start, for_seconds: span, bytes } of input.truth
			.co_tenant) {
			const server = serverNamed(servers, name);
			this.add(start, { kind: 'memory', server, bytes });
			this.add(start + span, { kind: 'memory', server, bytes: -bytes });
		}
	}

	get isEmpty(): boolean {
		return this.#events.size === 0;
	}

	/** Infinity when nothing is to come. */
	get nextSeconds(): number {
		return this.#events.nextTime;
	}

	add(atSeconds: number, event: ReplayEvent): void {
		this.#events.add(atSeconds, RANK[event.kind], event);
	}

	take(): ReplayEvent {
		return this.#events.take() as ReplayEvent;
	}
}

function serverNamed(servers: readonly SimServer[], name: string): SimServer {
	const server = servers.find((entry) => entry.setup.name === name);
	if (server) return server;
	throw invalidInput('TRUTH_INVALID', 'The truth', [
		{
			path: 'server',
			message: `the fleet has no server "${name}"`,
			hint: 'Use a name of the fleet file.',
		},
	]);
}
