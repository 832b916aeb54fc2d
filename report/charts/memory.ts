/** VRAM of one device over time as an area up to its size, with the resident model as a strip of colours beneath. */
import type { ChartOption, Size } from '../render-chart';
import { GRID_BOX, timeAxis, valueAxis } from './axes';

export interface MemoryChart {
	timesMs: number[];
	stepSeconds: number;
	/** Bytes in use, one for each time. */
	used: (number | null)[];
	totalBytes: number;
	color: string;
	/** Colour of the model that was resident, one for each time; null: none, or not known. */
	models: (string | null)[];
}

const STRIP_PX = 10;

interface RenderApi {
	value(dimension: number): number;
	coord(point: [number, number]): [number, number];
	size(span: [number, number]): [number, number];
}

export function memory(chart: MemoryChart, { width }: Size): ChartOption {
	const { timesMs, stepSeconds, used, totalBytes, color, models } = chart;
	const gigabytes = (bytes: number): string => `${Math.round(bytes / 1e9)} GB`;
	const bands = joined(models);
	const renderItem = ({ dataIndex }: { dataIndex: number }, api: RenderApi): ChartOption => {
		const band = bands[dataIndex] as Band;
		const [left, bottom] = api.coord([band.from, 0]);
		const [right] = api.coord([band.to, 0]);
		const half = api.size([1, 0])[0] / 2;
		const shape = {
			x: left - half,
			y: bottom + 2,
			width: right - left + 2 * half,
			height: STRIP_PX,
		};
		return { type: 'rect', shape, style: { fill: band.color } };
	};
	const axis = timeAxis(timesMs, stepSeconds, Math.max(3, Math.floor(width / 62)));
	return {
		grid: GRID_BOX,
		xAxis: {
			...axis,
			axisLine: { show: false },
			axisLabel: { ...(axis['axisLabel'] as ChartOption), margin: STRIP_PX + 10 },
		},
		yAxis: valueAxis(gigabytes, { min: 0, max: totalBytes, interval: totalBytes / 4 }),
		series: [
			{
				type: 'line',
				silent: true,
				symbol: 'none',
				step: false,
				lineStyle: { color, width: 1.5 },
				areaStyle: { color, opacity: 0.18 },
				data: used,
			},
			{
				type: 'custom',
				silent: true,
				clip: false,
				renderItem,
				data: bands.map(({ from }) => [from, 0]),
			},
		],
	};
}

interface Band {
	/** First and last index. */
	from: number;
	to: number;
	color: string;
}

function joined(models: readonly (string | null)[]): Band[] {
	const bands: Band[] = [];
	models.forEach((color, index) => {
		const last = bands.at(-1);
		if (color === null) return;
		if (last && last.color === color && last.to === index - 1) last.to = index;
		else bands.push({ from: index, to: index, color });
	});
	return bands;
}
