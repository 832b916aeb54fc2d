/** The policies that choose a model by the load alone, each with one ladder of candidates per purpose. */
import type { JobCandidate } from '../candidates';
import type { FleetView, PendingJob, Placement, PolicyContext, PolicyDefinition } from '../types';
import { best, optionOf, serversFor, usableCandidates } from './options';
import { SmoothedGap } from './smoothed-gap';

/** Demand that capacity must exceed (DiffServe's over-provisioning). */
const OVER_PROVISION = 1.2;
/** Each of these many seconds of mean backlog takes one level of quality. */
const BACKLOG_STEP_SECONDS = 15;

/** Candidates that no other one beats in both quality and time, best quality first. */
function paretoLadder(candidates: readonly JobCandidate[]): JobCandidate[] {
	const sorted = [...candidates].sort(
		(a, b) => b.quality - a.quality || a.runSeconds - b.runSeconds,
	);
	let fastest = Infinity;
	return sorted.filter((candidate) => {
		if (candidate.runSeconds >= fastest) return false;
		fastest = candidate.runSeconds;
		return true;
	});
}

/** On the server that is believed to finish it first. */
function earliest(candidate: JobCandidate, job: PendingJob, view: FleetView): Placement | null {
	const options = serversFor(candidate, job, view).map((server) =>
		optionOf(server, candidate, job, view),
	);
	const option = best(options, (entry) => -entry.finishSeconds);
	return option && { candidate, serverIndex: option.server.index };
}

function meanBacklogSeconds(view: FleetView): number {
	const up = view.servers.filter((server) => server.reachable);
	return up.reduce((sum, server) => sum + server.freeInSeconds, 0) / Math.max(1, up.length);
}

/**
 * Model-Switching and Proteus: the most accurate level whose throughput still covers the demand, and one level
 * less for every step of backlog. Levels of different purposes are matched by their place in the ladder.
 */
export const backlogThreshold: PolicyDefinition = {
	name: 'backlog-threshold',
	summary:
		'Model-Switching, Proteus: the best level whose throughput covers demand, less by backlog.',
	knows: 'beliefs',
	learns: false,
	create({ fleetSpeed }: PolicyContext) {
		const gap = new SmoothedGap();
		return {
			kind: 'commit',
			decide(job, view) {
				const meanGap = gap.next(view.nowSeconds);
				const ladder = paretoLadder(usableCandidates(job, view));
				if (ladder.length === 0) return null;
				const secondsAllowed = meanGap === null ? Infinity : fleetSpeed * meanGap;
				let level = ladder.findIndex((candidate) => candidate.runSeconds <= secondsAllowed);
				if (level < 0) level = ladder.length - 1;
				level += Math.floor(meanBacklogSeconds(view) / BACKLOG_STEP_SECONDS);
				return earliest(ladder[Math.min(level, ladder.length - 1)] as JobCandidate, job, view);
			},
		};
	},
};

/**
 * DiffServe's rule for its threshold: the largest share of jobs on the heavy model for which both capacity and
 * the time limit hold. Fairer to it than its original: the light run before a heavy one is not charged, and
 * the share is met exactly by counting.
 */
export const cascade: PolicyDefinition = {
	name: 'cascade',
	summary: 'DiffServe-like: a share of jobs on the heavy model, as large as the load allows.',
	knows: 'beliefs',
	learns: false,
	create({ fleetSpeed }: PolicyContext) {
		const gap = new SmoothedGap();
		let owed = 0;
		return {
			kind: 'commit',
			decide(job, view) {
				const meanGap = gap.next(view.nowSeconds);
				const ladder = paretoLadder(usableCandidates(job, view));
				const [heavy] = ladder;
				const light = ladder[ladder.length - 1];
				if (!heavy || !light) return null;
				owed += heavyShare(heavy, light, meanGap, fleetSpeed);
				const wait = meanBacklogSeconds(view) + heavy.runSeconds;
				const inTime = view.nowSeconds + wait <= job.deadlineAtSeconds;
				if (owed < 1 || !inTime) return earliest(light, job, view);
				owed -= 1;
				return earliest(heavy, job, view);
			},
		};
	},
};

/** Share f with f x heavy + (1 - f) x light <= capacity per job, over-provisioned. */
function heavyShare(
	heavy: JobCandidate,
	light: JobCandidate,
	meanGap: number | null,
	fleetSpeed: number,
): number {
	if (meanGap === null || heavy.runSeconds <= light.runSeconds) return 1;
	const secondsPerJob = (fleetSpeed * meanGap) / OVER_PROVISION;
	const share = (secondsPerJob - light.runSeconds) / (heavy.runSeconds - light.runSeconds);
	return Math.min(1, Math.max(0, share));
}
