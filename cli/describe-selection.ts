/** A selection for people: the decision, its reason, and what else was considered. */
import type { Selection } from '../lib/selection/types';
import { formatGb, formatSeconds } from '../lib/units';
import { formatTable } from './table';

export function describeSelection(selection: Selection): string {
	return [
		...(selection.decision === 'selected' ? chosen(selection) : refused(selection)),
		...others(selection),
	].join('\n');
}

function title(selection: Selection): string {
	const { job_id: job, request } = selection;
	return `${job ?? 'Request'} (${request.purpose}, ${request.urgency})`;
}

function chosen(selection: Selection & { decision: 'selected' }): string[] {
	const { estimate, parameters } = selection;
	const flags = [selection.late && 'LATE', selection.degraded && 'DEGRADED'].filter(Boolean);
	return [
		`${title(selection)}: ${selection.model_name} / ${selection.preset} on ${selection.server}${flags.length > 0 ? ` [${flags.join(', ')}]` : ''}`,
		`  ${selection.selection_reason}`,
		`  ${parameters.width}x${parameters.height}, ${parameters.steps} steps, cfg ${parameters.cfg}, ${parameters.sampler_name}/${parameters.scheduler}`,
		`  queue ${formatSeconds(estimate.queue_seconds)}, load ${formatSeconds(estimate.load_seconds)}, run ${formatSeconds(estimate.run_seconds)}; ` +
			`median ${formatSeconds(estimate.p50_seconds)}, 95 % within ${formatSeconds(estimate.p95_seconds)}; on time ${percent(estimate.on_time_probability)}`,
		`  quality ${estimate.quality.toFixed(2)}, ${cost(estimate.cost, estimate.cost_unit)}, VRAM ${formatGb(estimate.vram_peak_bytes)}`,
	];
}

function refused(selection: Selection & { decision: 'rejected' }): string[] {
	const { code, message, hint } = selection.rejection;
	return [`${title(selection)}: REJECTED (${code})`, `  ${message}`, `  ${hint}`];
}

function others(selection: Selection): string[] {
	if (selection.alternatives.length === 0) return [];
	const rows = selection.alternatives.map((other) => [
		other.model_name,
		other.preset ?? '',
		other.server ?? '',
		other.reason_code,
		other.reason,
	]);
	const table = formatTable(['Also considered', 'Preset', 'Server', 'Lost by', 'Because'], rows);
	return ['', ...table.split('\n').map((line) => `  ${line}`)];
}

function percent(ratio: number): string {
	return `${Math.round(ratio * 100)} %`;
}

function cost(amount: number, unit: string): string {
	return unit === 'gpu_seconds' ? `${amount.toFixed(1)} GPU s` : `${amount.toPrecision(3)} ${unit}`;
}
