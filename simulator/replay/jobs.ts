/** Turns lines of a trace into jobs with a deadline. */
import { DEFAULT_URGENCIES } from '../../lib/catalog/defaults';
import { invalidInput } from '../../lib/errors';
import type { PendingJob, ReplayInput, TraceJob } from './types';

/** In the trace's order, each with its own deadline or its urgency's target. */
export function pendingJobs({
	catalog,
	trace,
}: Pick<ReplayInput, 'catalog' | 'trace'>): PendingJob[] {
	const urgencies = { ...DEFAULT_URGENCIES, ...catalog.urgency };
	return trace.map((line, index) => ({
		index,
		jobId: `job-${index}`,
		trace: line,
		arrivedAtSeconds: line.arrivalSeconds,
		deadlineAtSeconds: line.arrivalSeconds + deadlineSeconds(line, urgencies),
		excludedModels: new Set(),
	}));
}

function deadlineSeconds(
	{ deadlineSeconds: own, urgency }: TraceJob,
	urgencies: Readonly<Record<string, { target_seconds: number }>>,
): number {
	const target = own ?? urgencies[urgency]?.target_seconds;
	if (target !== undefined) return target;
	throw invalidInput('TRACE_INVALID', 'The trace', [
		{
			path: 'urgency',
			message: `the catalog knows no urgency "${urgency}"`,
			hint: 'Use an urgency of the catalog, or give deadline_seconds.',
		},
	]);
}
