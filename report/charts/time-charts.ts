/** Figures over time: stacked bars for what is counted, lines for what is measured. */
import type { ChartOption, Size } from '../render-chart';
import type { TimeSeries } from '../series';
import { GRID_BOX, MUTED, timeAxis, valueAxis } from './axes';

export interface TimeChart {
	data: TimeSeries;
	stepSeconds: number;
	format: (value: number) => string;
	/** Default: as far as the values go. */
	max?: number;
	min?: number;
	/** Steps of the value axis, where round numbers are not the right ones. */
	axis?: ChartOption;
	/** A goal, drawn across; always within the picture. */
	target?: { value: number; name: string };
}

const labelsThatFit = ({ width }: Size): number => Math.max(3, Math.floor(width / 62));

export function stackedBars(chart: TimeChart, size: Size): ChartOption {
	const { data, stepSeconds, format } = chart;
	const last = new Map<number, number>();
	data.series.forEach(({ values }, line) =>
		values.forEach((value, at) => {
			if (value) last.set(at, line);
		}),
	);
	return {
		grid: GRID_BOX,
		xAxis: timeAxis(data.timesMs, stepSeconds, labelsThatFit(size)),
		yAxis: valueAxis(format, { min: 0, minInterval: 0 }),
		series: data.series.map(({ color, values }, line) => ({
			type: 'bar',
			stack: 'all',
			silent: true,
			barMaxWidth: 34,
			barCategoryGap: '28%',
			itemStyle: { color },
			// only the top of a stack is round
			data: values.map((value, at) => ({
				value: value ?? 0,
				itemStyle: { borderRadius: last.get(at) === line ? [3, 3, 0, 0] : 0 },
			})),
		})),
	};
}

export function lines(chart: TimeChart, size: Size): ChartOption {
	const { data, stepSeconds, format, target } = chart;
	const markLine = {
		silent: true,
		symbol: 'none',
		lineStyle: { color: MUTED, type: [4, 4], width: 1 },
		label: { position: 'insideEndTop', color: MUTED, fontSize: 11, formatter: target?.name },
		data: [{ yAxis: target?.value }],
	};
	const few = data.timesMs.length <= 40;
	return {
		grid: GRID_BOX,
		xAxis: { ...timeAxis(data.timesMs, stepSeconds, labelsThatFit(size)), boundaryGap: few },
		yAxis: valueAxis(
			format,
			target
				? goalAxis(chart, target.value)
				: { min: chart.min, scale: chart.min === undefined, ...chart.axis },
		),
		series: data.series.map(({ color, values }, index) => ({
			type: 'line',
			silent: true,
			symbol: few ? 'circle' : 'none',
			symbolSize: 5,
			itemStyle: { color, borderWidth: 0, opacity: 1 },
			lineStyle: { color, width: few ? 2 : 1.5 },
			connectNulls: few,
			data: values,
			...(index === 0 && target ? { markLine } : {}),
		})),
	};
}

/** Both axes that have a goal are of ratios: steps of a twentieth or more, with the goal in the picture. */
function goalAxis({ data, max }: TimeChart, goal: number): ChartOption {
	const values = data.series.flatMap((line) => line.values.filter((value) => value !== null));
	const lowest = Math.min(goal, ...values);
	const highest = Math.max(goal, ...values);
	const step = GOAL_STEPS.find((one) => (highest - lowest) / one <= 5) ?? 1;
	const from = Math.floor(lowest / step - 0.2) * step;
	return {
		min: Math.max(0, from),
		max: max ?? Math.ceil(highest / step + 0.2) * step,
		interval: step,
	};
}

const GOAL_STEPS = [0.05, 0.1, 0.2, 0.5];
