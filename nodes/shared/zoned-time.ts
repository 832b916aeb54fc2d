/** A date as n8n's fields and expressions give it, as a point in time. */

const HAS_ZONE = /(Z|[+-]\d{2}:?\d{2})$/i;

/** Milliseconds that `zone` is ahead of UTC at that moment. */
function offsetMs(utcMs: number, zone: string): number {
	const parts = new Intl.DateTimeFormat('en-US', {
		timeZone: zone,
		hourCycle: 'h23',
		year: 'numeric',
		month: 'numeric',
		day: 'numeric',
		hour: 'numeric',
		minute: 'numeric',
		second: 'numeric',
	}).formatToParts(utcMs);
	const part = (type: string) => Number(parts.find((candidate) => candidate.type === type)?.value);
	const local = Date.UTC(
		part('year'),
		part('month') - 1,
		part('day'),
		part('hour'),
		part('minute'),
		part('second'),
	);
	return local - Math.floor(utcMs / 1000) * 1000;
}

/**
 * @param value ISO text, a date, or the DateTime of an expression; text without a zone is in the workflow's zone
 * @returns ISO 8601 in UTC, or the value unchanged where it is no date
 */
export function toUtcIso(value: unknown, zone: string): unknown {
	if (value instanceof Date) return value.toISOString();
	const text = typeof value === 'object' && value !== null ? String(value) : value;
	if (typeof text !== 'string' || text === '') return value;
	const asUtcMs = Date.parse(HAS_ZONE.test(text) || !text.includes('T') ? text : `${text}Z`);
	if (Number.isNaN(asUtcMs)) return value;
	const localMs = HAS_ZONE.test(text) ? 0 : offsetMs(asUtcMs, zone);
	return new Date(asUtcMs - localMs).toISOString();
}
