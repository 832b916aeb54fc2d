/** A comparison of partitionings as a person reads it. */
import type { MigComparison, MigComparisonRow } from '../simulator/mig';
import { formatTable } from './table';

/** "1g.5gb+1g.5gb" as "2 x 1g.5gb". */
export function shortPartition(name: string): string {
	const counts = new Map<string, number>();
	for (const part of name.split('+')) counts.set(part, (counts.get(part) ?? 0) + 1);
	return [...counts].map(([part, n]) => (n === 1 ? part : `${n} x ${part}`)).join(' + ');
}

export function describeMigPlan(plan: MigComparison, jobs: number, currency: string): string {
	const head = [
		...['Partitioning', 'Quality on time', 'On time', 'Refused', 'Wait p50', 'Wait p95'],
		...['Loads/h', 'Busy', `${currency} per image`],
	];
	return `${jobs} jobs on one ${plan.gpu}, the router deciding

${formatTable(head, plan.rows.map(cells))}

Recommended: ${shortPartition(plan.recommended)}
${plan.reason}
`;
}

function cells(row: MigComparisonRow): string[] {
	const { metrics, gpu_cost_per_on_time_image: cost } = row;
	return [
		shortPartition(row.partition),
		metrics.effective_quality.toFixed(3),
		`${(metrics.on_time_ratio * 100).toFixed(1)} %`,
		String(metrics.rejected),
		`${metrics.wait_seconds.p50.toFixed(1)} s`,
		`${metrics.wait_seconds.p95.toFixed(1)} s`,
		metrics.swaps_per_hour.toFixed(0),
		`${(metrics.gpu_busy_ratio * 100).toFixed(0)} %`,
		cost === null ? '-' : cost.toPrecision(3),
	];
}
