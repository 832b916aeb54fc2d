/** What all sections of one report share: its figures, what costs count, and one colour for each model and server. */
import type { ReportData } from '../lib/usage-report';
import { type CostBasis, costBases } from './cost-basis';
import { formatCount, formatDay, formatHour, formatMoment } from './format';
import { type Axis, Palette, type TimeSeries } from './series';

export interface ReportContext {
	data: ReportData;
	currency: string;
	/** Money, or GPU seconds where no server has a price, or both where only some have one; the first is the main one. */
	bases: readonly [CostBasis, ...CostBasis[]];
	models: Palette;
	servers: Palette;
	purposes: Palette;
	coarse: Axis;
	fine: Axis;
}

export function contextOf(data: ReportData, currency: string): ReportContext {
	const { fromMs, toMs, coarseSeconds, fineSeconds } = data.period;
	return {
		data,
		currency,
		bases: costBases(data.totals, currency),
		models: new Palette(data.costByModel.map(({ name }) => name)),
		servers: new Palette([...new Set(data.servers.map(({ server }) => server))]),
		purposes: new Palette(data.costByPurpose.map(({ name }) => name)),
		coarse: { fromMs, toMs, stepSeconds: coarseSeconds },
		fine: { fromMs, toMs, stepSeconds: fineSeconds },
	};
}

/** A row for each time, a column for each line, the newest time first. */
export function seriesTable(
	{ timesMs, series }: TimeSeries,
	stepSeconds: number,
	format: (value: number) => string = formatCount,
): { columns: { name: string; figures?: boolean }[]; rows: string[][] } {
	const time = (ms: number): string =>
		stepSeconds >= 86_400 ? formatDay(ms) : timesMs.length > 60 ? formatMoment(ms) : formatHour(ms);
	const columns = [{ name: 'Time (UTC)' }, ...series.map(({ name }) => ({ name, figures: true }))];
	const rows = timesMs.map((ms, at) => [
		time(ms),
		...series.map(({ values }) => {
			const value = values[at] ?? null;
			return value === null ? '–' : format(value);
		}),
	]);
	return { columns, rows: series.length === 0 ? [] : rows.reverse() };
}
