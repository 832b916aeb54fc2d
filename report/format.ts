/** Figures for people: as exact as they care about, in one language, with their unit. */

const LANGUAGE = 'en-GB';

export function formatCount(value: number): string {
	return new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 }).format(value);
}

export function formatRatio(ratio: number | null, digits = 0): string {
	if (ratio === null) return '–';
	const percent = ratio * 100;
	// 99.96 % on time is not everything
	const shown = percent < 100 && percent > 99 ? Math.floor(percent * 10) / 10 : percent;
	return `${shown.toFixed(percent < 100 && percent > 99 ? 1 : digits)} %`;
}

/** "840 GPU s": cost where no server has a price. */
export function formatGpuSeconds(value: number | null): string {
	return value === null ? '–' : `${formatCount(value)} GPU s`;
}

/** "$12.30", "$0.0042" */
export function formatMoney(value: number | null, currency: string): string {
	if (value === null) return '–';
	const digits =
		Math.abs(value) >= 1 || value === 0
			? 2
			: Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value))));
	return new Intl.NumberFormat(LANGUAGE, {
		style: 'currency',
		currency,
		currencyDisplay: 'narrowSymbol',
		minimumFractionDigits: Math.min(digits, Math.abs(value) >= 100 ? 0 : 2),
		maximumFractionDigits: Math.abs(value) >= 100 ? 0 : digits,
	}).format(value);
}

export function formatSeconds(seconds: number): string {
	if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
	if (seconds < 120) return `${Math.round(seconds)} s`;
	if (seconds < 7200) return `${Number((seconds / 60).toFixed(seconds < 600 ? 1 : 0))} min`;
	return `${Number((seconds / 3600).toFixed(1))} h`;
}

export function formatGigabytes(bytes: number | null): string {
	return bytes === null ? '–' : `${(bytes / 1e9).toFixed(1)} GB`;
}

const date = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
	new Intl.DateTimeFormat(LANGUAGE, { timeZone: 'UTC', ...options });
const DAY = date({ weekday: 'short', day: 'numeric' });
const DATE = date({ day: 'numeric', month: 'short' });
const HOUR = date({ hour: '2-digit', minute: '2-digit' });
const MOMENT = date({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const LONG = date({ day: 'numeric', month: 'long', year: 'numeric' });

/** "Mon 23" */
export const formatDay = (ms: number): string => DAY.format(ms);
/** "23 Nov" */
export const formatDate = (ms: number): string => DATE.format(ms);
/** "14:00" */
export const formatHour = (ms: number): string => HOUR.format(ms);
/** "23 Nov, 14:00" */
export const formatMoment = (ms: number): string => MOMENT.format(ms);
/** "23 November 2026" */
export const formatLongDate = (ms: number): string => LONG.format(ms);
