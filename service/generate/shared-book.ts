/**
 * What one waiting room tells the others and knows of them. Owns that a claim is in the book as long as it lives, that
 * writes keep their order, and that nothing here makes a job wait for longer than a decision takes.
 */
import type { FleetServer, FleetSnapshot } from '../../lib/fleet/types';
import type { Clock, ReservationPort } from '../../lib/ports';
import {
	type BookChanges,
	type NewReservation,
	type NewWaitingEntry,
	type Reservation,
	reservationOf,
	type ReservationBook,
	type WaitingEntry,
	withReservations,
} from '../../lib/reservations';
import type { Claim } from './claims';

/** A claim that is not told again for so long is given up by the others. */
const CLAIM_LEASE_SECONDS = 20;
const TELL_EVERY_MS = 5_000;
/** A turn that is not taken for so long goes to somebody else. */
const GRANT_LEASE_SECONDS = 4;
const WAITING_LEASE_SECONDS = 6;
const WAITING_TELL_MS = 2_000;
/** What could not be written is tried again after this long. */
const AGAIN_MS = 1_000;
/** Older news of others are no news: they have expired, or moved on. */
const OLDEST_BOOK_MS = 15_000;

const EMPTY: ReservationBook = { reservations: [], waiting: [] };

export class SharedBook {
	private book: ReservationBook = EMPTY;
	private readMs = -Infinity;
	private readonly toTell = new Map<string, Claim>();
	private readonly toRelease = new Set<string>();
	private readonly toStop = new Set<string>();
	private readonly toWake = new Set<string>();
	private readonly found = new Map<string, string>();
	private writing: Promise<void> | null = null;
	private readonly published = new Map<string, number>();
	private readonly grantedMs = new Map<string, number>();
	private listener: { close(): void } | null = null;
	/** As last laid over: for the GPU groups of what is told. */
	private servers: FleetServer[] = [];
	private telling: AbortController | null = null;

	constructor(
		readonly port: ReservationPort,
		/** Of this room; unique among all processes. */
		readonly owner: string,
		private readonly scope: string,
		private readonly clock: Clock,
		/** All that this room holds. */
		private readonly claims: ReadonlySet<Claim>,
		private readonly wake: () => void,
	) {}

	get isShared(): boolean {
		return this.port.reach === 'database';
	}

	/** Reads what the others have; keeps the last where that fails. Never rejects. */
	async refresh(): Promise<void> {
		await this.port.read().then(
			(book) => this.take(book),
			() => undefined,
		);
	}

	take(book: ReservationBook): void {
		this.book = book;
		this.readMs = this.clock.nowMs();
	}

	/** @param readingBeganMs by the server's name; null: it has not been read */
	layOver(fleet: FleetSnapshot, readingBeganMs: (server: string) => number | null): FleetSnapshot {
		const now = this.clock.nowMs();
		this.servers = fleet.servers;
		if (now - this.readMs > OLDEST_BOOK_MS) return fleet;
		const bookSeconds = (now - this.readMs) / 1000;
		const own = new Set([...this.claims].map((claim) => claim.reservationId));
		const laid = withReservations(
			fleet,
			this.book,
			(server) => ({
				bookSeconds,
				readingSeconds: (now - (readingBeganMs(server) ?? now)) / 1000,
			}),
			own,
		);
		for (const { id, prompt_id } of laid.found) this.found.set(id, prompt_id);
		for (const id of laid.over) this.toRelease.add(id);
		return laid.fleet;
	}

	/** What comparing book and queues has shown, for the next write. */
	private takeFindings(): BookChanges {
		const changes = {
			found: [...this.found].map(([id, prompt_id]) => ({ id, prompt_id })),
			release: [...this.toRelease],
		};
		this.found.clear();
		this.toRelease.clear();
		return changes;
	}

	/** Decides under the lock. `decide` is given the book as it is then, already taken. */
	async exclusively(decide: () => BookChanges): Promise<void> {
		let findings: BookChanges = {};
		try {
			await this.port.exclusively((book) => {
				this.take(book);
				const changes = decide();
				findings = this.takeFindings();
				return { changes: { ...changes, ...findings }, result: undefined };
			});
		} catch (error) {
			for (const id of findings.release ?? []) this.toRelease.add(id);
			throw error;
		}
		this.tellSometimes();
	}

	reservation(claim: Claim, fleet: FleetSnapshot): NewReservation {
		return {
			...reservationOf(claim.selection, {
				id: claim.reservationId,
				owner: this.owner,
				jobId: claim.jobId,
				expiresInSeconds: CLAIM_LEASE_SECONDS,
				fleet,
				nowMs: this.clock.nowMs(),
			}),
			...claim.told(this.clock.nowMs()),
		};
	}

	/** A turn for a job that another process holds. */
	grant(entry: WaitingEntry, selection: Claim['selection'], fleet: FleetSnapshot): NewReservation {
		const nowMs = this.clock.nowMs();
		const facts = { id: `grant ${entry.key}`, owner: entry.owner, jobId: entry.key, fleet, nowMs };
		return reservationOf(selection, {
			...facts,
			expiresInSeconds: GRANT_LEASE_SECONDS,
			grantedKey: entry.key,
		});
	}

	/** The turn is in the book now. */
	granted(key: string | null): void {
		const now = this.clock.nowMs();
		for (const [old] of this.grantedMs) if (!this.didNotTake(old, now)) this.grantedMs.delete(old);
		if (key !== null) this.grantedMs.set(key, now);
	}

	/** Turns that others have given to jobs of this room, by key. */
	grants(): Reservation[] {
		return this.book.reservations.filter(
			(one) => one.owner === this.owner && one.granted_key !== null,
		);
	}

	/** Removes a reservation that is no claim of this room. */
	drop(id: string): void {
		this.toRelease.add(id);
		this.write();
	}

	/** Forgets a grant that was taken or refused, so that the next look at the book does not count it. */
	forget(id: string): void {
		const reservations = this.book.reservations.filter((one) => one.id !== id);
		this.book = { ...this.book, reservations };
	}

	/** Jobs of others that may be planned for, with the spans of now. */
	othersWaiting(): WaitingEntry[] {
		const now = this.clock.nowMs();
		const age = (now - this.readMs) / 1000;
		if (age * 1000 > OLDEST_BOOK_MS) return [];
		const served = new Set(this.book.reservations.map((one) => one.granted_key));
		return this.book.waiting
			.filter(
				(one) =>
					one.owner !== this.owner &&
					one.scope === this.scope &&
					!served.has(one.key) &&
					!this.didNotTake(one.key, now),
			)
			.map((one) => ({
				...one,
				waited_seconds: one.waited_seconds + age,
				deadline_seconds: one.deadline_seconds - age,
			}));
	}

	/** Whoever was given a turn and let it pass is gone, or cannot reach the server. */
	private didNotTake(key: string, now: number): boolean {
		const grantedMs = this.grantedMs.get(key);
		return grantedMs !== undefined && now - grantedMs < 3 * GRANT_LEASE_SECONDS * 1000;
	}

	/** Jobs that go on waiting, for the plans of the others. */
	publish(
		entries: readonly Omit<NewWaitingEntry, 'owner' | 'scope' | 'expires_in_seconds'>[],
	): void {
		if (!this.isShared) return;
		const now = this.clock.nowMs();
		const due = entries.filter(
			({ key }) => now - (this.published.get(key) ?? -Infinity) >= WAITING_TELL_MS,
		);
		if (due.length === 0) return;
		this.listener ??= this.port.listen(this.owner, this.wake);
		for (const { key } of due) this.published.set(key, now);
		const wait = due.map((entry) => ({
			...entry,
			owner: this.owner,
			scope: this.scope,
			expires_in_seconds: WAITING_LEASE_SECONDS,
		}));
		// one that cannot be told is told again soon
		void this.port.apply({ wait }).catch(() => undefined);
	}

	/** A job is no longer held. */
	leave(key: string): void {
		if (!this.published.delete(key)) return;
		this.toStop.add(key);
		this.write();
	}

	/** News of a claim: made, submitted. */
	tell(claim: Claim): void {
		this.toTell.set(claim.reservationId, claim);
		this.write();
		this.tellSometimes();
	}

	/** @param wakeOthers nobody of this room is waiting, so others should look */
	release(claim: Claim, wakeOthers: boolean): void {
		this.toTell.delete(claim.reservationId);
		this.toRelease.add(claim.reservationId);
		if (wakeOthers && this.isShared) this.toWake.add('*');
		this.write();
	}

	/** At the end: waits for what is being written, for at most this long. Never rejects. */
	async settle(waitMs: number): Promise<void> {
		if (this.writing === null) return;
		const waited = new AbortController();
		const limit = this.clock.sleep(waitMs, waited.signal).catch(() => undefined);
		await Promise.race([this.writing, limit]);
		waited.abort(new Error('settled'));
	}

	close(): void {
		this.listener?.close();
		this.listener = null;
		this.telling?.abort(new Error('closed'));
	}

	/** Renews all claims as long as there are any. */
	private tellSometimes(): void {
		if (this.telling !== null || this.claims.size === 0) return;
		const pause = new AbortController();
		this.telling = pause;
		this.clock.sleep(TELL_EVERY_MS, pause.signal).then(
			() => {
				this.telling = null;
				for (const claim of this.claims) this.toTell.set(claim.reservationId, claim);
				this.write();
				this.tellSometimes();
			},
			() => {
				this.telling = null;
			},
		);
	}

	private write(): void {
		this.writing ??= this.writeAll().finally(() => {
			this.writing = null;
		});
	}

	private async writeAll(): Promise<void> {
		// what is said in the same turn goes together
		await Promise.resolve();
		for (let failures = 0; failures < 3 && this.hasNews();) {
			const told = [...this.toTell.values()];
			const changes: BookChanges = {
				reserve: told.map((claim) => this.reservation(claim, { servers: this.servers })),
				...this.takeFindings(),
				stop_waiting: [...this.toStop],
				wake: [...this.toWake],
			};
			this.toTell.clear();
			this.toStop.clear();
			this.toWake.clear();
			try {
				await this.port.apply(changes);
			} catch {
				failures += 1;
				for (const id of changes.release ?? []) this.toRelease.add(id);
				for (const key of changes.stop_waiting ?? []) this.toStop.add(key);
				for (const claim of told) {
					if (this.claims.has(claim)) this.toTell.set(claim.reservationId, claim);
				}
				await this.clock.sleep(AGAIN_MS);
			}
		}
	}

	private hasNews(): boolean {
		return this.toTell.size + this.toRelease.size + this.toStop.size + this.toWake.size > 0;
	}
}
