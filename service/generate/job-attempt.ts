/** One try of a job: from its way to how it ended. Owns that a claim is released and that a cancelled prompt is gone. */
import type { FleetServer, FleetSnapshot } from '../../lib/fleet/types';
import type { UsageStatus } from '../../lib/usage/types';
import { runAttempt } from './attempt';
import { type AttemptEnd, refusedEnd } from './attempt-end';
import type { AttemptLog } from './attempt-log';
import type { Claim } from './claims';
import { explicitNumber } from './explicit-number';
import { asRouterError, cancelled, setbackOfError } from './failures';
import type { GoingLower, Reaction, Way } from './going-lower';
import type { JobContext } from './job-context';
import type { JobGraph, JobGraphs } from './job-graph';
import type { JobInput } from './job-input';
import { makeSureItIsGone } from './make-sure';
import type { PromptNews } from './server-watch';
import { takeBack } from './submit-safely';
import type { ProgressEvent } from './types';
import { usageStatusOf } from './usage-row';

export type WithoutJob<T> = T extends unknown ? Omit<T, 'index' | 'job_id'> : never;

/** What is tried: a way, the fleet it was decided on, and the claim on its server. */
export interface Next {
	way: Way;
	fleet: FleetSnapshot;
	claim: Claim;
}

export interface Tried {
	next: Next;
	promptId: string;
	end: AttemptEnd;
	/** What was decided while it ran, where that ended it. */
	reaction: Reaction | null;
	submittedMs: number;
	unbound: string[];
}

export interface TryParts {
	context: JobContext;
	job: JobInput;
	index: number;
	follow: boolean;
	graphs: JobGraphs;
	lower: GoingLower;
	log: AttemptLog;
	progress: (event: WithoutJob<ProgressEvent>) => void;
}

/** @throws the signal's reason when cancelled; then the prompt is off the server and the attempt is logged */
export async function tryOnce(next: Next, parts: TryParts): Promise<Tried> {
	const { room, signal, deps, options } = parts.context;
	const { way, claim } = next;
	const promptId = deps.random.uuid();
	claim.promptId = promptId;
	const submittedMs = deps.clock.nowMs();
	const server = room.view.port(claim.server);
	let reaction: Reaction | null = null;
	let unbound: string[] = [];
	try {
		const installed = serverOf(next)?.installed_files ?? null;
		const made = await parts.graphs.graphFor(server, installed, way, signal);
		unbound = made.unbound;
		const end = await runAttempt({
			server,
			watch: parts.context.watch(claim.server),
			clock: deps.clock,
			claim,
			promptId,
			graph: made.graph,
			number: explicitNumber(next.way.selection.queue_number, serverOf(next)?.queue ?? []),
			deadlineAt: way.selection.deadline_at,
			follow: parts.follow,
			stopAtMs: parts.job.rejectLate ? parts.job.deadlineMs : null,
			signal,
			onSubmitted: () => submitted(next, promptId, parts),
			onNews: (news) => show(news, claim.server, promptId, parts),
			shouldStop: () => {
				if (reaction !== null || options.autoQuality === false) return false;
				reaction = parts.lower.whileRunning(way, claim);
				return reaction !== null;
			},
		});
		const judged = isOurBusiness(way, made) ? end : asFaulty(end);
		const stoppedBy = end.stopped ? reaction : null;
		return { next, promptId, end: judged, reaction: stoppedBy, submittedMs, unbound };
	} catch (error) {
		if (signal?.aborted) {
			await logCancelled(next, promptId, submittedMs, parts);
			throw error;
		}
		if (claim.submittedMs !== null) await takeBack(server, [promptId]);
		const failure = asRouterError(error);
		const end = refusedEnd(setbackOfError(failure), failure);
		return { next, promptId, end, reaction: null, submittedMs, unbound };
	} finally {
		room.release(claim, !parts.follow && claim.submittedMs !== null);
	}
}

/** What the caller wrote is the caller's to change; what we built is tried elsewhere. */
function isOurBusiness({ selection }: Way, { isBuilt }: JobGraph): boolean {
	const { sampler_name: sampler, scheduler } = selection.request;
	return isBuilt && sampler == null && scheduler == null;
}

function asFaulty(end: AttemptEnd): AttemptEnd {
	return end.setback === 'unsupported' ? { ...end, setback: 'faulty' } : end;
}

/** A caller that cannot keep the prompt_id loses the chance to resume, not the image. */
async function submitted({ way, claim }: Next, promptId: string, parts: TryParts): Promise<void> {
	const { context, index, job, log, progress } = parts;
	context.room.view.warmUp(claim.server);
	context.room.shared.tell(claim);
	const { model_name, preset, server } = way.selection;
	progress({ phase: 'submitted', server, model_name, preset, prompt_id: promptId });
	context.notes?.add({
		prompt_id: promptId,
		job_id: job.jobId,
		attempt: log.count + 1,
		server,
		workflow_id: context.deps.workflowId ?? null,
		execution_id: context.deps.executionId ?? null,
		selection: way.selection,
	});
	try {
		await context.options.onSubmitted?.({
			index,
			job_id: job.jobId,
			server,
			prompt_id: promptId,
			attempt: log.count + 1,
			selection: way.selection,
		});
	} catch (error) {
		log.errors.push(asRouterError(error));
	}
}

function show(news: PromptNews, server: string, promptId: string, { progress }: TryParts): void {
	if (news.type === 'queued') return;
	const { value, max } = news.type === 'progress' ? news : { value: null, max: null };
	progress({ phase: 'running', server, prompt_id: promptId, value, max });
}

async function logCancelled(
	next: Next,
	promptId: string,
	submittedMs: number,
	{ context, log }: TryParts,
): Promise<void> {
	const { room, deps } = context;
	await makeSureItIsGone(room.view.port(next.claim.server), promptId, deps.clock);
	log.add({
		way: next.way,
		promptId,
		submittedMs,
		end: { state: 'interrupted', entry: null, error: cancelled() },
		status: 'cancelled',
		slow: false,
		unbound: [],
	});
}

function serverOf({ fleet, claim }: Next): FleetServer | undefined {
	return fleet.servers.find((one) => one.name === claim.server);
}

export function statusOf({ end, reaction }: Tried): UsageStatus {
	if (reaction !== null || end.stopped) return 'timeout';
	return end.state === 'done' ? 'error' : usageStatusOf(end.state);
}
