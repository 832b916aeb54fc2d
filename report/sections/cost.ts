/** What images cost: over time, by model, purpose, user and quality; money and GPU seconds each in pictures of their own. */
import type { CostRow } from '../../lib/usage-report';
import type { Card } from '../card';
import { barsHeight, lyingBars, standingBars } from '../charts/bars';
import { stackedBars } from '../charts/time-charts';
import { type ReportContext, seriesTable } from '../context';
import type { CostBasis } from '../cost-basis';
import { formatCount } from '../format';
import { timeSeries } from '../series';

const MOST_BARS = 8;

export function costCards(context: ReportContext): Card[] {
	const [main, ...others] = context.bases;
	return [
		...cardsIn(main, context),
		...others.flatMap((basis) => cardsIn(basis, context).map(asUnpriced)),
	];
}

function asUnpriced(card: Card): Card {
	return { ...card, id: `${card.id}-unpriced`, title: `${card.title}, without a price` };
}

function cardsIn(basis: CostBasis, context: ReportContext): Card[] {
	const { data, models, purposes, bases } = context;
	// what has no known cost at all stands with the main sums
	const rowsOf = (rows: readonly CostRow[]): CostRow[] =>
		rows.filter(
			(row) =>
				basis.sum(row) !== null ||
				(basis === bases[0] && bases.every((other) => other.sum(row) === null)),
		);
	return [
		overTime(basis, context),
		by(basis, 'model', rowsOf(data.costByModel), (name) => models.of(name)),
		by(basis, 'purpose', rowsOf(data.costByPurpose), (name) => purposes.of(name)),
		by(basis, 'user', rowsOf(data.costByUser), () => 'var(--c1)'),
		byQuality(basis, context),
	];
}

function overTime(basis: CostBasis, { data, models, coarse }: ReportContext): Card {
	const series = timeSeries(basis.overTime(data), coarse, models, 0);
	const { stepSeconds } = coarse;
	return {
		id: 'cost-time',
		title: stepSeconds >= 86_400 ? 'Cost per day' : 'Cost per hour',
		text: `${basis.text} Failed attempts are included, idle time is not.`,
		span: 6,
		draw: (size) => stackedBars({ data: series, stepSeconds, format: basis.format }, size),
		legend: series.series,
		empty: 'No run with a known cost in this time.',
		...seriesTable(series, stepSeconds, basis.format),
	};
}

function by(
	basis: CostBasis,
	what: string,
	rows: readonly CostRow[],
	color: (name: string) => string,
): Card {
	const sorted = [...rows].sort((a, b) => (basis.sum(b) ?? -1) - (basis.sum(a) ?? -1));
	const known = sorted.filter((row) => basis.sum(row) !== null);
	const bars = known.slice(0, MOST_BARS).map((row) => ({
		name: row.name,
		value: basis.sum(row) ?? 0,
		color: color(row.name),
		text: basis.format(basis.sum(row)),
	}));
	return {
		id: `cost-${what}`,
		title: `By ${what}`,
		text:
			sorted.length > MOST_BARS
				? `The ${MOST_BARS} dearest; more in the table.`
				: 'The dearest first.',
		span: 2,
		height: barsHeight(bars.length),
		draw: () => lyingBars(bars),
		empty: 'No run in this time.',
		...costTable(basis, what, sorted),
	};
}

function byQuality(basis: CostBasis, { data }: ReportContext): Card {
	const rows = data.costByQuality.filter((row) => basis.perImage(row) !== null);
	const named = rows.map((row) => ({ ...row, name: qualityStep(Number(row.name)) }));
	const bars = named.map((row) => ({
		name: row.name,
		value: basis.perImage(row) ?? 0,
		color: 'var(--c4)',
		text: basis.format(basis.perImage(row)),
	}));
	return {
		id: 'cost-quality',
		title: 'Cost of an image by quality',
		text: 'Quality as the catalog rates it, from 0 to 1: what a step up costs.',
		span: 6,
		height: 220,
		draw: () => standingBars(bars, basis.format),
		empty: 'No image with a known cost in this time.',
		...costTable(basis, 'quality', named),
	};
}

function qualityStep(from: number): string {
	return `${from.toFixed(1)}–${(from + 0.1).toFixed(1)}`;
}

function costTable(
	basis: CostBasis,
	what: string,
	rows: readonly CostRow[],
): Pick<Card, 'columns' | 'rows'> {
	const figures = true;
	return {
		columns: [
			{ name: what.charAt(0).toUpperCase() + what.slice(1) },
			{ name: 'Cost', figures },
			{ name: 'Images', figures },
			{ name: 'Per image', figures },
		],
		rows: rows.map((row) => [
			row.name,
			basis.format(basis.sum(row)),
			formatCount(basis.images(row)),
			basis.format(basis.perImage(row)),
		]),
	};
}
