import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { periodEndMs, periodStartMs } from '../../../lib/quotas/period';
import { QUOTA_PERIODS } from '../../../lib/quotas/types';

const at = (iso: string): number => Date.parse(iso);
const moments = fc.integer({ min: at('1980-01-01T00:00:00Z'), max: at('2100-01-01T00:00:00Z') });

describe('periods', () => {
	it.each([
		['hour', '2026-03-29T01:59:59.999Z', '2026-03-29T01:00:00.000Z', '2026-03-29T02:00:00.000Z'],
		['day', '2026-12-31T23:59:59.999Z', '2026-12-31T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
		['week', '2026-11-25T12:00:00.000Z', '2026-11-23T00:00:00.000Z', '2026-11-30T00:00:00.000Z'],
		['week', '2027-01-03T23:00:00.000Z', '2026-12-28T00:00:00.000Z', '2027-01-04T00:00:00.000Z'],
		['month', '2028-02-29T00:00:00.000Z', '2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
		['month', '2026-12-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
	] as const)('the %s of %s begins at %s and resets at %s', (period, moment, start, end) => {
		expect(new Date(periodStartMs(period, at(moment))).toISOString()).toBe(start);
		expect(new Date(periodEndMs(period, at(moment))).toISOString()).toBe(end);
	});

	it('hold their moment, follow each other without a gap, and are the same from anywhere within', () => {
		fc.assert(
			fc.property(fc.constantFrom(...QUOTA_PERIODS), moments, (period, ms) => {
				const start = periodStartMs(period, ms);
				const end = periodEndMs(period, ms);
				expect(start).toBeLessThanOrEqual(ms);
				expect(end).toBeGreaterThan(ms);
				for (const within of [start, end - 1]) {
					expect([periodStartMs(period, within), periodEndMs(period, within)]).toEqual([
						start,
						end,
					]);
				}
				expect(periodStartMs(period, end)).toBe(end);
				expect(periodEndMs(period, start - 1)).toBe(start);
			}),
		);
	});
});
