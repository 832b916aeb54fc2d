/**
 * Plans a batch: model, preset, server and place in the running order for every request, at least cost or, with a
 * budget, at the highest quality. Pure: the same arguments give the same plan. Owns the order of the steps.
 */
import type { Catalog } from '../catalog/schema';
import { RouterError } from '../errors';
import { parseFleet } from '../fleet/parse';
import type { FleetSnapshot } from '../fleet/types';
import { checkOptions } from '../router/check-options';
import { type PreparedCatalog, prepareCatalog } from '../router/prepared-catalog';
import { serverStates } from '../router/server-state';
import { type BatchChoice, chooseWays } from './choose';
import { type Classified, classify, problemOf } from './classify';
import { frontierOf } from './frontier';
import { isLate, lineUp, type Placement, place, repairLate, type Run } from './placement';
import { planOf } from './plan';
import { plannedSelections } from './planned-selections';
import type { BatchProblem } from './problem';
import { improveSingles } from './single-deadlines';
import type { BatchOptions, BatchPlan, BatchPlanWithSelections, RefusedJob } from './types';

export class CostOptimizer {
	readonly #prepared: PreparedCatalog;

	/** @param catalog from `parseCatalog`; must not be changed afterwards */
	constructor(readonly catalog: Catalog) {
		this.#prepared = prepareCatalog(catalog);
	}

	/**
	 * @param requests as for `ModelRouter.select`; of deadlines only a job's own counts, an urgency's target does not
	 * @param snapshot the fleet; what is queued there runs before the batch
	 * @throws RouterError FLEET_INVALID or OPTIONS_INVALID; a request that is wrong or cannot be served is refused in the plan
	 */
	plan(requests: readonly unknown[], snapshot: FleetSnapshot, options: BatchOptions): BatchPlan {
		return this.#solve(requests, snapshot, options).plan;
	}

	/**
	 * The plan, and for each assigned job the selection to run it with.
	 * @throws as `plan`
	 */
	planSelections(
		requests: readonly unknown[],
		snapshot: FleetSnapshot,
		options: BatchOptions,
	): BatchPlanWithSelections {
		const { plan, classified, runs } = this.#solve(requests, snapshot, options);
		const prepared = this.#prepared;
		const selections = plannedSelections({ prepared, classified, requests, options, runs });
		return { plan, selections };
	}

	#solve(
		requests: readonly unknown[],
		snapshot: FleetSnapshot,
		options: BatchOptions,
	): { plan: BatchPlan; classified: Classified; runs: Run[][] } {
		checkBatchOptions(options);
		const fleet = parseFleet(snapshot);
		const states = serverStates(fleet, this.#prepared);
		const classified = classify(this.#prepared, requests, fleet, states, options);
		const problem = problemOf(classified);
		const deadline = options.deadlineSeconds ?? Infinity;
		const placed = placeWithin(classified, problem, options);
		const frontier = frontierOf(problem, deadline, options.frontierPoints ?? 8);
		const context = { classified, requests: requests.length, options, frontier };
		if (placed === null) {
			return { plan: overBudget(context, problem, deadline), classified, runs: [] };
		}
		const refused = [...classified.refused, ...placed.refused];
		const plan = planOf({ ...context, ...placed, refused });
		return { plan, classified, runs: placed.runs };
	}
}

interface Placed {
	choice: BatchChoice;
	runs: Run[][];
	refused: RefusedJob[];
}

/** Tries at leaving money for loads that only the order of urgent jobs needs. */
const MOST_TRIES = 4;

/**
 * The order that deadlines need may load a model twice, which the choice has not paid for: then less is chosen, and if
 * that is not enough, money goes before deadlines.
 */
function placeWithin(
	classified: Classified,
	problem: BatchProblem,
	options: BatchOptions,
): Placed | null {
	const budget = options.budget ?? null;
	const deadline = options.deadlineSeconds ?? Infinity;
	const first = chooseWays(problem, budget, deadline);
	if (first === null) return null;
	let choice: BatchChoice | null = first;
	let allowed = budget ?? Infinity;
	for (let made = 0; made < MOST_TRIES && choice !== null; made++) {
		const placed = inTime(classified, choice, options);
		const over = costOf(classified, placed.runs) - (budget ?? Infinity);
		if (!(over > 0)) return { ...placed, choice: { ...choice, bound: first.bound } };
		allowed -= over * (1 + 1e-6);
		choice = allowed >= 0 ? chooseWays(problem, allowed, deadline) : null;
	}
	const timeless = classified.classes.map(({ jobs, ways }) => ({
		ways,
		jobs: jobs.map((job) => ({ ...job, deadlineSeconds: Infinity })),
	}));
	const runs = place({ ...classified, classes: timeless }, first.counts).map((line, server) =>
		lineUp(classified, server, line),
	);
	return { choice: first, refused: [], runs: withDeadlines(classified, runs) };
}

function costOf({ prices }: Classified, runs: Run[][]): number {
	let cost = 0;
	runs.forEach((line, server) => {
		for (const run of line) cost += run.placed.way.cost + run.loadSeconds * (prices[server] ?? 0);
	});
	return cost;
}

/** The jobs as they were, in the order found without their deadlines. */
function withDeadlines({ classes }: Classified, runs: Run[][]): Run[][] {
	const jobs = new Map(classes.flatMap((entry) => entry.jobs).map((job) => [job.index, job]));
	return runs.map((line) =>
		line.map((run) => {
			const job = jobs.get(run.placed.job.index) ?? run.placed.job;
			return { ...run, placed: { ...run.placed, job } };
		}),
	);
}

function checkBatchOptions(options: BatchOptions): void {
	checkOptions({ nowMs: options.nowMs, calibration: options.calibration });
	const { budget, deadlineSeconds } = options;
	const problems = [
		{ path: 'budget', value: budget, least: 0 },
		{ path: 'deadlineSeconds', value: deadlineSeconds, least: 0 },
	].filter(({ value, least }) => value != null && !(value >= least && value < Infinity));
	if (problems.length === 0) return;
	throw new RouterError({
		code: 'OPTIONS_INVALID',
		message: `${problems.map(({ path }) => path).join(' and ')} must be a number, 0 or more.`,
		hint: 'Leave it out for no limit.',
	});
}

/** Places the jobs, moves late ones, and takes out those that are refused when late. */
function inTime(
	classified: Classified,
	choice: BatchChoice,
	options: BatchOptions,
): Omit<Placed, 'choice'> {
	const limits = {
		budget: (options.budget ?? Infinity) * (1 - 1e-12),
		deadlineSeconds: options.deadlineSeconds ?? Infinity,
	};
	const refused: RefusedJob[] = [];
	let placement: Placement = place(classified, choice.counts);
	for (;;) {
		const runs = improveSingles(classified, repairLate(classified, placement, limits), limits);
		const out = new Set<unknown>();
		for (const run of runs.flat()) {
			if (!run.placed.job.refuseLate || !isLate(run)) continue;
			out.add(run.placed.job);
			refused.push(refusedLate(run));
		}
		if (out.size === 0) return { runs, refused };
		placement = runs.map((line) =>
			line.map(({ placed }) => placed).filter(({ job }) => !out.has(job)),
		);
	}
}

function refusedLate({ placed: { job }, finishSeconds }: Run): RefusedJob {
	const least = Math.ceil(finishSeconds * 1000) / 1000;
	return {
		index: job.index,
		job_id: job.jobId,
		code: 'LATE',
		message: `It would be done ${least} s from now, ${Number((least - job.deadlineSeconds).toFixed(3))} s late.`,
		hint: `A deadline of ${least} s would do, or set if_late to best_effort.`,
	};
}

interface Context {
	classified: Classified;
	requests: number;
	options: BatchOptions;
	frontier: BatchPlan['frontier'];
}

/** Nothing is planned that would cost more than allowed: every job is refused, and the least cost is said. */
function overBudget(context: Context, problem: BatchProblem, deadline: number): BatchPlan {
	const { classified, options } = context;
	const least = chooseWays(problem, null, deadline) as BatchChoice;
	const budget = options.budget ?? 0;
	const missing = least.totals.cost - budget;
	const unit = classified.costUnit;
	const message = `The least cost for these jobs is ${money(least.totals.cost)} ${unit}, ${money(missing)} more than the budget of ${money(budget)}.`;
	const refused = classified.classes
		.flatMap(({ jobs }) => jobs)
		.map(({ index, jobId }): RefusedJob => ({
			index,
			job_id: jobId,
			code: 'BUDGET',
			message,
			hint: 'Raise the budget, lower the quality floors, or plan fewer jobs.',
		}));
	const runs = classified.states.map(() => []);
	const plan = planOf({
		...context,
		choice: { ...least, bound: 0, exact: least.exact },
		runs,
		refused: [...classified.refused, ...refused],
	});
	const shortfall = { of: 'budget' as const, missing, least: least.totals.cost, job_id: null };
	return { ...plan, feasible: false, shortfalls: [{ ...shortfall, message }] };
}

function money(amount: number): string {
	return String(Number(amount.toPrecision(6)));
}
