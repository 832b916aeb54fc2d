/**
 * The policies that always take the same model for a purpose and differ in how they find a server:
 * what a workflow with a fixed checkpoint gets today.
 */
import type { FleetView, PendingJob, Placement, PolicyDefinition, ServerView } from '../types';
import { best, bestCandidate, fastestCandidate, serversFor, usableCandidates } from './options';

const KNOWS = { knows: 'beliefs', learns: false } as const;

function shortestQueue(servers: readonly ServerView[]): ServerView | null {
	return best(servers, (server) => -server.jobs.length);
}

function onServer(
	candidate: Placement['candidate'] | null,
	server: ServerView | null,
): Placement | null {
	return candidate && server ? { candidate, serverIndex: server.index } : null;
}

/** Always the model of the highest quality, on the server with the fewest jobs. */
export const staticBest: PolicyDefinition = {
	name: 'static-best',
	summary: 'The best model of the purpose, on the server with the fewest jobs.',
	...KNOWS,
	create: () => ({
		kind: 'commit',
		decide(job, view) {
			const candidate = bestCandidate(job, view);
			return onServer(candidate, candidate && shortestQueue(serversFor(candidate, job, view)));
		},
	}),
};

/** Always the fastest model that the floor allows, on the server with the fewest jobs. */
export const staticFast: PolicyDefinition = {
	name: 'static-fast',
	summary: 'The fastest model of the purpose, on the server with the fewest jobs.',
	...KNOWS,
	create: () => ({
		kind: 'commit',
		decide(job, view) {
			const candidate = fastestCandidate(job, view);
			return onServer(candidate, candidate && shortestQueue(serversFor(candidate, job, view)));
		},
	}),
};

/** Any candidate on any server that can serve it. */
export const randomChoice: PolicyDefinition = {
	name: 'random',
	summary: 'A random model and preset on a random server.',
	...KNOWS,
	create: ({ random }) => ({
		kind: 'commit',
		decide(job, view) {
			const usable = usableCandidates(job, view);
			const candidate = usable[Math.floor(random() * usable.length)] ?? null;
			const servers = candidate ? serversFor(candidate, job, view) : [];
			return onServer(candidate, servers[Math.floor(random() * servers.length)] ?? null);
		},
	}),
};

/** The next server after `last` in the fleet's order. */
function nextAfter(last: number, servers: readonly ServerView[], count: number): ServerView | null {
	return best(servers, (server) => -((server.index - last - 1 + count) % count));
}

/** The best model, servers in turn. */
export const roundRobin: PolicyDefinition = {
	name: 'round-robin',
	summary: 'The best model of the purpose, servers in turn.',
	...KNOWS,
	create({ serverCount }) {
		let last = -1;
		return {
			kind: 'commit',
			decide(job: PendingJob, view: FleetView) {
				const candidate = bestCandidate(job, view);
				const servers = candidate ? serversFor(candidate, job, view) : [];
				const server = nextAfter(last, servers, serverCount);
				if (server) last = server.index;
				return onServer(candidate, server);
			},
		};
	},
};

/**
 * ComfyUI-Distributed: the worker with the least `queue_remaining`, in turn among the idle ones. It knows no model,
 * memory or speed, so the workflow's own (the best) model runs.
 */
export const leastLoaded: PolicyDefinition = {
	name: 'least-loaded',
	summary: 'ComfyUI-Distributed: least queue_remaining, idle workers in turn, the best model.',
	...KNOWS,
	create({ serverCount }) {
		let last = -1;
		return {
			kind: 'commit',
			decide(job: PendingJob, view: FleetView) {
				const candidate = bestCandidate(job, view);
				const servers = candidate ? serversFor(candidate, job, view) : [];
				const idle = servers.filter((server) => server.jobs.length === 0);
				const server =
					idle.length > 0 ? nextAfter(last, idle, serverCount) : shortestQueue(servers);
				if (server && idle.length > 0) last = server.index;
				return onServer(candidate, server);
			},
		};
	},
};
