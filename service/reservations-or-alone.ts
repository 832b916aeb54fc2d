/**
 * A book that others see, as long as it can be reached. Owns that a database that is away stops no job: then this process
 * decides by what it knows itself and last knew of the others, asks again soon, and can say so.
 */
import { RouterError } from '../lib/errors';
import type { Clock, ReservationPort } from '../lib/ports';
import { agedBook, type BookChanges, type ReservationBook } from '../lib/reservations';
import { MemoryReservations } from './memory-reservations';

/** The next decision after so long asks the database again; after each failure twice as long, up to the longest. */
const ALONE_FIRST_MS = 5_000;
const ALONE_LONGEST_MS = 60_000;

export class ReservationsOrAlone implements ReservationPort {
	private readonly own: MemoryReservations;
	private readonly others: LastOfOthers;
	private aloneUntilMs = -Infinity;
	private aloneForMs = ALONE_FIRST_MS;
	/** Why the last attempt to reach the others failed; null: it did not. */
	lost: RouterError | null = null;

	constructor(
		private readonly shared: ReservationPort,
		private readonly clock: Clock,
	) {
		this.own = new MemoryReservations(clock);
		this.others = new LastOfOthers(clock);
	}

	get reach(): ReservationPort['reach'] {
		return this.shared.reach;
	}

	get where(): string {
		return this.shared.where;
	}

	read(): Promise<ReservationBook> {
		return this.sharedOr(
			async () => this.others.remember(await this.shared.read()),
			async () => this.others.with(await this.own.read()),
		);
	}

	exclusively<T>(
		decide: (book: ReservationBook) => { changes: BookChanges; result: T },
		without?: 'waiting',
	): Promise<T> {
		return this.sharedOr(
			() => this.shared.exclusively((book) => decide(this.others.remember(book)), without),
			() =>
				this.own.exclusively((book) => {
					const decided = decide(this.others.with(book));
					this.others.forget(decided.changes);
					return decided;
				}),
		);
	}

	/** What is told while the others are away is told to this process alone; whoever holds it tells it again. */
	apply(changes: BookChanges): Promise<void> {
		return this.sharedOr(
			() => this.shared.apply(changes),
			() => {
				this.others.forget(changes);
				return this.own.apply(changes);
			},
		);
	}

	listen(owner: string, wake: () => void): { close(): void } {
		return this.shared.listen(owner, wake);
	}

	private async sharedOr<T>(shared: () => Promise<T>, alone: () => Promise<T>): Promise<T> {
		if (this.clock.nowMs() < this.aloneUntilMs) return alone();
		try {
			const result = await shared();
			this.lost = null;
			this.aloneForMs = ALONE_FIRST_MS;
			return result;
		} catch (error) {
			// what is not the database's fault is the caller's to hear
			if (!(error instanceof RouterError) || !error.code.startsWith('POSTGRES_')) throw error;
			this.goAlone(error);
			return alone();
		}
	}

	/** Calls that fail at the same time are one failure. */
	private goAlone(error: RouterError): void {
		this.lost = error;
		const nowMs = this.clock.nowMs();
		if (nowMs < this.aloneUntilMs) return;
		this.aloneUntilMs = nowMs + this.aloneForMs;
		this.aloneForMs = Math.min(2 * this.aloneForMs, ALONE_LONGEST_MS);
	}
}

/** What the book said when it could last be read. It expires by itself, as in the book. */
class LastOfOthers {
	private book: ReservationBook = { reservations: [], waiting: [] };
	private readMs = -Infinity;

	constructor(private readonly clock: Clock) {}

	/** @returns the same */
	remember(book: ReservationBook): ReservationBook {
		this.book = book;
		this.readMs = this.clock.nowMs();
		return book;
	}

	/** What this process holds itself it knows better. */
	with(own: ReservationBook): ReservationBook {
		const known = new Set(own.reservations.map((one) => one.id));
		const aged = agedBook(this.book, (this.clock.nowMs() - this.readMs) / 1000);
		const others = aged.reservations.filter((one) => !known.has(one.id));
		return { ...own, reservations: [...own.reservations, ...others] };
	}

	forget({ release = [] }: BookChanges): void {
		const gone = new Set(release);
		const reservations = this.book.reservations.filter((one) => !gone.has(one.id));
		this.book = { ...this.book, reservations };
	}
}
