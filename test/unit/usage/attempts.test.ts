import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { resolveAttempts, type StoredAttempt } from '../../../lib/usage/attempts';
import type { UsageRow } from '../../../lib/usage/types';
import { usageRow } from '../../support/usage-rows';

const anyRow = fc
	.record({
		job_id: fc.constantFrom('a', 'b'),
		attempt: fc.constantFrom(null, 1, 2, 7),
		prompt_id: fc.constantFrom(null, 'p', 'q', 'r'),
		status: fc.constantFrom('success' as const, 'oom' as const),
		timing_source: fc.constantFrom('wall' as const, 'given' as const),
		actual_seconds: fc.constantFrom(1, 2),
	})
	.map((overrides) => usageRow(overrides));

/** What the store holds after these rows were written one call after the other. */
function writeAll(calls: UsageRow[][]): StoredAttempt[] {
	return calls.reduce<StoredAttempt[]>(
		(stored, rows) => [...stored, ...(resolveAttempts(rows, stored).fresh as StoredAttempt[])],
		[],
	);
}

describe('resolveAttempts', () => {
	it('never gives one number of a job to two rows, and accounts for every row', () => {
		fc.assert(
			fc.property(fc.array(fc.array(anyRow, { maxLength: 6 }), { maxLength: 5 }), (calls) => {
				const stored = writeAll(calls);
				const keys = stored.map((row) => `${row.job_id} ${row.attempt}`);
				expect(new Set(keys).size).toBe(keys.length);
				for (const row of calls.flat()) {
					// by its prompt, or as the facts without one: it is there
					const there = stored.some(
						(other) =>
							other.job_id === row.job_id &&
							(row.prompt_id === null || other.prompt_id === row.prompt_id),
					);
					expect(there).toBe(true);
				}
			}),
		);
	});

	it('adds nothing the second time, whatever the rows', () => {
		fc.assert(
			fc.property(fc.array(anyRow, { maxLength: 12 }), (rows) => {
				const stored = writeAll([rows]);
				const again = resolveAttempts(rows, stored);
				expect(again.fresh).toEqual([]);
				expect(again.receipts.every((receipt) => !receipt.inserted)).toBe(true);
			}),
		);
	});

	it('gives the same numbers in one call as in many', () => {
		fc.assert(
			fc.property(fc.array(anyRow, { maxLength: 12 }), (rows) => {
				expect(writeAll([rows])).toEqual(writeAll(rows.map((row) => [row])));
			}),
		);
	});

	it('tells two figures given for one job apart, but not two wall times', () => {
		const given = [1, 2].map((seconds) =>
			usageRow({ timing_source: 'given', actual_seconds: seconds }),
		);
		const wall = [1, 2].map((seconds) =>
			usageRow({ timing_source: 'wall', actual_seconds: seconds }),
		);
		expect(resolveAttempts(given, []).fresh).toHaveLength(2);
		expect(resolveAttempts(wall, []).fresh).toHaveLength(1);
	});

	it('takes a number that was asked for if it is free', () => {
		const { receipts } = resolveAttempts(
			[usageRow({ attempt: 5, prompt_id: 'p' }), usageRow({ prompt_id: 'q' })],
			[],
		);
		expect(receipts.map((receipt) => receipt.attempt)).toEqual([5, 6]);
	});
});
