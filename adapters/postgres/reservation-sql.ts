/** The statements of the reservation book as text. Values go in as one JSON literal per list, so that a step is one trip. */
import { escapeLiteral } from 'pg';

import type { BookChanges, NewReservation } from '../../lib/reservations/types';
import { storableText } from '../../lib/storable-text';

/** clock_timestamp, not now(): a transaction that has waited for its lock would see the time before. */
function reservationsSql(schema: string): string {
	return `select r.id, r.job_id, r.owner, r.server, r.server_url, r.gpu_group, r.model_name, r.preset, r.vram_peak_bytes,
	r.remaining_seconds, r.running, r.prompt_id, r.granted_key,
	extract(epoch from t.now - r.told_at)::float8 as told_seconds_ago,
	extract(epoch from r.deadline_at - t.now)::float8 as deadline_seconds,
	extract(epoch from t.now - r.submitted_at)::float8 as submitted_seconds_ago,
	extract(epoch from t.now - r.made_at)::float8 as made_seconds_ago,
	extract(epoch from r.expires_at - t.now)::float8 as expires_in_seconds
from ${schema}.server_reservation r, (select clock_timestamp() as now offset 0) t where r.expires_at > t.now`;
}

function waitingSql(schema: string): string {
	return `select w.key, w.owner, w.scope, w.request, extract(epoch from t.now - w.asked_at)::float8 as waited_seconds,
	extract(epoch from w.deadline_at - t.now)::float8 as deadline_seconds
from ${schema}.waiting_job w, (select clock_timestamp() as now offset 0) t where w.expires_at > t.now`;
}

export function readSql(schema: string): string {
	return `${reservationsSql(schema)};\n${waitingSql(schema)}`;
}

/** Begins a transaction that only one at a time can be in, and reads the book in it. */
export function beginSql(schema: string, lockKey: string, without?: 'waiting'): string {
	// A process that hangs in the middle loses the lock before others have waited too long for it. What is lost with a crash
	// of the database itself is found again in the servers' queues, so a commit need not wait for the disk.
	// The settings hold for the lock behind them in the same list; what is read is of a moment after it.
	return `begin; select set_config('lock_timeout', '10s', true),
	set_config('idle_in_transaction_session_timeout', '5s', true), set_config('synchronous_commit', 'off', true),
	pg_advisory_xact_lock(hashtextextended(${escapeLiteral(lockKey)}, 0));
${without === 'waiting' ? reservationsSql(schema) : readSql(schema)}`;
}

/** @returns '' for no changes */
export function changesSql(schema: string, channel: string, changes: BookChanges): string {
	const statements: string[] = [];
	const add = <T>(list: readonly T[] | undefined, sql: (rows: string) => string): void => {
		if (list && list.length > 0) statements.push(sql(jsonLiteral(list)));
	};
	if (changes.reserve?.length) statements.push(reserveSql(schema, changes.reserve));
	add(
		changes.found,
		(rows) => `update ${schema}.server_reservation r
set prompt_id = f.prompt_id, submitted_at = clock_timestamp()
from jsonb_to_recordset(${rows}) as f (id text, prompt_id text) where r.id = f.id and r.prompt_id is null and r.expires_at > clock_timestamp()`,
	);
	add(changes.release, (ids) => deleteSql(`${schema}.server_reservation`, 'id', ids));
	add(changes.wait, (rows) => waitSql(schema, rows));
	add(changes.stop_waiting, (keys) => deleteSql(`${schema}.waiting_job`, 'key', keys));
	for (const owner of changes.wake ?? []) {
		statements.push(`select pg_notify(${escapeLiteral(channel)}, ${escapeLiteral(owner)})`);
	}
	return statements.join(';\n');
}

/** Rows whose owner has not been heard of. */
export function pruneSql(schema: string): string {
	const dead = (table: string) =>
		`delete from ${schema}.${table} where expires_at < clock_timestamp()`;
	return `${dead('server_reservation')}; ${dead('waiting_job')}`;
}

/** Literal values: this statement is in every decision, and functions over JSON take longer to plan than to run. */
function reserveSql(schema: string, rows: readonly NewReservation[]): string {
	return `insert into ${schema}.server_reservation as r (id, job_id, owner, server, server_url, gpu_group, model_name, preset,
	vram_peak_bytes, remaining_seconds, running, deadline_at, prompt_id, submitted_at, granted_key, expires_at)
values ${rows.map(valuesOf).join(',\n')}
on conflict (id) do update set job_id = excluded.job_id, owner = excluded.owner, server = excluded.server, server_url = excluded.server_url,
	gpu_group = excluded.gpu_group, model_name = excluded.model_name, preset = excluded.preset,
	vram_peak_bytes = excluded.vram_peak_bytes, remaining_seconds = excluded.remaining_seconds,
	running = excluded.running, deadline_at = excluded.deadline_at, told_at = clock_timestamp(),
	prompt_id = excluded.prompt_id, granted_key = excluded.granted_key, expires_at = excluded.expires_at,
	made_at = case when r.expires_at > clock_timestamp() then r.made_at else clock_timestamp() end,
	submitted_at = case when excluded.submitted_at is null or r.expires_at <= clock_timestamp() then excluded.submitted_at
		else coalesce(r.submitted_at, excluded.submitted_at) end`;
}

function valuesOf(row: NewReservation): string {
	const values = [
		...[row.id, row.job_id, row.owner, row.server, row.server_url, row.gpu_group].map(textLiteral),
		...[row.model_name, row.preset].map(textLiteral),
		...[row.vram_peak_bytes, row.remaining_seconds].map((value) => numberLiteral(value)),
		String(row.running),
		row.deadline_seconds === null ? 'null::timestamptz' : inSeconds(row.deadline_seconds),
		textLiteral(row.prompt_id),
		row.submitted ? 'clock_timestamp()' : 'null::timestamptz',
		textLiteral(row.granted_key),
		inSeconds(row.expires_in_seconds),
	];
	return `(${values.join(', ')})`;
}

function textLiteral(text: string | null): string {
	return text === null ? 'null::text' : escapeLiteral(storableText(text));
}

/** @throws RangeError for what is no number: nothing else may become part of a statement */
function numberLiteral(value: number): string {
	if (!Number.isFinite(value))
		throw new RangeError('A reservation has a figure that is no number.');
	return `${value}::float8`;
}

function inSeconds(seconds: number): string {
	return `clock_timestamp() + ${numberLiteral(seconds)} * interval '1 second'`;
}

function waitSql(schema: string, rows: string): string {
	return `insert into ${schema}.waiting_job as w (key, owner, scope, request, asked_at, deadline_at, expires_at)
select key, owner, scope, request, clock_timestamp() - waited_seconds * interval '1 second',
	clock_timestamp() + deadline_seconds * interval '1 second',
	clock_timestamp() + expires_in_seconds * interval '1 second'
from jsonb_to_recordset(${rows}) as n (key text, owner text, scope text, request jsonb, waited_seconds float8,
	deadline_seconds float8, expires_in_seconds float8)
on conflict (key) do update set owner = excluded.owner, scope = excluded.scope,
	request = excluded.request, asked_at = excluded.asked_at, deadline_at = excluded.deadline_at,
	expires_at = excluded.expires_at`;
}

function deleteSql(table: string, column: string, values: string): string {
	return `delete from ${table} where ${column} in (select jsonb_array_elements_text(${values}))`;
}

function jsonLiteral(value: unknown): string {
	const clean = JSON.stringify(value, (_key, one: unknown) =>
		typeof one === 'string' ? storableText(one) : one,
	);
	return `${escapeLiteral(clean)}::jsonb`;
}
