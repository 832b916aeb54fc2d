/**
 * One job from asking to its images: decided, tried, tried again where that helps. Owns the order of the steps and that
 * every attempt is in the result and in the log; the decisions are lib's.
 */
import { type Setback, stepAfter } from '../../lib/execution/retry-plan';
import type { RouterError } from '../../lib/errors';
import { isAsleep } from '../../lib/fleet/cold-start';
import type { FleetSnapshot } from '../../lib/fleet/types';
import type { SelectedDecision, Selection } from '../../lib/selection/types';
import { AttemptLog } from './attempt-log';
import { slowByPaging } from './attempt-memory';
import { deliver } from './deliver';
import { asRouterError, cancelled, internal, missedDeadline, notServed } from './failures';
import { idleFleet } from './fleet-outlook';
import { asSelected, GoingLower, type Way } from './going-lower';
import { type Next, statusOf, type Tried, tryOnce, type WithoutJob } from './job-attempt';
import type { JobContext } from './job-context';
import { JobGraphs } from './job-graph';
import type { JobInput } from './job-input';
import { JobQuota } from './job-quota';
import { Lessons } from './lessons';
import type { Turn } from './submission-order';
import type { GenerateResult, ProgressEvent } from './types';

/** What was made cannot be had from there: the file is missing, or the server died before it was fetched. */
const OUTPUT_GONE: ReadonlySet<string> = new Set(['FILE_NOT_FOUND', 'COMFYUI_UNREACHABLE']);

/** Of a prompt_id: enough to be another name. */
const MARK_LENGTH = 8;

export class JobRun {
	private readonly log: AttemptLog;
	private readonly graphs: JobGraphs;
	private readonly lower: GoingLower;
	private readonly lessons: Lessons;
	private readonly quota: JobQuota;
	private readonly counts: Partial<Record<Setback, number>> = {};
	private readonly turn: Turn | null;
	private selection: Selection | null = null;
	private degraded = false;
	private lastError: RouterError | null = null;

	constructor(
		private readonly context: JobContext,
		private readonly job: JobInput,
		private readonly index: number,
		/** False: done as soon as a server has it. */
		private readonly follow: boolean,
	) {
		const { deps, options, room } = context;
		const seed = job.seed ?? deps.random.integer(2 ** 47);
		this.turn = job.selection ? context.order.enter(job.selection.server) : null;
		this.log = new AttemptLog(context, job, seed);
		this.lessons = new Lessons(room, context.signal);
		this.quota = new JobQuota(context, job);
		this.graphs = new JobGraphs(deps, job.item, seed);
		this.lower = new GoingLower(room, deps.clock, {
			...job,
			size: options.sizeRungs ?? 'upscale',
		});
	}

	/** Never rejects. */
	async run(): Promise<GenerateResult> {
		let planned: Next | null = null;
		try {
			for (;;) {
				this.context.signal?.throwIfAborted();
				const next: Next | null = planned ?? (await this.given()) ?? (await this.decide());
				if (next === null) return this.refused();
				planned = null;
				if (!(await this.reserved(next))) continue;
				const tried = await this.attempt(next);
				const result = await this.settle(tried);
				if (result) return result;
				await this.quota.release();
				const after = await this.following(tried);
				if (after === 'give up') return this.failed(this.lastError ?? internal());
				planned = after;
			}
		} catch (error) {
			await this.quota.release();
			return this.failed(this.context.signal?.aborted ? cancelled() : asRouterError(error));
		} finally {
			this.turn?.leave();
		}
	}

	/** What was selected before: once, at the beginning. */
	private async given(): Promise<Next | null> {
		const { selection, jobId } = this.job;
		if (selection === null || this.log.count > 0 || this.selection !== null) return null;
		const { room, options, signal } = this.context;
		room.view.port(selection.server);
		await this.turn?.come;
		signal?.throwIfAborted();
		await room.view.read();
		// nothing can be submitted there yet: decided anew, which may be to wait for it
		if (isAsleep(room.view.current(), selection.server)) return null;
		const own = { ...selection, job_id: jobId };
		// what was reserved with the selection is this claim, not somebody else's
		const claim = room.claim(jobId, own, this.job.deadlineMs, selection.reservation?.id);
		const fleet = room.view.current(claim);
		const asItIs = options.autoQuality === false || options.commitOnArrival === true;
		const way = asItIs ? asSelected(own) : this.lower.atItsTurn(own, fleet);
		if (way.rung === null) return { way, fleet, claim };
		room.release(claim);
		return this.claimed(way, fleet);
	}

	/** Another job may have taken what was left of the quota: then it is decided anew. */
	private async reserved({ way, claim }: Next): Promise<boolean> {
		const { room } = this.context;
		let isReserved = false;
		try {
			isReserved = await this.quota.reserve(way.selection, this.log.count);
			this.selection = way.selection;
		} finally {
			if (!isReserved) room.release(claim);
		}
		return isReserved;
	}

	private async decide(): Promise<Next | null> {
		await this.quota.look();
		const { room, options, signal, deps } = this.context;
		const { request, asked, askedMs, deadlineMs } = this.job;
		const decided = await room.decide(
			{
				key: deps.random.uuid(),
				request,
				asked,
				arrivedMs: askedMs,
				deadlineMs,
				commit: options.commitOnArrival === true,
				fixed: options.autoQuality === false,
				onWaiting: (news) =>
					this.progress({
						phase: 'waiting',
						expected_start_seconds: news.expected_start_seconds,
						reason: news.reason,
					}),
			},
			signal,
		);
		this.selection = decided.selection;
		if (decided.claim === null) return null;
		const { claim, fleet, selection } = decided;
		if (options.autoQuality === false) return { way: asSelected(selection), fleet, claim };
		const way = this.lower.atItsTurn(this.markDegraded(selection, fleet), fleet);
		if (way.rung === null) return { way, fleet, claim };
		room.release(claim);
		return this.claimed(way, fleet);
	}

	/** Held against what an idle fleet would have given it when it was asked for: waiting is part of the load. */
	private markDegraded(selection: SelectedDecision, fleet: FleetSnapshot): SelectedDecision {
		if (selection.degraded) return selection;
		const { room } = this.context;
		const idle = idleFleet(fleet);
		const { calibration, feedback } = room.selectOptions();
		const choice = room.router.select({ ...this.job.request, explain: false }, idle, {
			nowMs: this.job.askedMs,
			calibration,
			feedback,
		});
		if (choice.decision === 'rejected') return selection;
		const lower = selection.estimate.quality < choice.estimate.quality - 1e-9;
		return lower ? { ...selection, degraded: true } : selection;
	}

	private claimed(way: Way, fleet: FleetSnapshot): Next {
		const claim = this.context.room.claim(this.job.jobId, way.selection, this.job.deadlineMs);
		return { way, fleet, claim };
	}

	private attempt(next: Next): Promise<Tried> {
		this.selection = next.way.selection;
		return tryOnce(next, {
			context: this.context,
			job: this.job,
			index: this.index,
			follow: this.follow,
			graphs: this.graphs,
			lower: this.lower,
			log: this.log,
			progress: (event) => this.progress(event),
		});
	}

	/** @returns the result where the job is over */
	private async settle(tried: Tried): Promise<GenerateResult | null> {
		const { end, next, promptId, submittedMs, unbound } = tried;
		if (end.state === 'submitted') return this.handedOver(tried);
		const paging = slowByPaging(end, next.way.selection, next.fleet, next.claim.observations);
		const endedMs = this.context.deps.clock.nowMs();
		if (paging !== null) this.lessons.slow(next, paging);
		else this.lessons.speed(end, next);
		let brought: Pick<GenerateResult, 'outputs' | 'texts'> = { outputs: [], texts: [] };
		let error = end.error;
		if (end.state === 'done' && end.entry) {
			const delivered = await deliver(
				this.context,
				this.job,
				this.index,
				next.claim.server,
				end.entry,
			);
			brought = { outputs: delivered.outputs, texts: delivered.texts };
			error = delivered.error;
		}
		const done = end.state === 'done' && error === null;
		this.log.add({
			way: next.way,
			promptId,
			submittedMs,
			endedMs,
			end: { ...end, error },
			status: done ? 'success' : statusOf(tried),
			slow: paging !== null,
			unbound,
		});
		if (!done) {
			this.lastError = error ?? this.lastError;
			if (end.state !== 'done' || !error) return null;
			if (!OUTPUT_GONE.has(error.code)) return this.failed(error);
			tried.end = { ...end, error, setback: 'output_gone' };
			this.graphs.renameOutputs(promptId.slice(0, MARK_LENGTH));
			return null;
		}
		this.degraded = next.way.selection.degraded;
		return this.done(next.way, brought, endedMs);
	}

	/** What comes after an attempt that brought nothing. null: decide anew. */
	private async following(tried: Tried): Promise<Next | null | 'give up'> {
		const { end, reaction, next, promptId } = tried;
		const { room, deps } = this.context;
		if (end.mayLinger) room.view.orphan(next.claim.server, promptId);
		if (reaction?.action === 'restart') {
			this.progress({ phase: 'retry', reason: reaction.way.selection.selection_reason });
			return this.claimed(reaction.way, room.view.current());
		}
		if (end.setback === null) {
			this.lastError = missedDeadline();
			return 'give up';
		}
		this.counts[end.setback] = (this.counts[end.setback] ?? 0) + 1;
		this.progress({ phase: 'retry', reason: end.error?.message ?? 'The attempt failed.' });
		this.lessons.fromSetback(end, next.way.selection);
		const step = stepAfter({
			setback: end.setback,
			counts: this.counts,
			secondsLeft: (this.job.deadlineMs - deps.clock.nowMs()) / 1000,
			rejectLate: this.job.rejectLate,
			freedBefore: this.lessons.freedFor(next),
		});
		if (step.action === 'give_up') return 'give up';
		if (end.setback !== 'oom') return null;
		if (step.action === 'decide_again') {
			await this.lessons.secondFailure(next);
			return null;
		}
		const fleet = await this.lessons.freed(next);
		return fleet === null ? null : this.claimed(next.way, fleet);
	}

	private refused(): GenerateResult {
		const { selection, lastError } = this;
		const { view } = this.context.room;
		if (selection?.rejection?.code === 'NOT_INSTALLED') view.forgetInstalledFiles();
		if (selection && this.log.count === 0) this.log.refused(selection);
		return this.failed(notServed(selection, lastError, view.current()));
	}

	private done(
		way: Way,
		brought: Pick<GenerateResult, 'outputs' | 'texts'>,
		endedMs: number,
	): GenerateResult {
		const result = this.result('done', way.selection.selection_reason, null);
		return { ...result, ...brought, on_time: endedMs <= this.job.deadlineMs };
	}

	private handedOver({ next, promptId, submittedMs, unbound, end }: Tried): GenerateResult {
		this.log.record({
			way: next.way,
			promptId,
			submittedMs,
			end,
			status: 'success',
			slow: false,
			unbound,
		});
		this.degraded = next.way.selection.degraded;
		return this.result('submitted', next.way.selection.selection_reason, null);
	}

	private failed(error: RouterError): GenerateResult {
		return this.result('failed', error.message, error);
	}

	private result(
		status: GenerateResult['status'],
		reason: string,
		error: RouterError | null,
	): GenerateResult {
		this.progress({ phase: 'ended', status, reason });
		return {
			index: this.index,
			job_id: this.job.jobId,
			status,
			selection: this.selection,
			attempts: this.log.records,
			outputs: [],
			texts: [],
			degraded: this.degraded,
			on_time: null,
			reason,
			error,
			log_errors: this.log.errors,
		};
	}

	private progress(event: WithoutJob<ProgressEvent>): void {
		if (event.phase !== 'waiting') this.turn?.leave();
		const { onProgress } = this.context.options;
		try {
			onProgress?.({ index: this.index, job_id: this.job.jobId, ...event } as ProgressEvent);
		} catch {
			// what a listener does wrong must not stop the job
		}
	}
}
