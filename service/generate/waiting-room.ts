/**
 * Holds jobs until a server can begin them, and asks the router about all of them whenever something changes. Owns when
 * it is asked; what is decided is the router's. One room for all executions of a process that use the same fleet.
 */
import type {
	CalibrationEntry,
	Demand,
	FeedbackEntry,
	QuotaState,
	SelectedDecision,
	Selection,
	SelectOptions,
	WaitingJob,
} from '../../lib/selection/types';
import { NO_MARGINS, withMargins } from '../../lib/execution/memory-margins';
import type { FleetSnapshot } from '../../lib/fleet/types';
import type { SelectionRequest } from '../../lib/request/schema';
import type { Clock } from '../../lib/ports';
import { NEARLY_IDLE_SECONDS } from '../../lib/router/dispatch/dispatch';
import type { ModelRouter } from '../../lib/router/model-router';
import { selectInOrder } from '../select-batch';
import { Claim } from './claims';
import { atItsBest, idleFleet, workSeconds } from './fleet-outlook';
import type { FleetView } from './fleet-view';
import { ServedTally } from './served-tally';
import type { Patience } from './types';

/** A job that wants to be decided. */
export interface HeldJob {
	/** Unique in the room, so that two executions may use the same job_id. */
	key: string;
	/** With absolute deadline. */
	request: Record<string, unknown>;
	/** What of the request was written differently: shown again in the selection. */
	asked: Partial<SelectionRequest>;
	arrivedMs: number;
	deadlineMs: number;
	/** Decide at once, whatever is queued. */
	commit: boolean;
	/** Ask for what an idle fleet would be given, and hold to it. */
	fixed: boolean;
	onWaiting: (news: WaitingJob) => void;
}

export type Decided =
	| { selection: SelectedDecision; claim: Claim; fleet: FleetSnapshot }
	| { selection: Selection; claim: null };

interface Entry {
	job: HeldJob;
	decide: (decided: Decided) => void;
	fail: (error: unknown) => void;
	/** It was part of a plan before. */
	isPlanned: boolean;
	/** Since when nothing can take it. */
	stuckSinceMs: number | null;
}

export interface RoomOptions {
	calibration?: CalibrationEntry[];
	demand?: Demand;
	quotas?: QuotaState[];
	feedback?: FeedbackEntry[];
	patience: Patience;
}

/** So long before the end of what runs is looked again: within what the router calls nearly idle, or it would hold on. */
const BEFORE_END_SECONDS = 0.8 * NEARLY_IDLE_SECONDS;
const FULL_PLAN_EVERY_MS = 1_000;
/** Between two rounds. */
const LEAST_PAUSE_MS = 20;
/** Foreign jobs and memory change without telling us. */
const LONGEST_PAUSE_MS = 1_500;

export class WaitingRoom {
	margins = NO_MARGINS;
	private readonly quotas = new Map<string, QuotaState[]>();
	private readonly served = new ServedTally();
	private readonly entries = new Map<string, Entry>();
	private rounds: Promise<void> | null = null;
	private pause: AbortController | null = null;
	private changed = false;
	private plannedMs = -Infinity;

	constructor(
		readonly router: ModelRouter,
		readonly view: FleetView,
		private readonly clock: Clock,
		public options: RoomOptions,
	) {}

	/** @returns when the job is to be submitted, with a claim to be released at its end; or refused, without one */
	decide(job: HeldJob, signal?: AbortSignal): Promise<Decided> {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) return reject(signal.reason);
			const leave = () => {
				this.entries.delete(job.key);
				signal?.removeEventListener('abort', cancel);
			};
			const cancel = () => {
				leave();
				reject(signal?.reason);
			};
			signal?.addEventListener('abort', cancel, { once: true });
			this.entries.set(job.key, {
				job,
				isPlanned: false,
				stuckSinceMs: null,
				decide: (decided) => {
					leave();
					resolve(decided);
				},
				fail: (error) => {
					leave();
					reject(error);
				},
			});
			this.wake();
		});
	}

	/** Something changed: an arrival, an end, a server that is back. */
	wake(): void {
		this.changed = true;
		this.pause?.abort(new Error('something changed'));
		if (this.entries.size === 0) return;
		this.rounds ??= this.run().finally(() => {
			this.rounds = null;
			// somebody came while the last round was ending
			if (this.entries.size > 0) this.wake();
		});
	}

	/** Claims a server for a selection that was made elsewhere (a lower rung). */
	claim(jobId: string, selection: SelectedDecision, deadlineMs: number): Claim {
		const claim = new Claim(jobId, selection, deadlineMs, this.clock.nowMs());
		this.view.claims.add(claim);
		return claim;
	}

	release(claim: Claim): void {
		this.view.claims.delete(claim);
		this.wake();
	}

	/** What is left to a user, as it was looked up last. */
	knowQuotas(userId: string, states: QuotaState[]): void {
		if (states.length === 0) this.quotas.delete(userId);
		else this.quotas.set(userId, states);
	}

	selectOptions(): SelectOptions {
		const { calibration, demand, quotas = [], feedback } = this.options;
		const known = [...quotas, ...[...this.quotas.values()].flat()];
		return {
			nowMs: this.clock.nowMs(),
			calibration: withMargins(calibration, this.margins),
			demand,
			quotas: known.length === 0 ? undefined : known,
			feedback,
		};
	}

	private async run(): Promise<void> {
		while (this.entries.size > 0) {
			this.changed = false;
			const fleet = await this.view.read();
			this.round(fleet);
			if (this.entries.size > 0) await this.rest();
		}
	}

	private async rest(): Promise<void> {
		await this.clock.sleep(LEAST_PAUSE_MS);
		if (this.changed) return;
		const pause = new AbortController();
		this.pause = pause;
		await this.clock.sleep(this.untilNextEndMs(), pause.signal).catch(() => undefined);
		this.pause = null;
	}

	private untilNextEndMs(): number {
		const waits = this.view
			.current()
			.servers.filter((server) => server.reachable)
			.map(workSeconds);
		const next = Math.min(...waits.filter((seconds) => seconds > BEFORE_END_SECONDS));
		const ms = (next - BEFORE_END_SECONDS) * 1000;
		return Math.max(LEAST_PAUSE_MS, Math.min(LONGEST_PAUSE_MS, ms));
	}

	private round(fleet: FleetSnapshot): void {
		try {
			const after = this.commitAll(fleet);
			this.dispatchHeld(after);
		} catch (error) {
			// a faulty request fails alone
			this.failFaulty(fleet, error);
		}
	}

	private failFaulty(fleet: FleetSnapshot, error: unknown): void {
		const options = this.selectOptions();
		let found = false;
		for (const entry of [...this.entries.values()]) {
			try {
				this.router.select(entry.job.request, fleet, options);
			} catch (own) {
				found = true;
				entry.fail(own);
			}
		}
		if (!found) for (const entry of [...this.entries.values()]) entry.fail(error);
		else this.changed = true;
	}

	/** Jobs that are decided on arrival, each seeing the ones before it. */
	private commitAll(fleet: FleetSnapshot): FleetSnapshot {
		for (const entry of [...this.entries.values()]) {
			if (!entry.job.commit) continue;
			const [selection] = selectInOrder(
				this.router,
				[this.requestOf(entry.job, fleet)],
				this.view.current(),
				this.selectOptions(),
			);
			if (selection) this.answer(entry, selection, fleet);
		}
		return this.view.current();
	}

	/** Where no server can begin anything, a plan only tells who waits for how long: made once a second is enough. */
	private isIdle(fleet: FleetSnapshot, held: readonly Entry[]): boolean {
		const now = this.clock.nowMs();
		const isFull = fleet.servers.every(
			(server) => server.reachable && workSeconds(server) > NEARLY_IDLE_SECONDS,
		);
		const isNews = held.some((entry) => !entry.isPlanned);
		if (isFull && !isNews && now - this.plannedMs < FULL_PLAN_EVERY_MS) return true;
		this.plannedMs = now;
		for (const entry of held) entry.isPlanned = true;
		return false;
	}

	private dispatchHeld(fleet: FleetSnapshot): void {
		const held = [...this.entries.values()].filter((entry) => !entry.job.commit);
		if (held.length === 0 || this.isIdle(fleet, held)) return;
		const options = this.selectOptions();
		const waiting = held.map(({ job }) => ({
			request: { ...this.requestOf(job, fleet), job_id: job.key },
			waiting_seconds: Math.max(0, (options.nowMs - job.arrivedMs) / 1000),
		}));
		const result = this.router.dispatch(waiting, fleet, {
			...options,
			served: this.served.at(options.nowMs),
		});
		for (const selection of result.start) {
			const entry = this.entries.get(selection.job_id ?? '');
			if (entry) this.answer(entry, selection, fleet);
		}
		for (const news of result.waiting) {
			const entry = this.entries.get(news.job_id);
			if (entry) this.keepWaiting(entry, news, fleet);
		}
	}

	private answer(entry: Entry, selection: Selection, fleet: FleetSnapshot): void {
		const { job } = entry;
		const own = asAsked(selection, job);
		if (own.decision === 'rejected') {
			if (isPassing(own) && this.mayPass(entry, fleet)) return;
			entry.decide({ selection: own, claim: null });
			return;
		}
		const claim = this.claim(own.job_id ?? job.key, own, job.deadlineMs);
		this.served.add(own, this.clock.nowMs());
		entry.decide({ selection: own, claim, fleet });
	}

	private keepWaiting(entry: Entry, news: WaitingJob, fleet: FleetSnapshot): void {
		const tooLate =
			entry.job.request['if_late'] === 'reject' && this.clock.nowMs() >= entry.job.deadlineMs;
		if (news.expected_start_seconds !== null && !tooLate) {
			entry.stuckSinceMs = null;
		} else if (tooLate || !this.mayPass(entry, fleet)) {
			const refused = this.router.select(entry.job.request, fleet, this.selectOptions());
			this.answer(entry, refused, fleet);
			return;
		}
		entry.job.onWaiting(news);
	}

	/** Nothing can take it now. True where that may change, and there is still patience. */
	private mayPass(entry: Entry, fleet: FleetSnapshot): boolean {
		const now = this.clock.nowMs();
		entry.stuckSinceMs ??= now;
		const { patience } = this.options;
		const reachable = fleet.servers.some((server) => server.reachable);
		if (!reachable) {
			const limit = this.view.everReached ? patience.noServerMs : patience.neverReachedMs;
			return now - entry.stuckSinceMs < limit;
		}
		const until = Math.max(entry.job.deadlineMs, entry.stuckSinceMs + patience.noServerMs);
		if (now >= until) return false;
		const best = { servers: fleet.servers.map(atItsBest) };
		return (
			this.router.select(
				{ ...entry.job.request, if_late: 'best_effort' },
				best,
				this.selectOptions(),
			).decision === 'selected'
		);
	}

	/** A fixed job is held to what an idle fleet would give it. */
	private requestOf(job: HeldJob, fleet: FleetSnapshot): Record<string, unknown> {
		if (!job.fixed) return job.request;
		const idle = idleFleet(fleet);
		const choice = this.router.select(
			{
				...job.request,
				deadline_at: new Date(this.clock.nowMs() + job.deadlineMs - job.arrivedMs).toISOString(),
			},
			idle,
			{ ...this.selectOptions(), demand: undefined },
		);
		if (choice.decision === 'rejected') return job.request;
		return {
			...job.request,
			model_name: choice.model_name,
			min_quality: choice.estimate.quality,
			quality: null,
		};
	}
}

/** The selection as the caller asked for it, not as the room wrote it down. */
function asAsked(selection: Selection, job: HeldJob): Selection {
	const jobId = String(job.request['job_id']);
	const request = { ...selection.request, ...job.asked, job_id: jobId };
	return { ...selection, job_id: jobId, request } as Selection;
}

function isPassing({ rejection }: Selection): boolean {
	return ['UNREACHABLE', 'VRAM', 'VRAM_OFFLOAD', 'QUEUE_FULL'].includes(rejection?.code ?? '');
}
