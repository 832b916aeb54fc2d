/** Reservations as tests make them: everything given, what matters overridden. */
import type { NewReservation, Reservation } from '../../lib/reservations';

export function newReservation(rest: Partial<NewReservation> = {}): NewReservation {
	return {
		id: 'r1',
		job_id: 'job-1',
		owner: 'worker-1',
		server: 's1',
		server_url: null,
		gpu_group: null,
		model_name: 'heavy',
		preset: 'full',
		vram_peak_bytes: 10e9,
		remaining_seconds: 20,
		running: false,
		deadline_seconds: 90,
		prompt_id: null,
		submitted: false,
		expires_in_seconds: 30,
		granted_key: null,
		...rest,
	};
}

export function reservation(rest: Partial<Reservation> = {}): Reservation {
	const { submitted, ...told } = newReservation();
	return {
		...told,
		told_seconds_ago: 0,
		submitted_seconds_ago: submitted ? 0 : null,
		made_seconds_ago: 0,
		...rest,
	};
}
