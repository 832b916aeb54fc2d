/**
 * Chooses and reserves in one step, for callers that hand the job over themselves (Select Model, `select`). Owns that
 * nobody else decides in between, that a job which is decided again replaces its own reservation, and that what is not
 * handed over in time is given up.
 */
import { afterSelection } from '../lib/fleet/after-selection';
import { coldStartOn } from '../lib/fleet/cold-start';
import type { FleetSnapshot } from '../lib/fleet/types';
import type { Clock, ReservationPort } from '../lib/ports';
import {
	type BookChanges,
	type NewReservation,
	reservationOf,
	type ReservationBook,
	withReservations,
} from '../lib/reservations';
import type { QuotaState, Selection } from '../lib/selection/types';
import { MOST_RACES, type QuotaDesk, refused } from './quota-desk';

/** A prompt is submitted within seconds of its selection; from then on the server's own queue shows it. */
export const DEFAULT_LEASE_SECONDS = 30;
/** Starts take longer than declared, too. */
const STARTS_WAITED = 1.5;

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
	return parts.port.exclusively((book) => decideAll(parts, book, jobIds, decide), 'waiting');
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
			const made = leaseSeconds > 0 ? reservationFor(parts, decided.selection, leaseSeconds) : null;
			if (made !== null) reserve.set(made.id, made);
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

/** Also says in the selection that it is reserved. null: a refusal, or a job without a name that could be given back. */
function reservationFor(
	{ port, fleet, clock }: ReserveParts,
	selection: Selection,
	leaseSeconds: number,
): NewReservation | null {
	if (selection.decision !== 'selected' || selection.job_id === null) return null;
	const nowMs = clock.nowMs();
	const id = reservationIdOf(selection.job_id);
	// a server that is off takes the prompt once it has started, and is started for what is reserved there
	const startSeconds = STARTS_WAITED * (coldStartOn(fleet, selection.server) ?? 0);
	const expiresInSeconds = leaseSeconds + startSeconds;
	selection.reservation = { id, expires_in_seconds: expiresInSeconds, reach: port.reach };
	return reservationOf(selection, {
		id,
		owner: id,
		jobId: id,
		expiresInSeconds,
		fleet,
		nowMs,
	});
}

export interface QuotaJob {
	jobId: string | null;
	userId: string | null;
}

/**
 * The same within quotas: what is left is looked up before, and reserved after the decision; a job that lost that race is
 * decided anew.
 * @param desk null: nobody is limited
 */
export async function selectAndReserveWithinQuota<D extends OneDecided>(
	parts: ReserveParts,
	desk: QuotaDesk | null,
	jobs: readonly QuotaJob[],
	decide: (index: number, fleet: FleetSnapshot, quotas?: QuotaState[]) => D,
): Promise<Outcome<D>[]> {
	const quotas = await desk?.left(jobs.map(({ userId }) => userId));
	const outcomes = await selectAndReserve(
		parts,
		jobs.map(({ jobId }) => jobId),
		(index, fleet) => decide(index, fleet, quotas),
	);
	if (desk === null) return outcomes;
	for (const [index, job] of jobs.entries()) {
		const again = async (): Promise<Outcome<D>> => {
			const left = await desk.left([job.userId]);
			const one = await selectAndReserve(parts, [job.jobId], (_one, fleet) =>
				decide(index, fleet, left),
			);
			return one[0] as Outcome<D>;
		};
		outcomes[index] = await granted(parts, desk, job, outcomes[index] as Outcome<D>, again);
	}
	return outcomes;
}

async function granted<D extends OneDecided>(
	{ port }: ReserveParts,
	desk: QuotaDesk,
	{ jobId }: QuotaJob,
	first: Outcome<D>,
	again: () => Promise<Outcome<D>>,
): Promise<Outcome<D>> {
	let outcome = first;
	for (let race = 0; ; race++) {
		if ('error' in outcome || jobId === null) return outcome;
		const { selection } = outcome.decided;
		if (selection.decision === 'rejected') return outcome;
		if ((await desk.reserve(selection, jobId, null)).granted) return outcome;
		if (race >= MOST_RACES) {
			await releaseSelections([port], [selection]);
			return { decided: { ...outcome.decided, selection: refused(selection) } };
		}
		outcome = await again();
	}
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
