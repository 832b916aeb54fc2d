/**
 * Reservations: what processes that use the same servers tell each other. Types only. All times are spans in seconds by
 * the one clock of whoever keeps the book, so that the clocks of the machines do not matter.
 */

/** What is told of a claim on a server's time and memory. It expires unless it is told anew before. */
interface ReservationTerms {
	id: string;
	job_id: string;
	/** The process that renews it; it expires where that process dies. */
	owner: string;
	server: string;
	server_url: string | null;
	gpu_group: string | null;
	model_name: string;
	preset: string | null;
	vram_peak_bytes: number;
	/** Seconds the job needs of its server from when it has its turn, as last told. */
	remaining_seconds: number;
	running: boolean;
	/** From now; null: none. */
	deadline_seconds: number | null;
	/** null: not known (yet). */
	prompt_id: string | null;
	expires_in_seconds: number;
	/** Of the waiting job that was given this turn by another process and has not taken it yet, else null. */
	granted_key: string | null;
}

/** A claim on a server's time and memory, as others see it. */
export interface Reservation extends ReservationTerms {
	/** Since `remaining_seconds` was told. */
	told_seconds_ago: number;
	/** Since the server accepted the prompt; null: not yet, as far as is known. */
	submitted_seconds_ago: number | null;
	made_seconds_ago: number;
}

/** A reservation to be made, or made anew: the same id replaces what was told before. */
export interface NewReservation extends ReservationTerms {
	/** The server has accepted the prompt. */
	submitted: boolean;
}

/** A job held back by one process, for the plans of the others. Holds no prompt text. */
export interface WaitingEntry {
	key: string;
	owner: string;
	/** Processes that plan together have the same one: same catalog, same servers. */
	scope: string;
	request: Record<string, unknown>;
	waited_seconds: number;
	/** From now; may be negative. */
	deadline_seconds: number;
}

export interface NewWaitingEntry extends WaitingEntry {
	expires_in_seconds: number;
}

/** What is reserved and who waits, at one moment. Expired entries are not in it. */
export interface ReservationBook {
	reservations: Reservation[];
	waiting: WaitingEntry[];
}

/** Writes of one moment: all or none. */
export interface BookChanges {
	reserve?: NewReservation[];
	/** Found in the server's queue for a reservation that had no prompt. */
	found?: { id: string; prompt_id: string }[];
	release?: string[];
	/** The same key again replaces it. */
	wait?: NewWaitingEntry[];
	stop_waiting?: string[];
	/** Owners to be woken; '*': all. */
	wake?: string[];
}

export const NO_CHANGES: BookChanges = {};

export function hasChanges(changes: BookChanges): boolean {
	return Object.values(changes).some((list) => (list as unknown[]).length > 0);
}
