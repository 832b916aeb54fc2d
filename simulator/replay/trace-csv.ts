/** Reads a trace: one job a line. Refuses every line that is not what it should be, all of them at once. */
import { invalidInput, type Problem } from '../../lib/errors';
import { type CsvLine, splitCsv } from './csv';
import type { TraceJob } from './types';

/** In the usual order; any order is read. */
export const TRACE_COLUMNS = [
	'arrival_seconds',
	'purpose',
	'urgency',
	'deadline_seconds',
	'min_quality',
	'width',
	'height',
	'batch_size',
	'user_id',
] as const;
type Column = (typeof TRACE_COLUMNS)[number];

const REQUIRED: readonly Column[] = ['arrival_seconds', 'purpose'];

interface NumberRule {
	min: number;
	/** The least value itself is not allowed. */
	above?: boolean;
	max: number;
	whole?: boolean;
	what: string;
}

const NUMBERS: Partial<Record<Column, NumberRule>> = {
	arrival_seconds: { min: 0, max: 1e9, what: 'seconds from the start, 0 or more' },
	deadline_seconds: { min: 0, above: true, max: 1e9, what: 'seconds from arrival, more than 0' },
	min_quality: { min: 0, max: 1, what: 'a quality from 0 to 1' },
	width: { min: 16, max: 16384, whole: true, what: 'whole pixels from 16 to 16384' },
	height: { min: 16, max: 16384, whole: true, what: 'whole pixels from 16 to 16384' },
	batch_size: { min: 1, max: 512, whole: true, what: 'a whole number from 1 to 512' },
};

/** Plain decimal notation; no hexadecimal, no words. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * @param text the file: a line of column names, then one line a job. Only arrival_seconds and purpose must be there;
 * an empty field is the request's default.
 * @returns the jobs by time of arrival
 * @throws RouterError TRACE_INVALID with a problem for every fault, each with its line
 */
export function parseTraceCsv(text: string): TraceJob[] {
	const [head, ...lines] = splitCsv(text.replace(/^\uFEFF/, ''));
	const problems: Problem[] = [];
	const columns = head ? readHead(head, problems) : [];
	if (!head)
		problems.push(
			fault('line 1', 'the file is empty', `It begins with ${TRACE_COLUMNS.join(',')}.`),
		);
	const jobs = problems.length > 0 ? [] : lines.map((line) => readLine(line, columns, problems));
	if (problems.length > 0) throw invalidInput('TRACE_INVALID', 'The trace', problems);
	return jobs.sort((a, b) => a.arrivalSeconds - b.arrivalSeconds);
}

function fault(path: string, message: string, hint: string): Problem {
	return { path, message, hint };
}

function readHead({ lineNumber, fields }: CsvLine, problems: Problem[]): Column[] {
	const path = `line ${lineNumber}`;
	const names = fields.map((field) => field.trim());
	const known: readonly string[] = TRACE_COLUMNS;
	for (const name of names) {
		if (known.includes(name)) continue;
		problems.push(
			fault(path, `"${name}" is no column of a trace`, `Columns: ${TRACE_COLUMNS.join(', ')}.`),
		);
	}
	for (const name of new Set(names.filter((entry, i) => names.indexOf(entry) !== i))) {
		problems.push(fault(path, `the column ${name} is there twice`, 'Keep one of them.'));
	}
	for (const name of REQUIRED) {
		if (names.includes(name)) continue;
		problems.push(
			fault(path, `the column ${name} is missing`, 'The first line names the columns.'),
		);
	}
	return names as Column[];
}

function readLine(
	{ lineNumber, fields }: CsvLine,
	columns: readonly Column[],
	problems: Problem[],
): TraceJob {
	const path = `line ${lineNumber}`;
	if (fields.length !== columns.length) {
		const counts = `${fields.length} fields instead of ${columns.length}`;
		problems.push(fault(path, counts, 'Leave a field empty for its default, but keep the commas.'));
	}
	const field = (column: Column): string => (fields[columns.indexOf(column)] ?? '').trim();
	const number = (column: Column): number | null => {
		const value = field(column);
		if (value === '') return null;
		const rule = NUMBERS[column] as NumberRule;
		if (fits(value, rule)) return Number(value);
		problems.push(
			fault(`${path}, ${column}`, `"${value}" is not ${rule.what}`, 'Correct the value.'),
		);
		return null;
	};
	for (const column of REQUIRED) {
		if (field(column) !== '' || columns.indexOf(column) >= fields.length) continue;
		problems.push(fault(`${path}, ${column}`, 'the field is empty', 'Every job needs it.'));
	}
	return {
		arrivalSeconds: number('arrival_seconds') ?? 0,
		purpose: field('purpose'),
		urgency: field('urgency') || 'normal',
		deadlineSeconds: number('deadline_seconds'),
		minQuality: number('min_quality') ?? 0,
		width: number('width'),
		height: number('height'),
		batchSize: number('batch_size') ?? 1,
		userId: field('user_id') || null,
	};
}

function fits(text: string, { min, max, above, whole }: NumberRule): boolean {
	const value = Number(text);
	if (!NUMBER.test(text) || value < min || value > max) return false;
	return !(above && value === min) && !(whole && !Number.isInteger(value));
}
