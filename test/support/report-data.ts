/** Figures of a report without a database: a busy week, with whatever matters overridden. */
import type { ReportData, ReportPoint, ReportTotals } from '../../lib/usage-report';
import { reportPeriod } from '../../lib/usage-report';

export const REPORT_NOW = Date.parse('2026-03-12T15:30:00Z');
const DAY_MS = 86_400_000;

const totals: ReportTotals = {
	jobs: 100,
	onTimeRatio: 0.9,
	images: 120,
	cost: 12,
	costPerImage: 0.1,
	unpricedGpuSeconds: null,
	unpricedPerImage: null,
	pricedRuns: 120,
	unpricedRuns: 0,
	quality: 0.8,
	degradedRatio: 0.05,
	ooms: 2,
	failures: 1,
	rejected: 3,
	swaps: 9,
};

/** Nothing ran on a server without a price. */
export const PRICED = { unpricedGpuSeconds: null, unpricedPerImage: null, unpricedImages: 0 };

/** @param name stands for every name that a stranger chooses */
export function reportData(name = 'sdxl-base', overrides: Partial<ReportData> = {}): ReportData {
	const period = reportPeriod(REPORT_NOW, 7);
	const daily = (metric: string, value: number): ReportPoint[] =>
		Array.from({ length: 8 }, (_, day) => ({
			timeMs: period.fromMs + day * DAY_MS,
			metric,
			value: value * (1 + (day % 3)),
		}));
	const cost = [
		{ name, cost: 8, images: 80, costPerImage: 0.1, ...PRICED },
		{ name: 'other', cost: 4, images: 40, costPerImage: 0.1, ...PRICED },
	];
	const server = `server ${name}`;
	return {
		period,
		totals,
		before: { ...totals, images: 100, cost: 15, costPerImage: 0.15, onTimeRatio: 0.95 },
		costOverTime: [...daily(name, 1), ...daily('other', 0.5)],
		unpricedOverTime: [],
		costByModel: cost,
		costByPurpose: cost,
		costByUser: cost,
		costByQuality: [
			{ name: '0.6', cost: 4, images: 60, costPerImage: 0.06, ...PRICED },
			{ name: '0.8', cost: 8, images: 60, costPerImage: 0.13, ...PRICED },
		],
		timeByModel: [
			{ model: name, cold: false, runs: 40, p50Seconds: 5, p95Seconds: 9 },
			{ model: name, cold: true, runs: 4, p50Seconds: 15, p95Seconds: 19 },
		],
		estimates: [{ model: name, runs: 44, p10: 0.8, p50: 1.1, p90: 1.4, ratio: 1.12 }],
		estimateBias: daily(name, 0.6),
		slaAttainment: daily(name, 0.3),
		degradations: daily(name, 1),
		troubles: daily(name, 2),
		refusals: [{ code: name, purpose: name, requests: 3 }],
		swaps: daily(server, 0.5),
		queueWait: daily(name, 12),
		queueLength: daily(server, 1),
		vramUsed: daily(server, 6e9),
		residentModels: [{ timeMs: period.fromMs, server, model: name }],
		servers: [
			{
				server,
				device: name,
				state: 'up',
				model: name,
				usedBytes: 6e9,
				obtainableBytes: 20e9,
				totalBytes: 24e9,
				queued: 1,
				observedAt: new Date(REPORT_NOW),
			},
		],
		quotas: [
			{
				...{ subject: `user ${name}`, period: 'day', amount: 'images', taken: 95, allowed: 100 },
				...{ share: 0.95, resetsAt: new Date('2026-12-01T00:00:00Z') },
			},
			{
				...{ subject: 'group *', period: 'month', amount: 'cost', taken: 4, allowed: 10 },
				...{ share: 0.4, resetsAt: new Date('2026-12-01T00:00:00Z') },
			},
		],
		feedback: [
			{
				...{ model: name, purpose: name, ratings: 4, rating: 0.9, low: 0.489, high: 0.978 },
				...{ preferred: 1, notPreferred: 0 },
			},
		],
		...overrides,
	};
}

/** What a database without any row gives. */
export function emptyReportData(): ReportData {
	const none = { jobs: 0, images: 0, ooms: 0, failures: 0, rejected: 0, swaps: 0 };
	const runs = { pricedRuns: 0, unpricedRuns: 0 };
	const costs = {
		cost: null,
		costPerImage: null,
		unpricedGpuSeconds: null,
		unpricedPerImage: null,
	};
	const unknown = { ...costs, onTimeRatio: null, quality: null, degradedRatio: null };
	const nothing = { ...none, ...runs, ...unknown };
	const lists = Object.entries(reportData()).map(([key, value]) => [
		key,
		Array.isArray(value) ? [] : value,
	]);
	return { ...Object.fromEntries(lists), totals: nothing, before: nothing } as ReportData;
}
