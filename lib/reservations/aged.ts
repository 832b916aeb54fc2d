/** A book that was read a while ago, as it would be now if nothing had been written since. Pure. */
import type { ReservationBook } from './types';

/** @param seconds since it was read */
export function agedBook(book: ReservationBook, seconds: number): ReservationBook {
	return {
		reservations: book.reservations
			.filter((one) => one.expires_in_seconds > seconds)
			.map((one) => ({
				...one,
				told_seconds_ago: one.told_seconds_ago + seconds,
				made_seconds_ago: one.made_seconds_ago + seconds,
				submitted_seconds_ago:
					one.submitted_seconds_ago === null ? null : one.submitted_seconds_ago + seconds,
				deadline_seconds: one.deadline_seconds === null ? null : one.deadline_seconds - seconds,
				expires_in_seconds: one.expires_in_seconds - seconds,
			})),
		// who waits with others cannot be given a turn without them
		waiting: [],
	};
}
