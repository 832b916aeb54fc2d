/** Writes the plan: what runs where and when, totals, what does not hold and by how much. Decides nothing. */
import { formatSeconds } from '../units';
import type { BatchChoice } from './choose';
import type { Classified } from './classify';
import { isLate, type Run } from './placement';
import type {
	Assignment,
	BatchOptions,
	BatchPlan,
	FrontierPoint,
	PlanBound,
	PlanTotals,
	RefusedJob,
	ServerPlan,
	Shortfall,
} from './types';

export interface PlanInput {
	classified: Classified;
	requests: number;
	options: BatchOptions;
	choice: BatchChoice;
	runs: Run[][];
	refused: RefusedJob[];
	frontier: FrontierPoint[];
}

export function planOf(input: PlanInput): BatchPlan {
	const { classified, options, runs, frontier } = input;
	const servers = runs.map((line, server) => serverPlan(classified, server, line));
	const totals = totalsOf(input, servers);
	const shortfalls = shortfallsOf(options, totals, servers);
	return {
		objective: options.budget == null ? 'least_cost' : 'best_quality',
		feasible: shortfalls.length === 0,
		shortfalls,
		totals,
		bound: boundOf(input, totals),
		servers,
		refused: [...input.refused].sort((a, b) => a.index - b.index),
		frontier,
	};
}

function serverPlan({ states, prices }: Classified, server: number, line: Run[]): ServerPlan {
	const price = prices[server] ?? 0;
	const state = states[server];
	const ready = state?.waitMean ?? 0;
	const assignments = line.map((run) => assignmentOf(run, price));
	const loads = assignments.filter((one) => one.load_seconds > 0);
	return {
		server: state?.name ?? '',
		server_url: state?.server.url ?? null,
		ready_seconds: ready,
		finish_seconds: assignments.at(-1)?.finish_seconds ?? ready,
		loads: loads.length,
		load_seconds: sum(loads, (one) => one.load_seconds),
		cost: sum(assignments, (one) => one.cost),
		assignments,
	};
}

function assignmentOf(run: Run, price: number): Assignment {
	const { job, way } = run.placed;
	return {
		index: job.index,
		job_id: job.jobId,
		model_name: way.plan.model.name,
		preset: way.plan.prepared.preset.name,
		start_seconds: run.startSeconds,
		finish_seconds: run.finishSeconds,
		load_seconds: run.loadSeconds,
		run_seconds: way.seconds,
		cost: way.cost + run.loadSeconds * price,
		quality: way.quality,
		deadline_seconds: job.deadlineSeconds < Infinity ? job.deadlineSeconds : null,
		late: isLate(run),
	};
}

function totalsOf(
	{ classified, requests, refused }: PlanInput,
	servers: readonly ServerPlan[],
): PlanTotals {
	const all = servers.flatMap(({ assignments }) => assignments);
	const quality = sum(all, (one) => one.quality);
	return {
		jobs: requests,
		assigned: all.length,
		refused: refused.length,
		late: all.filter(({ late }) => late).length,
		cost: sum(servers, ({ cost }) => cost),
		load_cost: sum(servers, ({ load_seconds: load }, s) => load * (classified.prices[s] ?? 0)),
		cost_unit: classified.costUnit,
		quality,
		mean_quality: all.length === 0 ? null : quality / all.length,
		gpu_seconds: sum(all, (one) => one.load_seconds + one.run_seconds),
		loads: sum(servers, ({ loads }) => loads),
		finish_seconds: servers
			.filter(({ assignments }) => assignments.length > 0)
			.reduce((last, { finish_seconds: done }) => Math.max(last, done), 0),
	};
}

function sum<T>(items: readonly T[], of: (item: T, index: number) => number): number {
	return items.reduce((total, item, index) => total + of(item, index), 0);
}

function shortfallsOf(
	options: BatchOptions,
	totals: PlanTotals,
	servers: readonly ServerPlan[],
): Shortfall[] {
	const found: Shortfall[] = [];
	const { budget, deadlineSeconds: deadline } = options;
	if (budget != null && totals.cost > budget * (1 + 1e-9)) {
		const missing = totals.cost - budget;
		const message = `The jobs cost ${totals.cost} ${totals.cost_unit}, ${missing} more than the budget.`;
		found.push({ of: 'budget', missing, least: totals.cost, job_id: null, message });
	}
	if (deadline != null && totals.finish_seconds > deadline + 1e-6) {
		const least = totals.finish_seconds;
		const missing = least - deadline;
		const message = `The earliest end that was found is in ${formatSeconds(least)}, ${formatSeconds(missing)} after the deadline.`;
		found.push({ of: 'deadline', missing, least, job_id: null, message });
	}
	for (const { assignments } of servers) {
		for (const one of assignments) {
			if (!one.late || one.deadline_seconds === null) continue;
			const missing = one.finish_seconds - one.deadline_seconds;
			const message = `Request ${one.index + 1} is done in ${formatSeconds(one.finish_seconds)}, ${formatSeconds(missing)} after its deadline.`;
			const least = one.finish_seconds;
			found.push({ of: 'job_deadline', missing, least, job_id: one.job_id, message });
		}
	}
	return found;
}

function boundOf({ choice, classified, options }: PlanInput, totals: PlanTotals): PlanBound {
	if (totals.assigned === 0) return { value: 0, gap: 0, exact: true };
	const { bound } = choice;
	const distance = options.budget == null ? totals.cost - bound : bound - totals.quality;
	const scale = options.budget == null ? totals.cost : bound;
	const gap = scale > 0 ? Math.max(0, distance / scale) : 0;
	// the bound is that of all jobs that could be served: of fewer it says nothing
	const whole = totals.assigned === classified.classes.reduce((n, { jobs }) => n + jobs.length, 0);
	return { value: bound, gap, exact: whole && gap <= 1e-9 };
}
