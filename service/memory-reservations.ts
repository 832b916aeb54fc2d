/** The reservation book of one process, for where there is no database: the same rules, nobody else to see it. */
import type { Clock, ReservationPort } from '../lib/ports';
import type {
	BookChanges,
	NewReservation,
	NewWaitingEntry,
	ReservationBook,
} from '../lib/reservations/types';

const MS_PER_SECOND = 1000;

interface Held {
	told: NewReservation;
	madeMs: number;
	toldMs: number;
	submittedMs: number | null;
}

export class MemoryReservations implements ReservationPort {
	readonly reach = 'process';
	private readonly held = new Map<string, Held>();
	private readonly waiting = new Map<string, { entry: NewWaitingEntry; toldMs: number }>();
	private readonly listeners = new Map<() => void, string>();

	constructor(private readonly clock: Clock) {}

	async read(): Promise<ReservationBook> {
		return this.book();
	}

	async exclusively<T>(
		decide: (book: ReservationBook) => { changes: BookChanges; result: T },
	): Promise<T> {
		// nothing of the process runs in between
		const { changes, result } = decide(this.book());
		this.change(changes);
		return result;
	}

	async apply(changes: BookChanges): Promise<void> {
		this.change(changes);
	}

	listen(owner: string, wake: () => void): { close(): void } {
		this.listeners.set(wake, owner);
		return { close: () => void this.listeners.delete(wake) };
	}

	private change(changes: BookChanges): void {
		const nowMs = this.clock.nowMs();
		for (const told of changes.reserve ?? []) this.reserve(told, nowMs);
		for (const { id, prompt_id } of changes.found ?? []) {
			const one = this.held.get(id);
			if (!one || one.told.prompt_id !== null) continue;
			one.told = { ...one.told, prompt_id };
			one.submittedMs = nowMs;
		}
		for (const id of changes.release ?? []) this.held.delete(id);
		for (const entry of changes.wait ?? []) this.waiting.set(entry.key, { entry, toldMs: nowMs });
		for (const key of changes.stop_waiting ?? []) this.waiting.delete(key);
		const woken = changes.wake ?? [];
		for (const [wake, owner] of this.listeners) {
			if (woken.includes(owner) || woken.includes('*')) wake();
		}
	}

	private reserve(told: NewReservation, nowMs: number): void {
		const before = this.held.get(told.id);
		this.held.set(told.id, {
			told,
			madeMs: before?.madeMs ?? nowMs,
			toldMs: nowMs,
			submittedMs: told.submitted ? (before?.submittedMs ?? nowMs) : null,
		});
	}

	private book(): ReservationBook {
		const nowMs = this.clock.nowMs();
		const since = (ms: number) => (nowMs - ms) / MS_PER_SECOND;
		for (const [id, { told, toldMs }] of this.held) {
			if (since(toldMs) >= told.expires_in_seconds) this.held.delete(id);
		}
		for (const [key, { entry, toldMs }] of this.waiting) {
			if (since(toldMs) >= entry.expires_in_seconds) this.waiting.delete(key);
		}
		return {
			reservations: [...this.held.values()].map(({ told, madeMs, toldMs, submittedMs }) => ({
				...told,
				told_seconds_ago: since(toldMs),
				made_seconds_ago: since(madeMs),
				submitted_seconds_ago: submittedMs === null ? null : since(submittedMs),
				deadline_seconds:
					told.deadline_seconds === null ? null : told.deadline_seconds - since(toldMs),
				expires_in_seconds: told.expires_in_seconds - since(toldMs),
			})),
			waiting: [...this.waiting.values()].map(({ entry, toldMs }) => ({
				...entry,
				waited_seconds: entry.waited_seconds + since(toldMs),
				deadline_seconds: entry.deadline_seconds - since(toldMs),
			})),
		};
	}
}
