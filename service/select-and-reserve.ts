/**
 * Chooses and reserves in one step, for callers that hand the job over themselves (Select Model, `select`). Owns that
 * nobody else decides in between, that a job which is decided again replaces its own reservation, and that what is not
 * handed over in time is given up.
 */
import { afterSelection } from '../lib/fleet/after-selection';
import type { FleetSnapshot } from '../lib/fleet/types';
import type { Clock, ReservationPort } from '../lib/ports';
import {
	type BookChanges,
	type NewReservation,
	reservationOf,
	type ReservationBook,
	withReservations,
} from '../lib/reservations';
import type { SelectedDecision, Selection } from '../lib/selection/types';

/** A prompt is submitted within seconds of its selection; from then on the server's own queue shows it. */
export const DEFAULT_LEASE_SECONDS = 30;

export interface ReserveParts {
	port: ReservationPort;
	/** As read from the servers; left as it is. */
	fleet: FleetSnapshot;
	/** When that reading began, ms since the epoch. */
	readBeganMs: number;
	clock: Clock;
	/** Default 30. 0: decide only, with what the others have reserved. */
	leaseSeconds?: number;
}

/** What a caller makes of one job. */
export interface OneDecided {
	selection: Selection;
}

export type Outcome<D> = { decided: D } | { error: unknown };

/** The id of a job's reservation: the same job decided again means the same one. */
export function reservationIdOf(jobId: string): string {
	return `select ${jobId}`;
}

/**
 * @param jobIds of the jobs, in order; null: not known before it is decided
 * @param decide one job on the fleet as it is for it; may be called again; what it throws is that job's outcome
 * @returns an outcome for every job, in order
 */
export async function selectAndReserve<D extends OneDecided>(
	parts: ReserveParts,
	jobIds: readonly (string | null)[],
	decide: (index: number, fleet: FleetSnapshot) => D,
): Promise<Outcome<D>[]> {
	if (jobIds.length === 0) return [];
	return parts.port.exclusively((book) => decideAll(parts, book, jobIds, decide));
}

function decideAll<D extends OneDecided>(
	parts: ReserveParts,
	book: ReservationBook,
	jobIds: readonly (string | null)[],
	decide: (index: number, fleet: FleetSnapshot) => D,
): { changes: BookChanges; result: Outcome<D>[] } {
	const { clock, readBeganMs, leaseSeconds = DEFAULT_LEASE_SECONDS } = parts;
	const own = new Set(jobIds.flatMap((id) => (id === null ? [] : [reservationIdOf(id)])));
	const ages = { readingSeconds: (clock.nowMs() - readBeganMs) / 1000, bookSeconds: 0 };
	const seen = withReservations(parts.fleet, book, () => ages, own);
	let fleet = seen.fleet;
	const reserve = new Map<string, NewReservation>();
	const result = jobIds.map((_id, index): Outcome<D> => {
		try {
			const decided = decide(index, fleet);
			// only now: a job that fails leaves nothing behind that later ones would wait for
			fleet = afterSelection(fleet, decided.selection);
			if (decided.selection.decision === 'selected' && leaseSeconds > 0) {
				const made = reservationFor(parts, decided.selection, leaseSeconds);
				reserve.set(made.id, made);
			}
			return { decided };
		} catch (error) {
			return { error };
		}
	});
	const replaced = [...own].filter((id) => !reserve.has(id) && isHeld(book, id));
	return {
		changes: {
			reserve: [...reserve.values()],
			found: seen.found,
			release: [...seen.over, ...replaced],
		},
		result,
	};
}

function isHeld(book: ReservationBook, id: string): boolean {
	return book.reservations.some((one) => one.id === id);
}

/** Also says in the selection that it is reserved. */
function reservationFor(
	{ port, fleet, clock }: ReserveParts,
	selection: SelectedDecision,
	leaseSeconds: number,
): NewReservation {
	const nowMs = clock.nowMs();
	const id = reservationIdOf(selection.job_id ?? `${selection.server} ${nowMs}`);
	selection.reservation = { id, expires_in_seconds: leaseSeconds, reach: port.reach };
	return reservationOf(selection, {
		id,
		owner: id,
		jobId: id,
		expiresInSeconds: leaseSeconds,
		fleet,
		nowMs,
	});
}

/** Gives up what was reserved with these selections; a book that is away forgets it by itself. Never rejects. */
export async function releaseSelections(
	ports: readonly ReservationPort[],
	selections: readonly unknown[],
): Promise<void> {
	const release = selections.flatMap((selection) => {
		const { reservation } = (selection ?? {}) as { reservation?: { id?: unknown } | null };
		return typeof reservation?.id === 'string' ? [reservation.id] : [];
	});
	if (release.length === 0) return;
	await Promise.all(ports.map((port) => port.apply({ release }).catch(() => undefined)));
}
