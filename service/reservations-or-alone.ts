/**
 * A book that others see, as long as it can be reached. Owns that a database that is away stops no job: then this process
 * decides by what it knows itself, asks again soon, and can say so.
 */
import { RouterError } from '../lib/errors';
import type { Clock, ReservationPort } from '../lib/ports';
import type { BookChanges, ReservationBook } from '../lib/reservations/types';
import { MemoryReservations } from './memory-reservations';

/** The next decision after so long asks the database again. */
const ALONE_FOR_MS = 5_000;

export class ReservationsOrAlone implements ReservationPort {
	private readonly own: MemoryReservations;
	private aloneUntilMs = -Infinity;
	/** Why the last attempt to reach the others failed; null: it did not. */
	lost: RouterError | null = null;

	constructor(
		private readonly shared: ReservationPort,
		private readonly clock: Clock,
	) {
		this.own = new MemoryReservations(clock);
	}

	get reach(): ReservationPort['reach'] {
		return this.shared.reach;
	}

	get where(): string {
		return this.shared.where;
	}

	read(): Promise<ReservationBook> {
		return this.withEither((port) => port.read());
	}

	exclusively<T>(
		decide: (book: ReservationBook) => { changes: BookChanges; result: T },
		without?: 'waiting',
	): Promise<T> {
		return this.withEither((port) => port.exclusively(decide, without));
	}

	/** What is told while the others are away is told to this process alone; whoever holds it tells it again. */
	apply(changes: BookChanges): Promise<void> {
		return this.withEither((port) => port.apply(changes));
	}

	listen(owner: string, wake: () => void): { close(): void } {
		return this.shared.listen(owner, wake);
	}

	private async withEither<T>(call: (port: ReservationPort) => Promise<T>): Promise<T> {
		if (this.clock.nowMs() < this.aloneUntilMs) return call(this.own);
		try {
			const result = await call(this.shared);
			this.lost = null;
			return result;
		} catch (error) {
			// what is not the database's fault is the caller's to hear
			if (!(error instanceof RouterError) || !error.code.startsWith('POSTGRES_')) throw error;
			this.lost = error;
			this.aloneUntilMs = this.clock.nowMs() + ALONE_FOR_MS;
			return call(this.own);
		}
	}
}
