/** `--assume RATE/h:PURPOSE[:URGENCY[:WIDTHxHEIGHT]]`. */
import type { AssumedJobs } from '../simulator/mig';
import { UsageError } from './usage-error';

const FORM = /^(\d+(?:\.\d+)?)\/h:([^:]+)(?::([^:]+)(?::(\d{2,5})x(\d{2,5}))?)?$/;
const MOST_PER_HOUR = 1e6;
const MOST_PIXELS = 16_384;

/** @throws UsageError */
export function readAssumedJobs(value: string): AssumedJobs {
	const parts = FORM.exec(value.trim());
	const perHour = Number(parts?.[1] ?? NaN);
	const [width, height] = [parts?.[4], parts?.[5]].map((side) =>
		side === undefined ? null : Number(side),
	) as [number | null, number | null];
	const fits = (side: number | null): boolean =>
		side === null || (side >= 16 && side <= MOST_PIXELS);
	if (!parts || !(perHour > 0 && perHour <= MOST_PER_HOUR) || !fits(width) || !fits(height)) {
		throw new UsageError(
			`--assume "${value}" is not RATE/h:PURPOSE[:URGENCY[:WIDTHxHEIGHT]], such as 120/h:photo:normal:1024x1024.`,
			'plan-mig',
		);
	}
	return { perHour, purpose: parts[2] as string, urgency: parts[3] ?? 'normal', width, height };
}
