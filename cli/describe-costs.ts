/** A cost report as a person reads it. */
import type { CostReport, CostUnit } from '../lib/cost-report';
import { formatTable } from './table';

type Dated = CostReport & { since_days: number };

export function describeCosts(report: Dated): string {
	if (report.totals.length === 0) return `No runs in the last ${report.since_days} days.\n`;
	const parts = [
		...report.totals.map((total) => describeTotal(total, report)),
		section('By model and preset', ['Model', 'Preset', ...SUMS], modelRows(report)),
		section(
			'By week',
			['Week', ...SUMS, 'Error', 'Error if learned from before'],
			weekRows(report),
		),
	];
	const jobs = report.jobs.map((job) => [
		...[job.job_id, String(job.attempts), amount(job.estimated), amount(job.actual)],
		...[signed(job.difference), UNIT[job.unit]],
	]);
	if (jobs.length > 0) {
		const columns = ['Job', 'Attempts', 'Estimated', 'Actual', 'Difference', ''];
		parts.push(section('Jobs that differ most', columns, jobs));
	}
	if (report.idle.length > 0) parts.push(idleSection(report));
	return `${parts.join('\n\n')}\n`;
}

const SUMS = ['Runs', 'Compared', 'Estimated', 'Actual', 'Bias', ''];
const UNIT: Record<CostUnit, string> = { money: '', gpu_seconds: 'GPU s' };

function describeTotal(total: Dated['totals'][number], report: Dated): string {
	const unit = total.unit === 'money' ? '' : ' GPU seconds';
	const lines = [
		`${total.runs} runs in the last ${report.since_days} days cost ${amount(total.cost)}${unit}; ${total.failed} of them failed (${amount(total.failed_cost)}), ${total.without_cost} have no cost`,
		`${total.compared} compared: estimated ${amount(total.estimated)}, actual ${amount(total.actual)}, bias ${percent(total.bias)}`,
	];
	const effect = report.calibration.find(({ unit: own }) => own === total.unit);
	if (effect) {
		const { error, calibrated_error: after, reduction } = effect;
		lines.push(
			`error of the estimates ${percent(error, false)}; corrected by the weeks before it would have been ${percent(after, false)}${reduction === null ? '' : ` (${percent(reduction, false)} of it gone)`}`,
		);
	}
	return lines.join('\n');
}

function section(title: string, columns: string[], rows: string[][]): string {
	return `${title}\n${formatTable(columns, rows)}`;
}

function sums(row: Dated['models'][number] | Dated['weeks'][number]): string[] {
	return [
		...[String(row.runs), String(row.compared), amount(row.estimated), amount(row.actual)],
		...[percent(row.bias), UNIT[row.unit]],
	];
}

function modelRows({ models }: Dated): string[][] {
	return models.map((row) => [row.model_name, row.preset, ...sums(row)]);
}

function weekRows({ weeks }: Dated): string[][] {
	return weeks.map((row) => [
		...[row.week, ...sums(row), percent(row.error, false), percent(row.calibrated_error, false)],
	]);
}

function idleSection({ idle }: Dated): string {
	const rows = idle.map((one) => [
		...[one.server, hours(one.watched_seconds), hours(one.idle_seconds)],
		...[hours(one.unreachable_seconds), hours(one.busy_seconds)],
		one.price_per_hour === null ? '-' : amount(one.price_per_hour),
		one.idle_cost === null ? '-' : amount(one.idle_cost),
	]);
	const columns = [
		...['Server', 'Watched h', 'Idle h', 'Away h', 'Busy h (logged)', 'Price per h', 'Idle cost'],
	];
	return section('Servers while nothing ran', columns, rows);
}

function hours(seconds: number): string {
	return (seconds / 3600).toFixed(2);
}

function amount(value: number): string {
	return String(Number(value.toPrecision(5)));
}

function signed(value: number): string {
	return `${value > 0 ? '+' : ''}${amount(value)}`;
}

function percent(ratio: number | null, withSign = true): string {
	if (ratio === null) return '-';
	const text = `${Number((ratio * 100).toFixed(1))} %`;
	return withSign && ratio > 0 ? `+${text}` : text;
}
