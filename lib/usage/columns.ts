/**
 * The columns of `model_usage_log` that a caller fills, with the values each can hold.
 * Owns kinds and limits, checked before anything is sent; knows no SQL.
 */
import type { UsageRow } from './types';

/** How a column's value is checked and stored. */
export type ColumnKind = 'text' | 'integer' | 'bigint' | 'real' | 'ratio' | 'boolean' | 'time';

export interface UsageColumn {
	name: keyof UsageRow;
	kind: ColumnKind;
	/** Most characters of a text; longer ones are cut with a mark, identities are refused. */
	maxLength?: number;
	/** A value must be there. */
	required?: true;
	/** Part of what says which attempt this is: never changed to make it fit. */
	identity?: true;
	/** A row may do without the field itself. */
	optional?: true;
	/** Least number. Default 0. */
	min?: number;
	/** Greatest number. Default: what the column's type holds. */
	max?: number;
}

/** Longest identifier, in characters: four bytes each still fit a PostgreSQL index entry. */
export const MAX_IDENTIFIER_LENGTH = 500;
/** Longest sentence kept, in characters: errors of servers can be megabytes. */
export const MAX_SENTENCE_LENGTH = 4000;
/** 100 years: anything above is a unit mistake, such as milliseconds since the epoch. */
export const MAX_SECONDS = 100 * 366 * 86_400;
/** Greatest 32-bit integer, the type of the integer columns. */
export const MAX_INTEGER = 2_147_483_647;

const name = (column: keyof UsageRow): UsageColumn => ({
	name: column,
	kind: 'text',
	maxLength: MAX_IDENTIFIER_LENGTH,
});
const count = (column: keyof UsageRow): UsageColumn => ({ name: column, kind: 'integer' });
const seconds = (column: keyof UsageRow): UsageColumn => ({
	name: column,
	kind: 'real',
	max: MAX_SECONDS,
});
const cost = (column: keyof UsageRow): UsageColumn => ({ name: column, kind: 'real', max: 1e12 });
const sentence = (column: keyof UsageRow): UsageColumn => ({
	name: column,
	kind: 'text',
	maxLength: MAX_SENTENCE_LENGTH,
});

/** In the table's order. */
export const USAGE_COLUMNS: readonly UsageColumn[] = [
	{ ...name('job_id'), required: true, identity: true },
	{ name: 'attempt', kind: 'integer', min: 1, identity: true },
	name('user_id'),
	name('workflow_id'),
	name('execution_id'),
	name('server'),
	name('model_name'),
	name('preset'),
	name('purpose'),
	name('urgency'),
	count('width'),
	count('height'),
	count('batch_size'),
	count('steps'),
	{ name: 'cfg', kind: 'real', max: 1e6 },
	sentence('selection_reason'),
	{ ...name('status'), required: true },
	{ name: 'degraded', kind: 'boolean', required: true },
	name('error_code'),
	sentence('error_message'),
	seconds('estimated_seconds'),
	seconds('actual_seconds'),
	seconds('queue_seconds'),
	seconds('load_seconds'),
	seconds('run_seconds'),
	name('timing_source'),
	{ name: 'cold', kind: 'boolean' },
	{ ...seconds('deadline_seconds'), min: -MAX_SECONDS },
	{ name: 'on_time', kind: 'boolean' },
	cost('estimated_cost'),
	cost('actual_cost'),
	{ name: 'quality_estimated', kind: 'ratio' },
	{ name: 'quality_feedback', kind: 'ratio' },
	{ name: 'vram_peak_bytes', kind: 'bigint' },
	{ ...name('prompt_id'), identity: true },
	{ name: 'created_at', kind: 'time', optional: true },
	{ name: 'exploration_probability', kind: 'ratio', optional: true },
	{ ...name('cost_unit'), optional: true },
];
