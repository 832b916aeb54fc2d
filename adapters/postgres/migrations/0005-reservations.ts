/**
 * What processes that share servers tell each other: who has reserved which server, and who is waiting. Small tables
 * whose rows live for seconds to minutes; every moment in them is the database's own.
 */
import type { Migration } from './migration';

/** Rows are rewritten all the time: room for updates in place, and cleaning that does not wait for a share of few rows. */
const BUSY_TABLE =
	'fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500';

export const reservations: Migration = {
	version: 5,
	name: 'reservations',
	sql: (s) => `
create table ${s}.server_reservation (
	id text primary key,
	job_id text not null,
	owner text not null,
	server text not null,
	server_url text,
	gpu_group text,
	model_name text not null,
	preset text,
	vram_peak_bytes double precision not null,
	remaining_seconds double precision not null,
	told_at timestamptz not null default clock_timestamp(),
	running boolean not null default false,
	deadline_at timestamptz,
	prompt_id text,
	submitted_at timestamptz,
	granted_key text,
	made_at timestamptz not null default clock_timestamp(),
	expires_at timestamptz not null
) with (${BUSY_TABLE});

create table ${s}.waiting_job (
	key text primary key,
	owner text not null,
	scope text not null,
	request jsonb not null,
	asked_at timestamptz not null,
	deadline_at timestamptz not null,
	expires_at timestamptz not null
) with (${BUSY_TABLE});
`,
};
