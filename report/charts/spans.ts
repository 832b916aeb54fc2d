/** From where to where a figure lies for each thing, and its middle: a bar with a dot. */
import { chartName, type ChartOption } from '../render-chart';
import { MUTED, nameAxis, roomFor, valueAxis } from './axes';

export interface Span {
	from: number;
	middle: number;
	to: number;
	color: string;
}

export interface SpanRow {
	name: string;
	/** Beneath each other; at most two. */
	spans: Span[];
}

export interface SpanChart {
	rows: SpanRow[];
	format: (value: number) => string;
	/** Factors and times from seconds to minutes read better so. */
	logarithmic?: boolean;
	mark?: { value: number; name: string };
	min?: number;
	max?: number;
}

const ROW_HEIGHT = 38;

export function spansHeight(count: number): number {
	return Math.max(2, count) * ROW_HEIGHT + 34;
}

interface RenderApi {
	value(dimension: number): number;
	coord(point: [number, number]): [number, number];
}

export function spans({ rows, format, logarithmic, mark, min, max }: SpanChart): ChartOption {
	const flat = rows.flatMap((row, index) =>
		row.spans.map((span, line) => ({ ...span, index, line, lines: row.spans.length })),
	);
	const renderItem = ({ dataIndex }: { dataIndex: number }, api: RenderApi): ChartOption => {
		const { line, lines, color } = flat[dataIndex] as (typeof flat)[number];
		const row = api.value(0);
		const [left, y] = api.coord([api.value(1), row]);
		const [middle] = api.coord([api.value(2), row]);
		const [right] = api.coord([api.value(3), row]);
		const top = y + (line - (lines - 1) / 2) * 14;
		return {
			type: 'group',
			children: [
				{
					type: 'rect',
					shape: { x: left, y: top - 3, width: Math.max(2, right - left), height: 6, r: 3 },
					style: { fill: color, opacity: 0.4 },
				},
				{ type: 'circle', shape: { cx: middle, cy: top, r: 5 }, style: { fill: color } },
			],
		};
	};
	return {
		grid: {
			left: roomFor(rows),
			right: 20,
			top: mark ? 20 : 8,
			bottom: 4,
			outerBoundsMode: 'same',
			outerBoundsContain: 'axisLabel',
		},
		xAxis: valueAxis(format, { type: logarithmic ? 'log' : 'value', min, max, scale: true }),
		yAxis: nameAxis(
			rows.map(({ name }) => chartName(name)),
			{ inverse: true, axisLine: { show: false } },
		),
		series: [
			{
				type: 'custom',
				silent: true,
				renderItem,
				encode: { x: [1, 2, 3], y: 0 },
				data: flat.map(({ index, from, middle, to }) => [index, from, middle, to]),
				...(mark
					? {
							markLine: {
								silent: true,
								symbol: 'none',
								lineStyle: { color: MUTED, type: [4, 4], width: 1 },
								label: { color: MUTED, fontSize: 11, formatter: mark.name, position: 'start' },
								data: [{ xAxis: mark.value }],
							},
						}
					: {}),
			},
		],
	};
}
