/**
 * Makes usage rows from a selection and from what is known of its run. Owns the meaning of the derived columns:
 * what was planned, what it took, whether it was on time, what it cost. Pure: now is an argument.
 */
import type { HistoryEntry } from '../ports';
import type { GivenUsage } from './given';
import type { SelectionFacts } from './selection-facts';
import { readStamps, type StampedRun } from './stamps';
import type { TimingSource, UsageRow, UsageStatus } from './types';

/** Who logs, and under which name where the selection has none. */
export interface UsageContext {
	/** Used where the selection has no job_id of its own. */
	jobId?: string | null;
	workflowId?: string | null;
	executionId?: string | null;
	promptId?: string | null;
	attempt?: number | null;
}

/** Clocks of two machines may differ this much before a stamp of one is not compared with the other's, ms. */
const CLOCK_TOLERANCE_MS = 2000;

/** Everything that was known before the run; status is `rejected` or, until told otherwise, `success`. */
export function plannedRow(facts: SelectionFacts, context: UsageContext = {}): UsageRow {
	const { request, parameters, estimate, rejection } = facts;
	const rejected = facts.decision === 'rejected';
	return {
		job_id: facts.job_id ?? request?.job_id ?? context.jobId ?? context.promptId ?? '',
		attempt: context.attempt ?? null,
		user_id: request?.user_id ?? null,
		workflow_id: context.workflowId ?? null,
		execution_id: context.executionId ?? null,
		server: facts.server ?? null,
		model_name: facts.model_name ?? null,
		preset: facts.preset ?? null,
		purpose: request?.purpose ?? null,
		urgency: request?.urgency ?? null,
		width: parameters?.width ?? null,
		height: parameters?.height ?? null,
		batch_size: parameters?.batch_size ?? null,
		steps: parameters?.steps ?? null,
		cfg: parameters?.cfg ?? null,
		selection_reason: facts.selection_reason ?? null,
		status: rejected ? 'rejected' : 'success',
		degraded: facts.degraded ?? false,
		error_code: rejected ? (rejection?.code ?? null) : null,
		error_message: rejected ? (rejection?.message ?? null) : null,
		estimated_seconds: estimatedSeconds(facts),
		actual_seconds: null,
		queue_seconds: null,
		load_seconds: null,
		run_seconds: null,
		timing_source: null,
		cold: null,
		deadline_seconds: deadlineSeconds(facts),
		on_time: null,
		estimated_cost: estimate?.cost ?? null,
		actual_cost: null,
		quality_estimated: estimate?.quality ?? null,
		quality_feedback: null,
		vram_peak_bytes: null,
		prompt_id: context.promptId ?? null,
		...(facts.exploration?.probability == null
			? {}
			: { exploration_probability: facts.exploration.probability }),
		...(estimate?.cost_unit ? { cost_unit: estimate.cost_unit } : {}),
	};
}

/**
 * With the server's own times: `actual_seconds` is queue + execution. A run is on time when it succeeded before the
 * deadline; where the two machines' clocks visibly disagree, its duration is held against the deadline's instead.
 */
export function withStamps(
	row: UsageRow,
	facts: SelectionFacts,
	entry: HistoryEntry,
	nowMs: number,
): UsageRow {
	const run = readStamps(entry);
	const actual = run.runSeconds === null ? null : (run.queueSeconds ?? 0) + run.runSeconds;
	return {
		...row,
		status: run.status,
		error_code: run.errorCode,
		error_message: run.errorMessage,
		actual_seconds: actual,
		queue_seconds: run.queueSeconds,
		load_seconds: run.loadSeconds,
		run_seconds: run.runSeconds,
		timing_source: 'comfyui',
		cold: run.cold,
		on_time: run.status === 'success' ? endedOnTime(facts, run, actual, nowMs) : false,
		actual_cost: costOf(facts, run.runSeconds),
		prompt_id: row.prompt_id ?? entry.promptId,
	};
}

/** With the time since the selection, everything included: queue, load, run and whatever the caller did in between. */
export function withWallTime(
	row: UsageRow,
	facts: SelectionFacts,
	nowMs: number,
	outcome: { status: UsageStatus; errorCode?: string | null; errorMessage?: string | null },
): UsageRow {
	const seconds = Math.max(0, (nowMs - Date.parse(facts.selected_at)) / 1000);
	return {
		...row,
		status: outcome.status,
		error_code: outcome.errorCode ?? null,
		error_message: outcome.errorMessage ?? null,
		actual_seconds: seconds,
		timing_source: 'wall' satisfies TimingSource,
		on_time: onTime(outcome.status, seconds, row.deadline_seconds),
	};
}

/** With the caller's figures over everything else; what follows from them is filled in. */
export function withGiven(
	row: UsageRow,
	facts: SelectionFacts | null,
	given: GivenUsage,
): UsageRow {
	const known = Object.fromEntries(
		Object.entries(given).filter(([, value]) => value !== null && value !== undefined),
	);
	const merged: UsageRow = { ...row, ...known };
	// given costs are money, whatever the selection counted: which of the two it is, its figures tell
	if (given.actual_cost != null && row.cost_unit === 'gpu_seconds') merged.cost_unit = null;
	const parts = [given.queue_seconds, given.load_seconds, given.run_seconds];
	const timed = [given.actual_seconds, ...parts].some(
		(value) => value !== null && value !== undefined,
	);
	if (!timed) return merged;
	merged.timing_source = 'given';
	if (given.actual_seconds === null || given.actual_seconds === undefined) {
		merged.actual_seconds = parts.reduce<number>((sum, value) => sum + (value ?? 0), 0);
	}
	merged.on_time =
		given.on_time ?? onTime(merged.status, merged.actual_seconds, merged.deadline_seconds);
	if (given.actual_cost === null || given.actual_cost === undefined) {
		const busy =
			given.run_seconds === null || given.run_seconds === undefined ? null : given.run_seconds;
		merged.actual_cost =
			facts === null || busy === null
				? merged.actual_cost
				: costOf(facts, busy + (given.load_seconds ?? 0));
	}
	return merged;
}

function estimatedSeconds(facts: SelectionFacts): number | null {
	const estimate = facts.estimate;
	if (!estimate) return null;
	return (estimate.queue_seconds ?? 0) + (estimate.load_seconds ?? 0) + (estimate.run_seconds ?? 0);
}

function deadlineSeconds(facts: SelectionFacts): number | null {
	if (!facts.deadline_at) return null;
	return (Date.parse(facts.deadline_at) - Date.parse(facts.selected_at)) / 1000;
}

function onTime(
	status: UsageStatus,
	actualSeconds: number | null,
	deadline: number | null,
): boolean | null {
	if (deadline === null || status === 'rejected') return null;
	if (status !== 'success') return false;
	return actualSeconds === null ? null : actualSeconds <= deadline;
}

function endedOnTime(
	facts: SelectionFacts,
	run: StampedRun,
	actualSeconds: number | null,
	nowMs: number,
): boolean | null {
	if (!facts.deadline_at) return null;
	const selectedMs = Date.parse(facts.selected_at);
	const clocksAgree =
		run.endedMs !== null &&
		run.endedMs <= nowMs + CLOCK_TOLERANCE_MS &&
		(run.createdMs ?? run.endedMs) >= selectedMs - CLOCK_TOLERANCE_MS;
	if (clocksAgree) return (run.endedMs as number) <= Date.parse(facts.deadline_at);
	return onTime('success', actualSeconds, deadlineSeconds(facts));
}

/**
 * GPU time at the price that the estimate was made with: the price per second is estimated cost over estimated
 * seconds of load and run (1 where the unit is GPU seconds). null where the selection does not tell it.
 */
function costOf(facts: SelectionFacts, gpuSeconds: number | null): number | null {
	if (gpuSeconds === null || !facts.estimate) return null;
	const { cost, cost_unit: unit, load_seconds: load, run_seconds: run } = facts.estimate;
	if (unit === 'gpu_seconds') return gpuSeconds;
	const estimated = (load ?? 0) + (run ?? 0);
	if (cost === null || cost === undefined || estimated <= 0) return null;
	return (cost / estimated) * gpuSeconds;
}
