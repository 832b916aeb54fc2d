/** How long runs take, how long they wait, and how right the estimates are. */
import type { Card } from '../card';
import { secondsSteps } from '../charts/axes';
import { spans, spansHeight } from '../charts/spans';
import { lines } from '../charts/time-charts';
import { type ReportContext, seriesTable } from '../context';
import { formatCount, formatSeconds } from '../format';
import { Palette, timeSeries } from '../series';

const COLD = 'var(--c1)';
const WARM = 'var(--c3)';
const figures = true;
const factor = (ratio: number): string => `${Number(ratio.toFixed(2))}×`;

export function timeCards(context: ReportContext): Card[] {
	return [byModel(context), estimates(context), bias(context), waiting(context)];
}

function byModel({ data }: ReportContext): Card {
	const models = [...new Set(data.timeByModel.map(({ model }) => model))];
	const rows = models.map((model) => ({
		name: model,
		spans: data.timeByModel
			.filter((row) => row.model === model)
			.map(({ cold, p50Seconds, p95Seconds }) => ({
				from: p50Seconds,
				middle: p50Seconds,
				to: p95Seconds,
				color: cold ? COLD : WARM,
			})),
	}));
	return {
		id: 'time-model',
		title: 'GPU time by model',
		text: 'Median (dot) to 95 % (end of the bar), without the queue. Cold runs load their weights first.',
		height: spansHeight(rows.length),
		draw: () => spans({ rows, format: formatSeconds, logarithmic: true }),
		legend: [
			{ name: 'warm', color: WARM },
			{ name: 'cold', color: COLD },
		],
		empty: 'No run with measured times in this time.',
		columns: [
			{ name: 'Model' },
			{ name: 'Start' },
			{ name: 'Runs', figures },
			{ name: 'Median', figures },
			{ name: '95 %', figures },
		],
		rows: data.timeByModel.map(({ model, cold, runs, p50Seconds, p95Seconds }) => [
			...[model, cold ? 'cold' : 'warm', formatCount(runs)],
			...[formatSeconds(p50Seconds), formatSeconds(p95Seconds)],
		]),
	};
}

function estimates({ data, models }: ReportContext): Card {
	const rows = data.estimates.map(({ model, p10, p50, p90 }) => ({
		name: model,
		spans: [{ from: p10, middle: p50, to: p90, color: models.of(model) }],
	}));
	return {
		id: 'estimates',
		title: 'Actual against estimated',
		text: 'GPU time of a run over its estimate: median, and where 80 % of the runs lie. Right of 1 took longer.',
		height: spansHeight(rows.length),
		draw: () => spans({ rows, format: factor, mark: { value: 1, name: 'as estimated' } }),
		empty: 'No run with an estimate in this time.',
		columns: [
			{ name: 'Model' },
			{ name: 'Runs', figures },
			{ name: '10 %', figures },
			{ name: 'Median', figures },
			{ name: '90 %', figures },
			{ name: 'Sum', figures },
		],
		rows: data.estimates.map(({ model, runs, p10, p50, p90, ratio }) => [
			...[model, formatCount(runs), factor(p10), factor(p50), factor(p90), factor(ratio)],
		]),
	};
}

function bias({ data, models, coarse }: ReportContext): Card {
	const series = timeSeries(data.estimateBias, coarse, models, null);
	const { stepSeconds } = coarse;
	return {
		id: 'bias',
		title: 'Estimates over time',
		text: 'Actual over estimated GPU time. Calibration brings the lines to 1.',
		draw: (size) =>
			lines({ data: series, stepSeconds, format: factor, target: { value: 1, name: '' } }, size),
		legend: series.series,
		empty: 'No run with an estimate in this time.',
		...seriesTable(series, stepSeconds, factor),
	};
}

function waiting({ data, coarse }: ReportContext): Card {
	const series = timeSeries(data.queueWait, coarse, new Palette(), null);
	const { stepSeconds } = coarse;
	const longest = Math.max(0, ...data.queueWait.map(({ value }) => value));
	const axis = secondsSteps(longest);
	return {
		id: 'queue-wait',
		title: 'Time in the queue',
		text: '95 % of the runs waited no longer than this.',
		draw: (size) => lines({ data: series, stepSeconds, format: formatSeconds, axis }, size),
		legend: series.series,
		empty: 'No run with a measured wait in this time.',
		...seriesTable(series, stepSeconds, formatSeconds),
	};
}
