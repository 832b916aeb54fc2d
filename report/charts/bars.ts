/** One figure for each thing: bars that lie, so that names have room, with the figure at their end. */
import { chartName, type ChartOption } from '../render-chart';
import { MUTED, nameAxis, roomFor, valueAxis } from './axes';

export interface Bar {
	name: string;
	value: number;
	color: string;
	/** What stands at its end. */
	text: string;
}

export const BAR_HEIGHT = 30;

export function barsHeight(count: number): number {
	return Math.max(2, count) * BAR_HEIGHT + 12;
}

export function lyingBars(bars: readonly Bar[]): ChartOption {
	const widest = Math.max(0, ...bars.map(({ text }) => text.length));
	return {
		grid: {
			left: roomFor(bars),
			right: 12 + widest * 6.8,
			top: 4,
			bottom: 4,
			outerBoundsMode: 'same',
			outerBoundsContain: 'axisLabel',
		},
		xAxis: valueAxis(() => '', { splitLine: { show: false }, axisLabel: { show: false }, min: 0 }),
		yAxis: nameAxis(
			bars.map(({ name }) => chartName(name)),
			{ inverse: true, axisLine: { show: false } },
		),
		series: [
			{
				type: 'bar',
				silent: true,
				barWidth: 16,
				label: {
					show: true,
					position: 'right',
					color: 'var(--ink)',
					fontSize: 12,
					formatter: ({ dataIndex }: { dataIndex: number }) => bars[dataIndex]?.text ?? '',
				},
				data: bars.map(({ value, color }) => ({
					value,
					itemStyle: { color, borderRadius: [0, 3, 3, 0] },
				})),
			},
		],
	};
}

/** A figure for each step of a scale: bars that stand. */
export function standingBars(bars: readonly Bar[], format: (value: number) => string): ChartOption {
	return {
		grid: {
			left: 8,
			right: 12,
			top: 24,
			bottom: 4,
			outerBoundsMode: 'same',
			outerBoundsContain: 'axisLabel',
		},
		xAxis: nameAxis(bars.map(({ name }) => name)),
		yAxis: valueAxis(format, { min: 0 }),
		series: [
			{
				type: 'bar',
				silent: true,
				barMaxWidth: 44,
				label: {
					show: bars.length <= 8,
					position: 'top',
					color: MUTED,
					fontSize: 11,
					formatter: ({ dataIndex }: { dataIndex: number }) => bars[dataIndex]?.text ?? '',
				},
				data: bars.map(({ value, color }) => ({
					value,
					itemStyle: { color, borderRadius: [3, 3, 0, 0] },
				})),
			},
		],
	};
}
