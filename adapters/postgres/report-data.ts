/** Reads what a report shows with the queries of the dashboards, all as of one moment. Owns rows of SQL as typed figures. */
import type {
	CostRow,
	FeedbackRow,
	QuotaRow,
	ReportData,
	ReportPeriod,
	ReportPoint,
	ReportTotals,
} from '../../lib/usage-report';
import { PANELS } from './panels';
import type { PanelRange } from './panels/macros';
import type { PanelQuery } from './panels/panel';
import { type PanelRequest, type PanelRow, readPanels } from './panels/read-panel';
import type { RouterPool } from './pool';

/** @throws RouterError POSTGRES_* */
export async function readReportData(pool: RouterPool, period: ReportPeriod): Promise<ReportData> {
	const { fromMs, toMs, coarseSeconds, fineSeconds } = period;
	const coarse: PanelRange = { fromMs, toMs, intervalSeconds: coarseSeconds };
	const fine: PanelRange = { fromMs, toMs, intervalSeconds: fineSeconds };
	// up to, not including, the first moment of the period
	const earlier: PanelRange = { ...coarse, fromMs: fromMs - (toMs - fromMs), toMs: fromMs - 1 };
	const asked: PanelRequest[] = [];
	const answers: (PanelRow[] | null)[] = [];
	const ask = (query: PanelQuery, range = coarse): (() => PanelRow[]) => {
		const index = asked.push({ query, range }) - 1;
		return () => answers[index] ?? [];
	};
	const askIfAllowed = (query: PanelQuery): (() => PanelRow[] | null) => {
		const index = asked.push({ query, range: coarse, optional: true }) - 1;
		return () => answers[index] ?? null;
	};
	const rows = {
		totals: ask(PANELS.totals),
		before: ask(PANELS.totals, earlier),
		costOverTime: ask(PANELS.costOverTime),
		unpricedOverTime: ask(PANELS.unpricedOverTime),
		costByModel: ask(PANELS.costByModel),
		costByPurpose: ask(PANELS.costByPurpose),
		costByUser: ask(PANELS.costByUser),
		costByQuality: ask(PANELS.costByQuality),
		timeByModel: ask(PANELS.timeByModel),
		estimates: ask(PANELS.estimatedAgainstActual),
		estimateBias: ask(PANELS.estimateBias),
		slaAttainment: ask(PANELS.slaAttainment),
		degradations: ask(PANELS.degradations),
		outcomes: ask(PANELS.outcomes),
		refusals: ask(PANELS.refusals),
		swaps: ask(PANELS.swaps),
		queueWait: ask(PANELS.queueWait),
		queueLength: ask(PANELS.queueLength, fine),
		vramUsed: ask(PANELS.vramUsed, fine),
		residentModels: ask(PANELS.residentModels, fine),
		servers: ask(PANELS.serversNow),
		quotas: askIfAllowed(PANELS.quotas),
		feedback: askIfAllowed(PANELS.feedback),
	};
	answers.push(...(await readPanels(pool, asked)));
	return {
		period,
		totals: totalsOf(rows.totals()),
		before: totalsOf(rows.before()),
		costOverTime: points(rows.costOverTime()),
		unpricedOverTime: points(rows.unpricedOverTime()),
		costByModel: costs(rows.costByModel(), 'model'),
		costByPurpose: costs(rows.costByPurpose(), 'purpose'),
		costByUser: costs(rows.costByUser(), 'user'),
		costByQuality: costs(rows.costByQuality(), 'quality'),
		timeByModel: rows.timeByModel().map((row) => ({
			model: String(row['model']),
			cold: row['start'] === 'cold',
			runs: count(row['runs']),
			p50Seconds: count(row['p50_seconds']),
			p95Seconds: count(row['p95_seconds']),
		})),
		estimates: rows.estimates().map((row) => ({
			model: String(row['model']),
			runs: count(row['runs']),
			p10: count(row['ratio_p10']),
			p50: count(row['ratio_p50']),
			p90: count(row['ratio_p90']),
			ratio: count(row['ratio']),
		})),
		estimateBias: points(rows.estimateBias()),
		slaAttainment: points(rows.slaAttainment()),
		degradations: points(rows.degradations()),
		troubles: points(rows.outcomes()).filter(({ metric }) => metric !== 'success'),
		refusals: rows.refusals().map((row) => ({
			code: String(row['code']),
			purpose: String(row['purpose']),
			requests: count(row['requests']),
		})),
		swaps: points(rows.swaps()),
		queueWait: points(rows.queueWait()),
		queueLength: points(rows.queueLength()),
		vramUsed: points(rows.vramUsed()),
		residentModels: rows.residentModels().map((row) => ({
			timeMs: (row['time'] as Date).getTime(),
			server: String(row['metric']),
			model: String(row['value']),
		})),
		servers: rows.servers().map((row) => ({
			server: String(row['server']),
			device: String(row['device']),
			state: String(row['state']),
			model: String(row['model']),
			usedBytes: figure(row['used_bytes']),
			obtainableBytes: figure(row['obtainable_bytes']),
			totalBytes: figure(row['total_bytes']),
			queued: figure(row['queued']),
			observedAt: row['observed_at'] as Date,
		})),
		quotas: rows.quotas()?.map(quotaOf) ?? null,
		feedback: rows.feedback()?.map(feedbackOf) ?? null,
	};
}

function totalsOf([row = {}]: PanelRow[]): ReportTotals {
	return {
		jobs: count(row['jobs']),
		onTimeRatio: figure(row['on_time_ratio']),
		images: count(row['images']),
		...costOf(row),
		pricedRuns: count(row['priced_runs']),
		unpricedRuns: count(row['unpriced_runs']),
		quality: figure(row['quality']),
		degradedRatio: figure(row['degraded_ratio']),
		ooms: count(row['ooms']),
		failures: count(row['failures']),
		rejected: count(row['rejected']),
		swaps: count(row['swaps']),
	};
}

function quotaOf(row: PanelRow): QuotaRow {
	return {
		subject: String(row['subject']),
		period: String(row['period']),
		amount: row['amount'] as QuotaRow['amount'],
		taken: count(row['taken']),
		allowed: count(row['allowed']),
		share: count(row['share']),
		resetsAt: row['resets_at'] as Date,
	};
}

function feedbackOf(row: PanelRow): FeedbackRow {
	const rated = figure(row['rating']) !== null;
	return {
		model: String(row['model']),
		purpose: String(row['purpose']),
		ratings: count(row['ratings']),
		rating: figure(row['rating']),
		// without a rating the query's interval is all of 0 to 1
		low: rated ? figure(row['low']) : null,
		high: rated ? figure(row['high']) : null,
		preferred: count(row['preferred']),
		notPreferred: count(row['not_preferred']),
	};
}

/** Buckets without a figure are left out: a gap, not a zero. */
function points(rows: PanelRow[]): ReportPoint[] {
	return rows.flatMap((row) => {
		const value = figure(row['value']);
		if (value === null) return [];
		return [{ timeMs: (row['time'] as Date).getTime(), metric: String(row['metric']), value }];
	});
}

function costs(rows: PanelRow[], name: string): CostRow[] {
	return rows.map((row) => ({
		name: String(row[name]),
		images: count(row['images']),
		unpricedImages: count(row['unpriced_images']),
		...costOf(row),
	}));
}

function costOf(row: PanelRow): Omit<CostRow, 'name' | 'images' | 'unpricedImages'> {
	return {
		cost: figure(row['cost']),
		costPerImage: figure(row['cost_per_image']),
		unpricedGpuSeconds: figure(row['unpriced_gpu_seconds']),
		unpricedPerImage: figure(row['unpriced_per_image']),
	};
}

/** bigint and numeric arrive as text. */
function figure(value: unknown): number | null {
	return value === null || value === undefined ? null : Number(value);
}

function count(value: unknown): number {
	return figure(value) ?? 0;
}
