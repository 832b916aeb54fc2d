/**
 * What a cost counts in the report: money, or GPU seconds on servers without a price. Each basis has its own sums, pictures
 * and format, so that the two are never added.
 */
import type { CostRow, ReportData, ReportPoint, ReportTotals } from '../lib/usage-report';
import { formatCount, formatGpuSeconds, formatMoney } from './format';

type Costs = Omit<CostRow, 'name' | 'images' | 'unpricedImages'>;

export interface CostBasis {
	unit: 'money' | 'gpu_seconds';
	/** What the sums count and which runs are in them. */
	text: string;
	sum(costs: Costs): number | null;
	perImage(costs: Costs): number | null;
	/** Those that the sum paid for. */
	images(row: CostRow): number;
	overTime(data: ReportData): ReportPoint[];
	format(value: number | null): string;
}

export function costBases(
	totals: ReportTotals,
	currency: string,
): readonly [CostBasis, ...CostBasis[]] {
	const { pricedRuns, unpricedRuns } = totals;
	if (unpricedRuns === 0) return [money(currency, 'GPU time at the price of its server.')];
	if (pricedRuns === 0) return [gpuSeconds('GPU seconds: no server has an hourly price.')];
	const runs = formatCount(pricedRuns + unpricedRuns);
	return [
		money(
			currency,
			`GPU time at the price of its server, of ${formatCount(pricedRuns)} of ${runs} runs.`,
		),
		gpuSeconds(
			`GPU seconds of ${formatCount(unpricedRuns)} of ${runs} runs: their servers have no price.`,
		),
	];
}

const money = (currency: string, text: string): CostBasis => ({
	unit: 'money',
	text,
	sum: ({ cost }) => cost,
	perImage: ({ costPerImage }) => costPerImage,
	images: ({ images, unpricedImages }) => images - unpricedImages,
	overTime: ({ costOverTime }) => costOverTime,
	format: (value) => formatMoney(value, currency),
});

const gpuSeconds = (text: string): CostBasis => ({
	unit: 'gpu_seconds',
	text,
	sum: ({ unpricedGpuSeconds }) => unpricedGpuSeconds,
	perImage: ({ unpricedPerImage }) => unpricedPerImage,
	images: ({ unpricedImages }) => unpricedImages,
	overTime: ({ unpricedOverTime }) => unpricedOverTime,
	format: formatGpuSeconds,
});
