/** Checks and cleans usage rows before they are stored: every fault of every row is named, nothing is guessed. */
import { invalidInput, type Problem, type RouterError } from '../errors';
import { storableExcerpt, storableText } from '../storable-text';
import { type ColumnKind, MAX_INTEGER, USAGE_COLUMNS, type UsageColumn } from './columns';
import { TIMING_SOURCES, USAGE_STATUSES, type UsageRow } from './types';

const ALLOWED: Partial<Record<keyof UsageRow, readonly string[]>> = {
	status: USAGE_STATUSES,
	timing_source: TIMING_SOURCES,
};

const RANGES = new Map(
	USAGE_COLUMNS.map((column) => {
		const largest = { ratio: 1, integer: MAX_INTEGER } as Partial<Record<ColumnKind, number>>;
		const byKind = largest[column.kind] ?? Number.MAX_SAFE_INTEGER;
		return [column, { min: column.min ?? 0, max: column.max ?? byKind }] as const;
	}),
);

export interface CheckedRows {
	/** Cleaned rows in the order given; empty where there is a problem. */
	rows: UsageRow[];
	/** Paths are `rows[index].column`. */
	problems: Problem[];
}

/**
 * @param rows rows from anywhere
 * @returns cleaned rows, or every problem of every row
 */
export function checkUsageRows(rows: readonly UsageRow[]): CheckedRows {
	const problems: Problem[] = [];
	const clean = rows.map((row, index) => checkRow(row, index, problems));
	return { rows: problems.length > 0 ? [] : clean, problems };
}

/** The error that names every faulty row. */
export function usageInvalid(problems: Problem[]): RouterError {
	return invalidInput('USAGE_INVALID', 'The usage to log', problems);
}

/** Rows that need no cleaning are passed on as they are: at 10,000 rows a copy of each is felt. */
function checkRow(row: UsageRow, index: number, problems: Problem[]): UsageRow {
	let clean = row as unknown as Record<string, unknown>;
	for (const column of USAGE_COLUMNS) {
		const value: unknown = row[column.name];
		let checked: unknown = null;
		if (value !== null && value !== undefined) {
			checked = checkValue(value, index, column, problems);
		} else if (column.required) {
			report(problems, index, column, 'is missing', 'Give it a value.');
		}
		if (checked === value || (value === undefined && column.optional)) continue;
		if ((clean as unknown) === row) clean = { ...row };
		clean[column.name] = checked;
	}
	return clean as unknown as UsageRow;
}

function checkValue(
	value: unknown,
	index: number,
	column: UsageColumn,
	problems: Problem[],
): unknown {
	switch (column.kind) {
		case 'text':
			return checkText(value, index, column, problems);
		case 'boolean':
			if (typeof value !== 'boolean') wrongType(problems, index, column, value, 'true or false');
			return value;
		case 'time':
			return checkTime(value, index, column, problems);
		default:
			return checkNumber(value, index, column, problems);
	}
}

function checkText(
	value: unknown,
	index: number,
	column: UsageColumn,
	problems: Problem[],
): unknown {
	if (typeof value !== 'string') {
		wrongType(problems, index, column, value, 'a text');
		return value;
	}
	const allowed = ALLOWED[column.name];
	if (allowed && !allowed.includes(value)) {
		report(problems, index, column, 'is not a known value', `Use one of ${allowed.join(', ')}.`);
		return value;
	}
	if (!column.identity) return storableExcerpt(value, column.maxLength ?? Infinity);
	const text = storableText(value);
	if (text === '') {
		report(problems, index, column, 'is empty', 'Give a name that is unique to the job.');
	} else if (text.length > (column.maxLength ?? Infinity)) {
		const hint = `Use at most ${column.maxLength} characters, for example a hash of it.`;
		report(problems, index, column, `has ${text.length} characters`, hint);
	}
	return text;
}

function checkNumber(
	value: unknown,
	index: number,
	column: UsageColumn,
	problems: Problem[],
): unknown {
	if (typeof value !== 'number') {
		wrongType(problems, index, column, value, 'a number');
		return value;
	}
	const { min, max } = RANGES.get(column) as { min: number; max: number };
	const whole = column.kind === 'integer' || column.kind === 'bigint';
	if (!Number.isFinite(value) || value < min || value > max) {
		const hint = `Give a number from ${min} to ${max}, or leave it out.`;
		report(problems, index, column, `is ${value}, out of range`, hint);
	} else if (whole && !Number.isInteger(value)) {
		report(problems, index, column, `is ${value}, not a whole number`, 'Round it.');
	}
	return value;
}

function checkTime(
	value: unknown,
	index: number,
	column: UsageColumn,
	problems: Problem[],
): unknown {
	const time = typeof value === 'string' ? Date.parse(value) : NaN;
	if (Number.isNaN(time)) {
		report(problems, index, column, 'is not a time', 'Use ISO 8601, such as 2026-01-31T12:00:00Z.');
		return value;
	}
	return new Date(time).toISOString();
}

function wrongType(
	problems: Problem[],
	index: number,
	column: UsageColumn,
	value: unknown,
	wanted: string,
): void {
	const got = Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
	report(problems, index, column, `is ${got}, not ${wanted}`, `Give ${wanted}.`);
}

function report(
	problems: Problem[],
	index: number,
	column: UsageColumn,
	message: string,
	hint: string,
): void {
	problems.push({
		path: `rows[${index}].${column.name}`,
		message: `${column.name} ${message}`,
		hint,
	});
}
