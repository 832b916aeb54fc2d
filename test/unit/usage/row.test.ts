import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { storableExcerpt, storableText } from '../../../lib/storable-text';
import { USAGE_COLUMNS } from '../../../lib/usage/columns';
import { checkUsageRows } from '../../../lib/usage/row';
import type { UsageRow } from '../../../lib/usage/types';
import { usageRow } from '../../support/usage-rows';

/** Any UTF-16 unit, halves of pairs included. */
const codeUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));

function problemsWith(overrides: Record<string, unknown>): string[] {
	return checkUsageRows([usageRow(overrides as Partial<UsageRow>)]).problems.map(
		(problem) => problem.path,
	);
}

describe('checkUsageRows', () => {
	it('passes a good row on unchanged', () => {
		const row = usageRow();
		expect(checkUsageRows([row])).toEqual({ rows: [row], problems: [] });
	});

	it.each([
		['width', -1],
		['width', 1.5],
		['width', 2 ** 31],
		['attempt', 0],
		['actual_seconds', NaN],
		['actual_seconds', Infinity],
		['run_seconds', Date.now()],
		['quality_feedback', 1.01],
		['vram_peak_bytes', 2 ** 60],
		['cfg', '7'],
		['cold', 'yes'],
		['status', 'fine'],
		['timing_source', 'guess'],
		['user_id', { toString: 'x' }],
		['created_at', 'yesterday'],
		['job_id', ''],
		['job_id', 'j'.repeat(501)],
		['degraded', null],
	])('refuses %s = %s and names it', (column, value) => {
		expect(problemsWith({ [column]: value })).toEqual([`rows[0].${column}`]);
	});

	it('reports every fault of every row at once and lets none of them through', () => {
		const checked = checkUsageRows([
			usageRow({ width: -1, height: -1 }),
			usageRow(),
			usageRow({ steps: NaN }),
		]);
		expect(checked.rows).toEqual([]);
		expect(checked.problems.map((problem) => problem.path)).toEqual([
			'rows[0].width',
			'rows[0].height',
			'rows[2].steps',
		]);
		expect(checked.problems.every((problem) => problem.hint.length > 0)).toBe(true);
	});

	it('lets only storable values through, whatever comes in', () => {
		const anything = fc.dictionary(
			fc.constantFrom(...USAGE_COLUMNS.map((column) => column.name)),
			fc.oneof(
				fc.string({ unit: codeUnit }),
				fc.double(),
				fc.boolean(),
				fc.constant(null),
				fc.object(),
			),
		);
		fc.assert(
			fc.property(anything, (overrides) => {
				const { rows } = checkUsageRows([usageRow(overrides as Partial<UsageRow>)]);
				for (const value of rows.flatMap((row) => Object.values(row))) {
					expect(['string', 'number', 'boolean']).toContain(
						value === null ? 'string' : typeof value,
					);
					if (typeof value === 'string') expect(storableText(value)).toBe(value);
					if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
				}
			}),
		);
	});
});

describe('storable text', () => {
	it('has no NUL, no half surrogate and at most the length asked for', () => {
		fc.assert(
			fc.property(
				fc.string({ unit: codeUnit, maxLength: 300 }),
				fc.integer({ min: 40, max: 200 }),
				(text, most) => {
					const result = storableExcerpt(text, most);
					expect(result.length).toBeLessThanOrEqual(most);
					expect(result).not.toContain('\u0000');
					expect(Buffer.from(result, 'utf8').toString('utf8')).toBe(result);
				},
			),
		);
	});

	it('leaves whole characters beyond the basic plane alone', () => {
		expect(storableText('a💥\ud83d b\udca5')).toBe('a💥\ufffd b\ufffd');
	});
});
