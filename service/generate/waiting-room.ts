/**
 * Holds jobs until a server can begin them, and asks the router about all of them whenever something changes. Owns when
 * it is asked, and that what it says is agreed with other processes; what is decided is the router's. One room for all
 * executions of a process that use the same fleet.
 */
import type { QuotaState, SelectedDecision, SelectOptions } from '../../lib/selection/types';
import { NO_MARGINS, withMargins } from '../../lib/execution/memory-margins';
import type { Clock } from '../../lib/ports';
import type { Reservation } from '../../lib/reservations';
import { NEARLY_IDLE_SECONDS } from '../../lib/router/dispatch/plan';
import type { ModelRouter } from '../../lib/router/model-router';
import { Claim } from './claims';
import { workSeconds } from './fleet-outlook';
import type { FleetView } from './fleet-view';
import {
	asAsked,
	type Decided,
	type Entry,
	type HeldJob,
	type RoomOptions,
	withoutContent,
} from './room-types';
import { type RoomParts, Round } from './round';
import { ServedTally } from './served-tally';
import { SharedBook } from './shared-book';
import type { ReservationPort } from '../../lib/ports';

/** So long before the end of what runs is looked again: within what the router calls nearly idle, or it would hold on. */
const BEFORE_END_SECONDS = 0.8 * NEARLY_IDLE_SECONDS;
/** Between two rounds. */
const LEAST_PAUSE_MS = 20;
/** Foreign jobs and memory change without telling us. */
const LONGEST_PAUSE_MS = 1_500;

/** How the room is known to others. */
export interface RoomIdentity {
	reservations: ReservationPort;
	/** Unique among all processes. */
	owner: string;
	/** The same for rooms that decide about the same servers with the same catalog. */
	scope: string;
}

export class WaitingRoom implements RoomParts {
	margins = NO_MARGINS;
	readonly served = new ServedTally();
	private readonly quotas = new Map<string, QuotaState[]>();
	readonly entries = new Map<string, Entry>();
	readonly shared: SharedBook;
	private rounds: Promise<void> | null = null;
	private pause: AbortController | null = null;
	private changed = false;
	private plannedMs = -Infinity;
	private claimCount = 0;

	constructor(
		readonly router: ModelRouter,
		readonly view: FleetView,
		private readonly clock: Clock,
		public options: RoomOptions,
		private readonly identity: RoomIdentity,
	) {
		const { reservations, owner, scope } = identity;
		const wake = () => this.wake();
		this.shared = new SharedBook(reservations, owner, scope, clock, view.claims, wake);
		view.useBook(this.shared);
	}

	nowMs(): number {
		return this.clock.nowMs();
	}

	/** @returns when the job is to be submitted, with a claim to be released at its end; or refused, without one */
	decide(job: HeldJob, signal?: AbortSignal): Promise<Decided> {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) return reject(signal.reason);
			const leave = () => {
				this.entries.delete(job.key);
				this.shared.leave(job.key);
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
				isAlone: false,
				decide: (decided) => {
					// cancelled while it was being decided
					if (!this.entries.has(job.key)) {
						if (decided.claim) this.release(decided.claim);
						return;
					}
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

	/** Claims a server for a selection that was made elsewhere (a lower rung, an earlier node). */
	claim(
		jobId: string,
		selection: SelectedDecision,
		deadlineMs: number,
		reservationId = this.newReservationId(),
	): Claim {
		const claim = new Claim(jobId, selection, deadlineMs, this.clock.nowMs(), reservationId);
		this.view.claims.add(claim);
		this.shared.tell(claim);
		return claim;
	}

	/** As `claim`, but not told to others yet: the round that makes it tells of it. */
	newClaim(job: HeldJob, selection: SelectedDecision): Claim {
		const jobId = selection.job_id ?? job.key;
		const id = this.newReservationId();
		const claim = new Claim(jobId, selection, job.deadlineMs, this.clock.nowMs(), id);
		this.view.claims.add(claim);
		return claim;
	}

	/** @param handedOver it goes on without us: others see it until they see its end, or it expires */
	release(claim: Claim, handedOver = false): void {
		if (handedOver) this.shared.tell(claim);
		this.view.claims.delete(claim);
		if (!handedOver) this.shared.release(claim, this.entries.size === 0);
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

	private newReservationId(): string {
		this.claimCount += 1;
		return `${this.identity.owner}/${this.claimCount}`;
	}

	private async run(): Promise<void> {
		while (this.entries.size > 0) {
			this.changed = false;
			await this.shared.refresh();
			this.takeGrants();
			if (this.entries.size === 0) return;
			await this.view.read();
			await this.round();
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

	/** Planned with what is known; where that gives somebody a server, planned again under the lock, which counts. */
	private async round(): Promise<void> {
		let round = new Round(this);
		if (this.shared.isShared) {
			const planned = round.make(this.plannedMs);
			if (!round.reserves) {
				this.plannedMs = planned;
				return this.finish(round);
			}
			round.undo();
		}
		round = new Round(this);
		try {
			await this.shared.exclusively(() => {
				round.undo();
				round = new Round(this);
				this.plannedMs = round.make(this.plannedMs);
				return round.changes();
			});
		} catch (error) {
			round.undo();
			for (const entry of [...this.entries.values()]) entry.fail(error);
			return;
		}
		this.finish(round);
	}

	private finish(round: Round): void {
		round.finish();
		if (round.again) this.changed = true;
		const fleet = this.view.current();
		const now = this.clock.nowMs();
		this.shared.publish(
			round.waiting
				.filter((entry) => this.entries.has(entry.job.key) && !entry.isAlone)
				.map(({ job }) => ({
					key: job.key,
					request: withoutContent(round.requestOf(job, fleet)),
					waited_seconds: (now - job.arrivedMs) / 1000,
					deadline_seconds: (job.deadlineMs - now) / 1000,
				})),
		);
	}

	/** Turns that another process gave to jobs of this room, whose plans see the same. */
	private takeGrants(): void {
		for (const grant of this.shared.grants()) {
			this.shared.forget(grant.id);
			const entry = this.entries.get(grant.granted_key ?? '');
			if (!entry || !this.takeGrant(entry, grant)) this.refuse(grant, entry);
		}
	}

	private takeGrant(entry: Entry, grant: Reservation): boolean {
		const { job } = entry;
		const fleet = this.view.current();
		const server = fleet.servers.find((one) => this.view.isSame(one.name, grant));
		if (!server) return false;
		const [selection] = this.router.candidates(
			new Round(this).requestOf(job, fleet),
			fleet,
			this.selectOptions(),
			(model, preset, name) =>
				model === grant.model_name && preset === grant.preset && name === server.name,
		);
		if (!selection) return false;
		const own = asAsked(selection, job) as SelectedDecision;
		const claim = this.claim(own.job_id ?? job.key, own, job.deadlineMs, grant.id);
		entry.decide({ selection: own, claim, fleet });
		return true;
	}

	private refuse(grant: Reservation, entry: Entry | undefined): void {
		this.shared.drop(grant.id);
		if (!entry) return;
		entry.isAlone = true;
		this.shared.leave(entry.job.key);
	}
}
