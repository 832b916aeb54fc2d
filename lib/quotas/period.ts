/** When a period begins and when it resets: calendar periods in UTC, weeks from Monday. As PostgreSQL's date_trunc. */
import type { QuotaPeriod } from './types';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** The start of the period that holds the moment, ms since the epoch. */
export function periodStartMs(period: QuotaPeriod, momentMs: number): number {
	switch (period) {
		case 'hour':
			return floorTo(momentMs, HOUR_MS, 0);
		case 'day':
			return floorTo(momentMs, DAY_MS, 0);
		case 'week':
			return floorTo(momentMs, 7 * DAY_MS, FIRST_MONDAY_MS);
		case 'month':
			return monthMs(momentMs, 0);
	}
}

/** The moment the period that holds `momentMs` resets: the start of the next one. */
export function periodEndMs(period: QuotaPeriod, momentMs: number): number {
	switch (period) {
		case 'hour':
			return periodStartMs(period, momentMs) + HOUR_MS;
		case 'day':
			return periodStartMs(period, momentMs) + DAY_MS;
		case 'week':
			return periodStartMs(period, momentMs) + 7 * DAY_MS;
		case 'month':
			return monthMs(momentMs, 1);
	}
}

function floorTo(momentMs: number, lengthMs: number, originMs: number): number {
	return originMs + Math.floor((momentMs - originMs) / lengthMs) * lengthMs;
}

function monthMs(momentMs: number, ahead: number): number {
	const date = new Date(momentMs);
	const start = new Date(0);
	// not Date.UTC, which takes the years 0 to 99 for 1900 to 1999
	start.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() + ahead, 1);
	return start.getTime();
}
