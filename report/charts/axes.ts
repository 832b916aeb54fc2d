/** What every chart has in common: fonts, lines, distances, and how time and figures stand on an axis. */
import { formatDay, formatHour } from '../format';
import type { ChartOption } from '../render-chart';

export const MUTED = 'var(--muted)';
const GRID = 'var(--grid)';
const AXIS = 'var(--axis)';
export const FONT_SIZE = 12;

const label = { color: MUTED, fontSize: FONT_SIZE };

export function valueAxis(format: (value: number) => string, more: ChartOption = {}): ChartOption {
	return {
		type: 'value',
		splitNumber: 4,
		axisLabel: { ...label, formatter: format },
		axisLine: { show: false },
		axisTick: { show: false },
		splitLine: { lineStyle: { color: GRID } },
		...more,
	};
}

export function nameAxis(names: readonly string[], more: ChartOption = {}): ChartOption {
	return {
		type: 'category',
		data: names,
		axisLabel: { ...label, interval: 0 },
		axisLine: { lineStyle: { color: AXIS } },
		axisTick: { show: false },
		...more,
	};
}

/** @param most labels that fit beside each other */
export function timeAxis(
	timesMs: readonly number[],
	stepSeconds: number,
	most: number,
): ChartOption {
	const days = stepSeconds >= 86_400;
	const perDay = 86_400 / stepSeconds;
	const dayCount = timesMs.length / perDay;
	const every = days
		? Math.ceil(timesMs.length / most)
		: dayCount > 2.5
			? perDay * Math.ceil(dayCount / most)
			: Math.ceil(timesMs.length / most);
	return nameAxis(timesMs.map(String), {
		axisLabel: {
			...label,
			interval: (index: number) => index % every === 0,
			formatter: (ms: string) =>
				days || dayCount > 2.5 ? formatDay(Number(ms)) : formatHour(Number(ms)),
		},
	});
}

export const GRID_BOX = {
	left: 8,
	right: 12,
	top: 12,
	bottom: 4,
	outerBoundsMode: 'same',
	outerBoundsContain: 'axisLabel',
};

/** Steps of a time axis that people count in, seconds. */
const TIME_STEPS = [
	...[0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600],
	...[7200, 14_400, 21_600, 43_200, 86_400],
];

/** Where the lines of an axis of seconds stand: whole seconds, minutes or hours. */
export function secondsSteps(largest: number): ChartOption {
	const wanted = Math.max(largest, 1) / 4;
	const interval = TIME_STEPS.find((step) => step >= wanted) ?? 86_400;
	return { min: 0, interval, max: Math.max(1, Math.ceil(largest / interval)) * interval };
}

/** What long names need beside what the renderer, which has no fonts, thinks that they need. Pixels. */
export function roomFor(things: readonly { name: string }[]): number {
	const longest = Math.max(0, ...things.map(({ name }) => Math.min(22, name.length)));
	return 8 + Math.max(0, longest - 10) * 1.4;
}
