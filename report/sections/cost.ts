/** What images cost: over time, by model, purpose, user and quality. */
import type { CostRow, ReportTotals } from '../../lib/usage-report';
import type { Card } from '../card';
import { barsHeight, lyingBars, standingBars } from '../charts/bars';
import { stackedBars } from '../charts/time-charts';
import { type ReportContext, seriesTable } from '../context';
import { formatCount, formatMoney } from '../format';
import { timeSeries } from '../series';

const MOST_BARS = 8;

export function costCards(context: ReportContext): Card[] {
	const { data, models, purposes } = context;
	return [
		overTime(context),
		by(context, 'cost-model', 'By model', data.costByModel, (name) => models.of(name)),
		by(context, 'cost-purpose', 'By purpose', data.costByPurpose, (name) => purposes.of(name)),
		by(context, 'cost-user', 'By user', data.costByUser, () => 'var(--c1)'),
		byQuality(context),
	];
}

function overTime({ data, currency, models, coarse }: ReportContext): Card {
	const series = timeSeries(data.costOverTime, coarse, models, 0);
	const { stepSeconds } = coarse;
	const format = (value: number): string => formatMoney(value, currency);
	return {
		id: 'cost-time',
		title: stepSeconds >= 86_400 ? 'Cost per day' : 'Cost per hour',
		text: `${basisOf(data.totals)} Failed attempts are included, idle time is not.`,
		span: 6,
		draw: (size) => stackedBars({ data: series, stepSeconds, format }, size),
		legend: series.series,
		empty: 'No run with a known cost in this time.',
		...seriesTable(series, stepSeconds, format),
	};
}

/** What the sums count, and what is wrong with them where only some servers have a price. */
function basisOf({ pricedRuns, unpricedRuns }: ReportTotals): string {
	if (unpricedRuns === 0) return 'GPU time at the price of its server.';
	if (pricedRuns === 0) return 'GPU seconds: no server has an hourly price.';
	return `GPU time at the price of its server. ${formatCount(unpricedRuns)} of ${formatCount(pricedRuns + unpricedRuns)} runs were on servers without an hourly price: they count as GPU seconds, so the sums of this section are of no one unit until those servers have one.`;
}

function by(
	{ currency }: ReportContext,
	id: string,
	title: string,
	rows: readonly CostRow[],
	color: (name: string) => string,
): Card {
	const priced = rows.filter(({ cost }) => cost !== null).slice(0, MOST_BARS);
	const bars = priced.map(({ name, cost }) => ({
		name,
		value: cost ?? 0,
		color: color(name),
		text: formatMoney(cost, currency),
	}));
	return {
		id,
		title,
		text:
			rows.length > MOST_BARS
				? `The ${MOST_BARS} dearest; more in the table.`
				: 'The dearest first.',
		span: 2,
		height: barsHeight(bars.length),
		draw: () => lyingBars(bars),
		empty: 'No run in this time.',
		...costTable(title.replace('By ', ''), rows, currency),
	};
}

function byQuality({ data, currency }: ReportContext): Card {
	const rows = data.costByQuality.filter(({ costPerImage }) => costPerImage !== null);
	const named = rows.map((row) => ({ ...row, name: qualityStep(Number(row.name)) }));
	const bars = named.map(({ name, costPerImage }) => ({
		name,
		value: costPerImage ?? 0,
		color: 'var(--c4)',
		text: formatMoney(costPerImage, currency),
	}));
	return {
		id: 'cost-quality',
		title: 'Cost of an image by quality',
		text: 'Quality as the catalog rates it, from 0 to 1: what a step up costs.',
		span: 6,
		height: 220,
		draw: () => standingBars(bars, (value) => formatMoney(value, currency)),
		empty: 'No image with a known cost in this time.',
		...costTable('Quality', named, currency),
	};
}

function qualityStep(from: number): string {
	return `${from.toFixed(1)}–${(from + 0.1).toFixed(1)}`;
}

function costTable(
	what: string,
	rows: readonly CostRow[],
	currency: string,
): Pick<Card, 'columns' | 'rows'> {
	const figures = true;
	return {
		columns: [
			{ name: what.charAt(0).toUpperCase() + what.slice(1) },
			{ name: 'Cost', figures },
			{ name: 'Images', figures },
			{ name: 'Per image', figures },
		],
		rows: rows.map(({ name, cost, images, costPerImage }) => [
			...[
				name,
				formatMoney(cost, currency),
				formatCount(images),
				formatMoney(costPerImage, currency),
			],
		]),
	};
}
