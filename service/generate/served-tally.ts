/** What users of one fleet were lately given by this process, fading: so that nobody has all of a saturated fleet. */
import type { SelectedDecision, ServedLately } from '../../lib/selection/types';

/** What was given this long ago counts half. */
const HALF_LIFE_MS = 5 * 60_000;
const FORGOTTEN_SECONDS = 0.01;

export class ServedTally {
	private readonly seconds = new Map<string, number>();
	private atMs = 0;

	add({ request, estimate }: SelectedDecision, nowMs: number): void {
		this.fade(nowMs);
		const user = request.user_id ?? '';
		const given = estimate.load_seconds + estimate.run_seconds;
		this.seconds.set(user, (this.seconds.get(user) ?? 0) + given);
	}

	at(nowMs: number): ServedLately[] {
		this.fade(nowMs);
		return [...this.seconds].map(([user_id, gpu_seconds]) => ({ user_id, gpu_seconds }));
	}

	private fade(nowMs: number): void {
		const factor = 2 ** (-Math.max(0, nowMs - this.atMs) / HALF_LIFE_MS);
		this.atMs = Math.max(this.atMs, nowMs);
		for (const [user, seconds] of this.seconds) {
			const rest = seconds * factor;
			if (rest < FORGOTTEN_SECONDS) this.seconds.delete(user);
			else this.seconds.set(user, rest);
		}
	}
}
