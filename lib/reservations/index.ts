/** Reservations: what processes that share servers know of each other's plans. Re-exports only. */
export { agedBook } from './aged';
export { type ReservationFacts, reservationOf } from './from-selection';
export {
	type Ages,
	isSameServer,
	type LaidOver,
	layOver,
	type ReservedFleet,
	withReservations,
} from './lay-over';
export * from './types';
