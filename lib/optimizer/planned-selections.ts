/** What each planned job is to run with, in the shape of the router's own answer, so that it is run as planned. */
import { probabilityWithin, median, percentile95 } from '../estimate/log-normal';
import { calibrationLookup, UNCALIBRATED } from '../router/calibration-lookup';
import type { Candidate } from '../router/candidate';
import { candidateOf } from '../router/estimate-candidate';
import type { PreparedCatalog } from '../router/prepared-catalog';
import { LATE_BELOW } from '../router/rejection';
import { chosen } from '../router/select';
import { understandRequest, type UnderstoodRequest } from '../router/understood-request';
import type { SelectedDecision } from '../selection/types';
import { formatSeconds } from '../units';
import type { Classified } from './classify';
import type { Run } from './placement';
import type { BatchOptions, PlannedSelection } from './types';

interface Planned {
	prepared: PreparedCatalog;
	classified: Classified;
	requests: readonly unknown[];
	options: BatchOptions;
	/** Of each server, in running order. */
	runs: readonly (readonly Run[])[];
}

/** A job that nobody gave a time has this many times what the batch takes, so that it is run as planned. */
const SLACK = 2;

/** In the order in which they start, those of one server in its running order. */
export function plannedSelections(planned: Planned): PlannedSelection[] {
	const lookup = calibrationLookup(planned.options.calibration);
	const last = planned.runs.reduce(
		(most, line) => Math.max(most, line.at(-1)?.finishSeconds ?? 0),
		0,
	);
	const found: (PlannedSelection & { start: number; server: number })[] = [];
	planned.runs.forEach((line, server) => {
		let variance = planned.classified.states[server]?.waitVariance ?? 0;
		line.forEach((run, position) => {
			const { plan, server: state } = run.placed.way;
			const factors =
				lookup?.(plan.model.name, plan.prepared.preset.name, state.name) ?? UNCALIBRATED;
			const asked = askedFor(planned, run.placed.job.index);
			const deadline = deadlineOf(planned, run, asked, last);
			const price = planned.classified.prices[server] ?? 1;
			const currency = planned.prepared.catalog.currency;
			const alone = candidateOf(plan, state, factors, deadline, price, currency);
			variance += alone.variance;
			const selection = selectionOf({
				planned,
				run,
				asked,
				alone,
				deadline,
				variance,
				position,
				all: line.length,
			});
			found.push({ index: run.placed.job.index, selection, start: run.startSeconds, server });
		});
	});
	return found
		.sort((a, b) => a.start - b.start || a.server - b.server)
		.map(({ index, selection }) => ({ index, selection }));
}

function askedFor({ requests, prepared, options }: Planned, index: number): UnderstoodRequest {
	return understandRequest(requests[index], prepared, options.nowMs);
}

/** The job's own, the batch's, or far enough away. */
function deadlineOf(
	{ options }: Planned,
	{ placed }: Run,
	{ deadlineSeconds }: UnderstoodRequest,
	last: number,
): number {
	const own = Math.min(placed.job.deadlineSeconds, options.deadlineSeconds ?? Infinity);
	return own < Infinity ? own : Math.max(deadlineSeconds, SLACK * last);
}

interface Placed {
	planned: Planned;
	run: Run;
	asked: UnderstoodRequest;
	/** Load and queue as if it were alone. */
	alone: Candidate;
	/** Seconds from now. */
	deadline: number;
	/** Of its end, seconds squared. */
	variance: number;
	position: number;
	/** Jobs on its server. */
	all: number;
}

function selectionOf(placed: Placed): SelectedDecision {
	const { planned, run, asked, alone, deadline, variance } = placed;
	const { startSeconds, loadSeconds, finishSeconds } = run;
	const { nowMs } = planned.options;
	const price = alone.cost / Math.max(alone.gpuSeconds, 1e-9);
	const base = chosen(alone, asked);
	const onTime = probabilityWithin(finishSeconds, variance, deadline);
	return {
		decision: 'selected',
		job_id: asked.request.job_id ?? null,
		request: asked.request,
		selected_at: new Date(nowMs).toISOString(),
		deadline_at: new Date(nowMs + deadline * 1000).toISOString(),
		...base,
		estimate: {
			...base.estimate,
			queue_seconds: startSeconds,
			load_seconds: loadSeconds,
			p50_seconds: median(finishSeconds, variance),
			p95_seconds: percentile95(finishSeconds, variance),
			on_time_probability: onTime,
			cost: (loadSeconds + alone.runSeconds) * price,
		},
		// behind what is queued when it is submitted: the order of submitting is the order of the plan
		queue_number: null,
		late: onTime < LATE_BELOW,
		degraded: false,
		selection_reason: reasonOf(placed),
		rejection: null,
		alternatives: [],
	};
}

function reasonOf({ planned, run, alone, position, all }: Placed): string {
	const { plan, server } = alone;
	const load = run.loadSeconds > 0 ? `after a load of ${formatSeconds(run.loadSeconds)}` : 'warm';
	const goal =
		planned.options.budget == null ? 'the least cost' : 'the best quality within the budget';
	return `${plan.model.name} / ${plan.prepared.preset.name} as number ${position + 1} of ${all} on ${server.name}, ${load}: planned for ${goal} of the whole batch at quality ${Number(plan.quality.toFixed(3))}, to start in ${formatSeconds(run.startSeconds)} and end in ${formatSeconds(run.finishSeconds)}.`;
}
