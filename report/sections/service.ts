/** Whether deadlines hold, what was given up for them, and what went wrong. */
import type { Card } from '../card';
import { lines, stackedBars } from '../charts/time-charts';
import { type ReportContext, seriesTable } from '../context';
import { formatCount, formatRatio } from '../format';
import { Palette, timeSeries } from '../series';

/** The on-time probability that `normal` asks for. */
const TARGET = 0.9;

export function serviceCards(context: ReportContext): Card[] {
	const { data } = context;
	return [
		attainment(context),
		counted(context, {
			id: 'degradations',
			title: 'Quality given up',
			text: 'Images with less quality than an idle fleet would have given them, by why.',
			points: data.degradations,
			empty: 'Every image had the quality that an idle fleet would have given it.',
		}),
		counted(context, {
			id: 'troubles',
			title: 'What brought no image',
			text: 'Attempts by how they ended: out of memory, errors, timeouts, cancelled, refused.',
			points: data.troubles,
			empty: 'Every attempt brought an image.',
		}),
		refusals(context),
	];
}

function attainment({ data, coarse }: ReportContext): Card {
	const series = timeSeries(data.slaAttainment, coarse, new Palette(), null);
	const { stepSeconds } = coarse;
	return {
		id: 'sla',
		title: 'Jobs on time',
		text: 'A job counts once, with its best attempt. Refused counts as late, cancelled not at all.',
		draw: (size) =>
			lines(
				{
					data: series,
					stepSeconds,
					format: (value) => formatRatio(value),
					max: 1,
					target: { value: TARGET, name: `goal ${formatRatio(TARGET)}` },
				},
				size,
			),
		legend: series.series,
		empty: 'No job with a deadline in this time.',
		...seriesTable(series, stepSeconds, (value) => formatRatio(value)),
	};
}

function counted(
	{ coarse }: ReportContext,
	card: Pick<Card, 'id' | 'title' | 'text' | 'empty'> & {
		points: ReportContext['data']['troubles'];
	},
): Card {
	const { points, ...texts } = card;
	const series = timeSeries(points, coarse, new Palette(), 0);
	const { stepSeconds } = coarse;
	return {
		...texts,
		draw: (size) => stackedBars({ data: series, stepSeconds, format: formatCount }, size),
		legend: series.series,
		...seriesTable(series, stepSeconds),
	};
}

function refusals({ data }: ReportContext): Card {
	return {
		id: 'refusals',
		title: 'Refused requests',
		text: 'By the code of why; docs/troubleshooting.md says what each means.',
		draw: null,
		empty: 'No request was refused.',
		columns: [{ name: 'Code' }, { name: 'Purpose' }, { name: 'Requests', figures: true }],
		rows: data.refusals
			.slice(0, 10)
			.map(({ code, purpose, requests }) => [code, purpose, formatCount(requests)]),
	};
}
