/** Points of many lines as rows of one time axis, and which colour each line has everywhere in the report. */
import type { ReportPoint } from '../lib/usage-report';

export interface Series {
	name: string;
	/** A CSS colour. */
	color: string;
	/** One for each time; null: nothing known. */
	values: (number | null)[];
}

export interface TimeSeries {
	timesMs: number[];
	series: Series[];
}

export const COLOURS = Array.from({ length: 8 }, (_, index) => `var(--c${index + 1})`);
const REST_COLOUR = 'var(--c9)';
const REST = 'others';
const MOST_LINES = 8;

/** What means good and bad has its colour by meaning; a name that is not here has it by its place. */
const MEANING: Readonly<Record<string, string>> = {
	oom: 'var(--bad)',
	error: 'var(--c3)',
	timeout: 'var(--c2)',
	cancelled: 'var(--c9)',
	rejected: 'var(--c7)',
	urgent: 'var(--c3)',
	normal: 'var(--c1)',
	flexible: 'var(--c4)',
};

/** The same name has the same colour in every chart that uses this palette. */
export class Palette {
	private readonly known = new Map<string, string>();

	constructor(names: readonly string[] = []) {
		for (const name of names) this.of(name);
	}

	of(name: string): string {
		if (Object.hasOwn(MEANING, name)) return MEANING[name] as string;
		const found = this.known.get(name);
		if (found !== undefined) return found;
		const color = COLOURS[this.known.size] ?? REST_COLOUR;
		this.known.set(name, color);
		return color;
	}
}

export interface Axis {
	fromMs: number;
	toMs: number;
	stepSeconds: number;
}

/** Every bucket of the period, also those in which nothing happened. */
export function timesOf({ fromMs, toMs, stepSeconds }: Axis): number[] {
	const times: number[] = [];
	const stepMs = stepSeconds * 1000;
	for (let ms = Math.floor(fromMs / stepMs) * stepMs; ms <= toMs; ms += stepMs) times.push(ms);
	return times;
}

/**
 * @param empty what a bucket without a point is: 0 where things are counted, null where they are measured
 * The lines with most come first; those beyond eight are one line, where they can be added.
 */
export function timeSeries(
	points: readonly ReportPoint[],
	axis: Axis,
	palette: Palette,
	empty: 0 | null,
): TimeSeries {
	const timesMs = timesOf(axis);
	const index = new Map(timesMs.map((ms, at) => [ms, at]));
	const lines = new Map<string, (number | null)[]>();
	for (const { timeMs, metric, value } of points) {
		const at = index.get(timeMs);
		if (at === undefined) continue;
		const values = lines.get(metric) ?? timesMs.map(() => empty);
		values[at] = value;
		lines.set(metric, values);
	}
	const sum = (values: readonly (number | null)[]): number =>
		values.reduce<number>((total, value) => total + (value ?? 0), 0);
	const sorted = [...lines].sort(
		([a, left], [b, right]) => sum(right) - sum(left) || (a < b ? -1 : 1),
	);
	const shown = sorted.slice(0, sorted.length > MOST_LINES ? MOST_LINES - 1 : MOST_LINES);
	const rest = sorted.slice(shown.length);
	const series = shown.map(([name, values]) => ({ name, color: palette.of(name), values }));
	if (rest.length > 0 && empty === 0) {
		const values = timesMs.map((_, at) => sum(rest.map(([, line]) => line[at] ?? 0)));
		series.push({ name: `${rest.length} ${REST}`, color: REST_COLOUR, values });
	}
	return { timesMs, series };
}
