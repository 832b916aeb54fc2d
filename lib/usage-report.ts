/** What a report shows, and of which time. Pure data: read by an adapter, drawn by `report/`. */

export interface ReportPeriod {
	fromMs: number;
	toMs: number;
	/** Width of the buckets of runs, seconds. */
	coarseSeconds: number;
	/** Width of the buckets of readings, seconds. */
	fineSeconds: number;
}

/** One value of one line at one time. */
export interface ReportPoint {
	/** Start of the bucket, ms since the epoch. */
	timeMs: number;
	metric: string;
	value: number;
}

export interface ReportTotals {
	jobs: number;
	onTimeRatio: number | null;
	images: number;
	/** Money, and an image's; apart from it the GPU seconds on servers without a price. */
	cost: number | null;
	costPerImage: number | null;
	unpricedGpuSeconds: number | null;
	unpricedPerImage: number | null;
	/** Runs on servers with a price, and on servers without one. */
	pricedRuns: number;
	unpricedRuns: number;
	quality: number | null;
	degradedRatio: number | null;
	ooms: number;
	failures: number;
	rejected: number;
	swaps: number;
}

export interface CostRow {
	name: string;
	images: number;
	/** Those of them made on servers without a price. */
	unpricedImages: number;
	/** Money, and an image's; apart from it the GPU seconds on servers without a price. */
	cost: number | null;
	costPerImage: number | null;
	unpricedGpuSeconds: number | null;
	unpricedPerImage: number | null;
}

export interface TimeRow {
	model: string;
	cold: boolean;
	runs: number;
	p50Seconds: number;
	p95Seconds: number;
}

export interface EstimateRow {
	model: string;
	runs: number;
	/** Actual over estimated GPU time: 10 %, median, 90 % of the runs. */
	p10: number;
	p50: number;
	p90: number;
	/** Of the sums. */
	ratio: number;
}

export interface ServerRow {
	server: string;
	device: string;
	state: string;
	model: string;
	usedBytes: number | null;
	obtainableBytes: number | null;
	totalBytes: number | null;
	queued: number | null;
	observedAt: Date;
}

export interface RefusalRow {
	code: string;
	purpose: string;
	requests: number;
}

/** One limited amount of one account in its running period. */
export interface QuotaRow {
	/** "user ana" */
	subject: string;
	period: string;
	amount: 'images' | 'gpu_seconds' | 'cost';
	/** Used and reserved. */
	taken: number;
	allowed: number;
	/** 0 to 1, and above where a limit was lowered. */
	share: number;
	resetsAt: Date;
}

export interface FeedbackRow {
	model: string;
	purpose: string;
	ratings: number;
	/** Mean, 0 to 1, with its 90 % interval; null without a rating. */
	rating: number | null;
	low: number | null;
	high: number | null;
	preferred: number;
	notPreferred: number;
}

export interface ReportData {
	period: ReportPeriod;
	totals: ReportTotals;
	/** Of the time before, as long. */
	before: ReportTotals;
	costOverTime: ReportPoint[];
	/** GPU seconds on servers without a price. */
	unpricedOverTime: ReportPoint[];
	costByModel: CostRow[];
	costByPurpose: CostRow[];
	costByUser: CostRow[];
	costByQuality: CostRow[];
	timeByModel: TimeRow[];
	estimates: EstimateRow[];
	estimateBias: ReportPoint[];
	slaAttainment: ReportPoint[];
	degradations: ReportPoint[];
	/** Attempts that brought no image, by status. */
	troubles: ReportPoint[];
	refusals: RefusalRow[];
	swaps: ReportPoint[];
	queueWait: ReportPoint[];
	queueLength: ReportPoint[];
	vramUsed: ReportPoint[];
	residentModels: { timeMs: number; server: string; model: string }[];
	servers: ServerRow[];
	/** As of now, the fullest first; null where this role may not read them. */
	quotas: QuotaRow[] | null;
	/** Of the period; null where this role may not read it. */
	feedback: FeedbackRow[] | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The last `days` whole days (UTC), and today so far. */
export function reportPeriod(nowMs: number, days: number): ReportPeriod {
	const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
	const hourly = days <= 2;
	// a reading's line has about two hundred points
	const fineHours = Math.max(0.25, Math.ceil((days * 24) / 50) / 4);
	return {
		fromMs: today - days * DAY_MS,
		toMs: nowMs,
		coarseSeconds: hourly ? 3600 : 86_400,
		fineSeconds: fineHours * 3600,
	};
}

export const MAX_REPORT_DAYS = 366;

/** A code of ISO 4217 in form, "USD": what a catalog's `currency` may be. */
export function isCurrency(text: string): boolean {
	return /^[A-Z]{3}$/.test(text);
}
