/**
 * One round of a waiting room: the router is asked about all jobs that wait, and what it says becomes claims, turns for
 * jobs of other processes, and answers. Nothing is final until `finish`; `undo` leaves the room as it was.
 */
import { isAsleep } from '../../lib/fleet/cold-start';
import type { FleetSnapshot } from '../../lib/fleet/types';
import type { BookChanges, NewReservation, WaitingEntry } from '../../lib/reservations';
import { NEARLY_IDLE_SECONDS } from '../../lib/router/dispatch/plan';
import type { ModelRouter } from '../../lib/router/model-router';
import type {
	DispatchResult,
	SelectedDecision,
	Selection,
	WaitingJob,
	WaitingRequest,
} from '../../lib/selection/types';
import { selectInOrder } from '../select-batch';
import type { Claim } from './claims';
import { atItsBest, idleFleet, workSeconds } from './fleet-outlook';
import type { FleetView } from './fleet-view';
import { asAsked, type Entry, type HeldJob, isPassing, type RoomOptions } from './room-types';
import type { ServedTally } from './served-tally';
import type { SharedBook } from './shared-book';

/** What a round needs of its room. */
export interface RoomParts {
	readonly router: ModelRouter;
	readonly view: FleetView;
	readonly shared: SharedBook;
	readonly entries: ReadonlyMap<string, Entry>;
	readonly options: RoomOptions;
	readonly served: ServedTally;
	nowMs(): number;
	selectOptions(): Parameters<ModelRouter['select']>[2];
	newClaim(job: HeldJob, selection: SelectedDecision): Claim;
}

const FULL_PLAN_EVERY_MS = 1_000;

export class Round {
	private readonly claims: Claim[] = [];
	private readonly grants: NewReservation[] = [];
	private readonly answers: (() => void)[] = [];
	private readonly kept: Entry[] = [];
	/** A request was faulty: the rest have to be looked at again. */
	again = false;

	constructor(private readonly room: RoomParts) {}

	/** True where it gives somebody a server: then it must be made under the lock. */
	get reserves(): boolean {
		return this.claims.length + this.grants.length > 0;
	}

	/** Jobs that go on waiting. */
	get waiting(): readonly Entry[] {
		return this.kept;
	}

	/** @param plannedMs when the last plan was made @returns when this one was */
	make(plannedMs: number): number {
		const fleet = this.room.view.current();
		try {
			this.commitAll(fleet);
			return this.dispatchHeld(this.room.view.current(), plannedMs);
		} catch (error) {
			// a faulty request fails alone
			this.failFaulty(fleet, error);
			return plannedMs;
		}
	}

	changes(): BookChanges {
		const { view, shared } = this.room;
		const fleet = view.current();
		return {
			reserve: [...this.claims.map((claim) => shared.reservation(claim, fleet)), ...this.grants],
			wake: [...new Set(this.grants.map((grant) => grant.owner))],
		};
	}

	undo(): void {
		for (const claim of this.claims) this.room.view.claims.delete(claim);
	}

	finish(): void {
		for (const grant of this.grants) this.room.shared.granted(grant.granted_key);
		for (const answer of this.answers) answer();
	}

	private failFaulty(fleet: FleetSnapshot, error: unknown): void {
		const options = this.room.selectOptions();
		const entries = [...this.room.entries.values()];
		for (const entry of entries) {
			try {
				this.room.router.select(entry.job.request, fleet, options);
			} catch (own) {
				this.again = true;
				entry.fail(own);
			}
		}
		if (!this.again) for (const entry of entries) entry.fail(error);
	}

	/** Jobs that are decided on arrival, each seeing the ones before it. */
	private commitAll(fleet: FleetSnapshot): void {
		const { router, view, entries } = this.room;
		for (const entry of entries.values()) {
			if (!entry.job.commit) continue;
			const [selection] = selectInOrder(
				router,
				[this.requestOf(entry.job, fleet)],
				view.current(),
				this.room.selectOptions(),
			);
			if (selection?.decision === 'selected' && isAsleep(fleet, selection.server)) {
				view.want(selection.server);
				this.kept.push(entry);
			} else if (selection) this.answer(entry, selection, fleet);
		}
	}

	/** Where no server can begin anything, a plan only tells who waits for how long: made once a second is enough. */
	private isIdle(fleet: FleetSnapshot, held: readonly Entry[], plannedMs: number): boolean {
		const isFull = fleet.servers.every(
			(server) => server.reachable && workSeconds(server) > NEARLY_IDLE_SECONDS,
		);
		const isNews = held.some((entry) => !entry.isPlanned);
		return isFull && !isNews && this.room.nowMs() - plannedMs < FULL_PLAN_EVERY_MS;
	}

	private dispatchHeld(fleet: FleetSnapshot, plannedMs: number): number {
		const held = [...this.room.entries.values()].filter((entry) => !entry.job.commit);
		if (held.length === 0) return plannedMs;
		if (this.isIdle(fleet, held, plannedMs)) {
			this.kept.push(...held);
			return plannedMs;
		}
		for (const entry of held) entry.isPlanned = true;
		const options = this.room.selectOptions();
		const waiting = held.map(({ job }) => ({
			request: { ...this.requestOf(job, fleet), job_id: job.key },
			waiting_seconds: Math.max(0, (options.nowMs - job.arrivedMs) / 1000),
		}));
		const { result, others } = this.dispatch(waiting, fleet);
		for (const selection of result.start) {
			const key = selection.job_id ?? '';
			const entry = this.room.entries.get(key);
			const other = others.get(key);
			if (entry) this.answer(entry, selection, fleet);
			else if (other && selection.decision === 'selected') {
				this.grants.push(this.room.shared.grant(other, selection, fleet));
			}
		}
		for (const news of result.waiting) {
			const entry = this.room.entries.get(news.job_id);
			if (entry) this.keepWaiting(entry, news, fleet);
		}
		return options.nowMs;
	}

	/** All that wait are planned for, whoever holds them; what others told is not trusted to be sound. */
	private dispatch(
		own: WaitingRequest[],
		fleet: FleetSnapshot,
	): { result: DispatchResult; others: Map<string, WaitingEntry> } {
		const { router, shared } = this.room;
		const now = this.room.selectOptions();
		const options = { ...now, served: this.room.served.at(now.nowMs) };
		const others = new Map(shared.othersWaiting().map((entry) => [entry.key, entry]));
		if (others.size > 0) {
			const theirs = [...others.values()].map((entry) => asWaiting(entry, options.nowMs));
			try {
				return { result: router.dispatch([...own, ...theirs], fleet, options), others };
			} catch {
				others.clear();
			}
		}
		return { result: router.dispatch(own, fleet, options), others };
	}

	private answer(entry: Entry, selection: Selection, fleet: FleetSnapshot): void {
		const own = asAsked(selection, entry.job);
		if (own.decision === 'rejected') {
			if (isPassing(own) && this.mayPass(entry, fleet)) this.kept.push(entry);
			else this.answers.push(() => entry.decide({ selection: own, claim: null }));
			return;
		}
		const claim = this.room.newClaim(entry.job, own);
		this.claims.push(claim);
		this.answers.push(() => {
			this.room.served.add(own, this.room.nowMs());
			entry.decide({ selection: own, claim, fleet });
		});
	}

	private keepWaiting(entry: Entry, news: WaitingJob, fleet: FleetSnapshot): void {
		const { job } = entry;
		const tooLate = job.request['if_late'] === 'reject' && this.room.nowMs() >= job.deadlineMs;
		if (news.expected_start_seconds !== null && !tooLate) {
			if (news.server !== undefined && isAsleep(fleet, news.server))
				this.room.view.want(news.server);
			entry.stuckSinceMs = null;
		} else if (tooLate || !this.mayPass(entry, fleet)) {
			const refused = this.room.router.select(job.request, fleet, this.room.selectOptions());
			this.answer(entry, refused, fleet);
			return;
		}
		this.kept.push(entry);
		this.answers.push(() => job.onWaiting(news));
	}

	/** Nothing can take it now. True where that may change, and there is still patience. */
	private mayPass(entry: Entry, fleet: FleetSnapshot): boolean {
		const now = this.room.nowMs();
		entry.stuckSinceMs ??= now;
		const { patience } = this.room.options;
		const reachable = fleet.servers.some((server) => server.reachable);
		if (!reachable) {
			const { everReached, allAnswered } = this.room.view;
			const limit = everReached || !allAnswered ? patience.noServerMs : patience.neverReachedMs;
			return now - entry.stuckSinceMs < limit;
		}
		const until = Math.max(entry.job.deadlineMs, entry.stuckSinceMs + patience.noServerMs);
		if (now >= until) return false;
		const best = { servers: fleet.servers.map(atItsBest) };
		const request = { ...entry.job.request, if_late: 'best_effort' };
		const { decision } = this.room.router.select(request, best, this.room.selectOptions());
		return decision === 'selected';
	}

	/** A fixed job is held to what an idle fleet would give it. */
	requestOf(job: HeldJob, fleet: FleetSnapshot): Record<string, unknown> {
		if (!job.fixed) return job.request;
		const idle = idleFleet(fleet);
		const span = job.deadlineMs - job.arrivedMs;
		const deadline = new Date(this.room.nowMs() + span).toISOString();
		const choice = this.room.router.select({ ...job.request, deadline_at: deadline }, idle, {
			...this.room.selectOptions(),
			demand: undefined,
		});
		if (choice.decision === 'rejected') return job.request;
		return {
			...job.request,
			model_name: choice.model_name,
			min_quality: choice.estimate.quality,
			quality: null,
		};
	}
}

function asWaiting(entry: WaitingEntry, nowMs: number): WaitingRequest {
	const deadline = new Date(nowMs + entry.deadline_seconds * 1000).toISOString();
	return {
		request: {
			...entry.request,
			job_id: entry.key,
			deadline_seconds: undefined,
			deadline_at: deadline,
		},
		waiting_seconds: Math.max(0, entry.waited_seconds),
	};
}
