/** A batch plan as a person reads it: what runs where in which order, totals, and what other budgets would bring. */
import type { BatchPlan, ServerPlan } from '../lib/optimizer/types';
import { formatSeconds } from '../lib/units';
import { formatTable } from './table';

export function describePlan(plan: BatchPlan): string {
	const parts = plan.servers.filter(hasJobs).map((server) => describeServer(server, plan));
	parts.push(describeTotals(plan));
	if (plan.refused.length > 0) parts.push(describeRefused(plan));
	if (plan.frontier.length > 0) parts.push(describeFrontier(plan));
	for (const { message } of plan.shortfalls) parts.push(`Does not hold: ${message}`);
	return `${parts.join('\n\n')}\n`;
}

function hasJobs({ assignments }: ServerPlan): boolean {
	return assignments.length > 0;
}

function describeServer(server: ServerPlan, { totals }: BatchPlan): string {
	const head = `${server.server}: ${server.assignments.length} jobs, ${server.loads} loads, done in ${formatSeconds(server.finish_seconds)}, ${amount(server.cost)} ${totals.cost_unit}`;
	const rows = server.assignments.map((one) => [
		String(one.index + 1),
		one.job_id ?? '-',
		one.model_name,
		one.preset,
		one.start_seconds.toFixed(1),
		one.load_seconds > 0 ? one.load_seconds.toFixed(1) : '-',
		one.finish_seconds.toFixed(1),
		amount(one.cost),
		one.quality.toFixed(3),
		one.late ? 'late' : '',
	]);
	const columns = [
		'#',
		'Job',
		'Model',
		'Preset',
		'Start s',
		'Load s',
		'End s',
		'Cost',
		'Quality',
		'',
	];
	return `${head}\n${formatTable(columns, rows)}`;
}

function describeTotals({ totals, bound, objective }: BatchPlan): string {
	const best = bound.exact
		? 'the best there is'
		: `within ${percent(bound.gap)} of the best there could be`;
	const goal = objective === 'least_cost' ? 'least cost' : 'best quality within the budget';
	const mean = totals.mean_quality === null ? '-' : totals.mean_quality.toFixed(4);
	return [
		`${totals.assigned} of ${totals.jobs} jobs assigned, ${totals.refused} refused, ${totals.late} late`,
		`cost ${amount(totals.cost)} ${totals.cost_unit} (loads ${amount(totals.load_cost)}), mean quality ${mean}, ${totals.loads} loads, done in ${formatSeconds(totals.finish_seconds)}`,
		`${goal}: ${best}`,
	].join('\n');
}

function describeRefused({ refused }: BatchPlan): string {
	const rows = refused.map((job) => [
		String(job.index + 1),
		job.job_id ?? '-',
		job.code,
		job.message,
	]);
	return `Refused\n${formatTable(['#', 'Job', 'Reason', ''], rows)}`;
}

function describeFrontier({ frontier, totals }: BatchPlan): string {
	const rows = frontier.map((row) => [
		amount(row.budget),
		amount(row.cost),
		row.mean_quality.toFixed(4),
		String(row.loads),
		formatSeconds(row.finish_seconds),
	]);
	return `What other budgets bring (${totals.cost_unit})\n${formatTable(['Budget', 'Cost', 'Mean quality', 'Loads', 'Done in'], rows)}`;
}

function amount(value: number): string {
	return String(Number(value.toPrecision(5)));
}

function percent(ratio: number): string {
	return `${Number((ratio * 100).toPrecision(2))} %`;
}
