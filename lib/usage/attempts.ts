/**
 * Which attempt of its job each row is, and whether it is there already. Pure: what the store holds comes in.
 *
 * The rule. A row is *the same* as a stored one of its job when both name the same prompt; or, where the new row
 * names no prompt, when it names a stored attempt, or its facts (status, server, model, preset, error, times given
 * by the caller) equal those of a stored row without a prompt. The same again changes nothing. Everything else is
 * another attempt: it gets the number it asks for if that is free, else the next one. No row is ever dropped for
 * having the number of a different one.
 */
import type { UsageReceipt, UsageRow } from './types';

/** What decides identity, of a row that is stored. Facts may be null where `prompt_id` is given. */
export type StoredAttempt = Pick<
	UsageRow,
	| 'job_id'
	| 'prompt_id'
	| 'server'
	| 'model_name'
	| 'preset'
	| 'error_code'
	| 'timing_source'
	| 'actual_seconds'
> & { attempt: number; status: string | null };

export interface ResolvedAttempts {
	/** Rows to insert, with their attempt numbers. */
	fresh: UsageRow[];
	/** One per row given, in order. `inserted` is true for the fresh ones. */
	receipts: UsageReceipt[];
}

/**
 * @param rows cleaned rows; several of one job are numbered in the order given
 * @param stored every stored attempt of these jobs
 */
export function resolveAttempts(
	rows: readonly UsageRow[],
	stored: readonly StoredAttempt[],
): ResolvedAttempts {
	const byJob = new Map<string, StoredAttempt[]>();
	for (const attempt of stored) {
		const known = byJob.get(attempt.job_id);
		if (known) known.push(attempt);
		else byJob.set(attempt.job_id, [attempt]);
	}
	const fresh: UsageRow[] = [];
	const receipts = rows.map((row): UsageReceipt => {
		let known = byJob.get(row.job_id);
		if (!known) byJob.set(row.job_id, (known = []));
		const same = findSame(row, known);
		if (same) return { job_id: row.job_id, attempt: same.attempt, inserted: false };
		const attempt = freeNumber(row.attempt, known);
		const numbered = { ...row, attempt };
		known.push(numbered);
		fresh.push(numbered);
		return { job_id: row.job_id, attempt, inserted: true };
	});
	return { fresh, receipts };
}

function findSame(row: UsageRow, known: readonly StoredAttempt[]): StoredAttempt | undefined {
	if (known.length === 0) return undefined;
	if (row.prompt_id !== null) return known.find((other) => other.prompt_id === row.prompt_id);
	if (row.attempt !== null) return known.find((other) => other.attempt === row.attempt);
	return known.find((other) => other.prompt_id === null && sameFacts(row, other));
}

function sameFacts(row: UsageRow, other: StoredAttempt): boolean {
	return (
		row.status === other.status &&
		row.server === other.server &&
		row.model_name === other.model_name &&
		row.preset === other.preset &&
		row.error_code === other.error_code &&
		row.timing_source === other.timing_source &&
		// wall time differs at every try; a time that the caller gave does not
		(row.timing_source === 'wall' || row.actual_seconds === other.actual_seconds)
	);
}

function freeNumber(wanted: number | null, known: readonly StoredAttempt[]): number {
	if (wanted !== null && !known.some((other) => other.attempt === wanted)) return wanted;
	return known.reduce((most, other) => Math.max(most, other.attempt), 0) + 1;
}
