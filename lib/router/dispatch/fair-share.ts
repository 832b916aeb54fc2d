/**
 * Fair shares: where not all deadlines can be held, jobs of one urgency take turns by user, so that a flood of one user
 * does not starve another. Owns the turns; without several waiting users, or while every job can be on time, nothing
 * changes.
 *
 * Method: start-time fair queueing (Goyal, Vin and Cheng, 1996) over GPU seconds. A user's account starts at what the
 * caller says they were lately given (where it says nothing, at the size of their backlog); who has the least goes next
 * with the earliest of their jobs. Ageing protects the first job of a user who is not ahead of others, not a backlog.
 */
import type { ServedLately } from '../../selection/types';
import { LATE_BELOW } from '../rejection';
import { YOUNG } from './ageing';
import { byDeadline, type Plan } from './plan';
import type { WaitingJobState } from './waiting-job';

/**
 * A user may be this many typical runs ahead of another before the order is enforced against what saves swaps: turns of
 * single jobs would make servers load a model for each.
 */
const QUANTUM_RUNS = 4;

export interface FairShare {
	/** The jobs in the order they are to be planned. */
	ordered: WaitingJobState[];
	/** Whether a job may be pulled before another: saving swaps is no reason to go on with who is far ahead. */
	mayPass: (job: WaitingJobState, first: WaitingJobState) => boolean;
}

/** True where several users wait and somebody is going to be late. */
export function isContended(plan: Plan, jobs: readonly WaitingJobState[]): boolean {
	const first = userOf(jobs[0]);
	if (jobs.every((job) => userOf(job) === first)) return false;
	return (
		plan.unplanned.length > 0 ||
		plan.lanes.some((lane) => lane.jobs.some((planned) => planned.onTime < LATE_BELOW))
	);
}

/**
 * @param served what users were lately given; absent: not known
 * @param secondsOf what a job will take, about
 * @param typicalSeconds what jobs take in the mean
 */
export function fairShare(
	jobs: readonly WaitingJobState[],
	served: readonly ServedLately[] | undefined,
	secondsOf: (job: WaitingJobState) => number,
	typicalSeconds: number,
): FairShare {
	const accounts = openAccounts(jobs, served, secondsOf);
	const ahead = Math.min(...accounts.values()) + QUANTUM_RUNS * typicalSeconds;
	const isAhead = new Set(
		[...accounts].flatMap(([user, account]) => (account > ahead ? [user] : [])),
	);
	const ordered = withoutPrivilege(jobs, isAhead).sort(byDeadline);
	const turns = new Map<string, WaitingJobState[]>();
	for (const kind of new Set(ordered.map(classOf))) {
		const members = ordered.filter((job) => classOf(job) === kind);
		turns.set(kind, takeTurns(members, accounts, secondsOf));
	}
	// each class keeps its places: who goes first of them is what is shared
	return {
		ordered: ordered.map((job) => turns.get(classOf(job))?.shift() ?? job),
		mayPass: (job, first) => userOf(job) === userOf(first) || !isAhead.has(userOf(job)),
	};
}

function userOf(job: WaitingJobState | undefined): string {
	return job?.asked.request.user_id ?? '';
}

function classOf(job: WaitingJobState): string {
	return job.aged ? 'aged' : `urgency ${job.asked.request.urgency}`;
}

function openAccounts(
	jobs: readonly WaitingJobState[],
	served: readonly ServedLately[] | undefined,
	secondsOf: (job: WaitingJobState) => number,
): Map<string, number> {
	if (served == null) return backlogs(jobs, secondsOf);
	const given = new Map(served.map((entry) => [entry.user_id, entry.gpu_seconds]));
	return new Map(jobs.map((job) => [userOf(job), Math.max(0, given.get(userOf(job)) ?? 0)]));
}

function backlogs(
	jobs: readonly WaitingJobState[],
	secondsOf: (job: WaitingJobState) => number,
): Map<string, number> {
	const sums = new Map<string, number>();
	for (const job of jobs) sums.set(userOf(job), (sums.get(userOf(job)) ?? 0) + secondsOf(job));
	return sums;
}

/** Of each user the first that has aged stays so, unless they are ahead. */
function withoutPrivilege(
	jobs: readonly WaitingJobState[],
	isAhead: ReadonlySet<string>,
): WaitingJobState[] {
	const seen = new Set(isAhead);
	return [...jobs].sort(byDeadline).map((job) => {
		if (!job.aged || !seen.has(userOf(job))) {
			if (job.aged) seen.add(userOf(job));
			return job;
		}
		return { ...job, ...YOUNG };
	});
}

/** @param members by deadline */
function takeTurns(
	members: readonly WaitingJobState[],
	accounts: Map<string, number>,
	secondsOf: (job: WaitingJobState) => number,
): WaitingJobState[] {
	const queues = new Map<string, WaitingJobState[]>();
	for (const job of members) queues.set(userOf(job), [...(queues.get(userOf(job)) ?? []), job]);
	const order: WaitingJobState[] = [];
	while (order.length < members.length) {
		const user = nextUser(queues, accounts);
		const job = queues.get(user)?.shift();
		if (job === undefined) break;
		order.push(job);
		accounts.set(user, (accounts.get(user) ?? 0) + secondsOf(job));
	}
	return order;
}

/** Who has the least; of equals whose job is due first. */
function nextUser(
	queues: ReadonlyMap<string, WaitingJobState[]>,
	accounts: ReadonlyMap<string, number>,
): string {
	let best: { user: string; account: number; job: WaitingJobState } | null = null;
	for (const [user, [job]] of queues) {
		if (job === undefined) continue;
		const account = accounts.get(user) ?? 0;
		const isBefore =
			best === null ||
			account < best.account ||
			(account === best.account && byDeadline(job, best.job) < 0);
		if (isBefore) best = { user, account, job };
	}
	return best?.user ?? '';
}
