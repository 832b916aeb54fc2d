/** What people do without a plan: one job after the other as they come, each decided for itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseCatalog } from '../../lib/catalog/parse';
import type { FleetSnapshot } from '../../lib/fleet/types';
import { CostOptimizer } from '../../lib/optimizer/cost-optimizer';
import type { BatchPlan } from '../../lib/optimizer/types';
import { ModelRouter } from '../../lib/router/model-router';
import { seededRandom } from '../../simulator/replay/random';
import { printTable } from '../report';
import { orders } from './instances';

const ROOT = join(__dirname, '..', '..');
const NOW_MS = Date.UTC(2026, 0, 1);

interface Outcome {
	cost: number;
	swaps: number;
	finishSeconds: number;
	quality: number;
}

export interface NaiveComparison {
	/** Against each job decided for itself by the router as it comes. */
	savedMoney: number;
	/** Against the plan's own choices in the order of arrival. */
	savedByOrder: number;
	savedSwaps: number;
	/** Mean quality for the money that jobs decided for themselves cost. */
	qualityGained: number;
	outcomes: Record<string, Outcome>[];
}

/** The studio's fleet as it stands, at rest. */
function fleet(): FleetSnapshot {
	const path = join(ROOT, 'test', 'fixtures', 'fleets', 'studio.json');
	const snapshot = JSON.parse(readFileSync(path, 'utf8')) as FleetSnapshot;
	return { servers: snapshot.servers.map((server) => ({ ...server, queue: [] })) };
}

/** Each job in turn where `take` sends it; loads as they then happen. */
function walk(
	jobs: readonly Record<string, unknown>[],
	router: ModelRouter,
	snapshot: FleetSnapshot,
	take: 'cheapest' | 'in_turn',
): Outcome {
	const state = snapshot.servers.map((server) => ({ ...server, busy: 0 }));
	const outcome: Outcome = { cost: 0, swaps: 0, finishSeconds: 0, quality: 0 };
	let served = 0;
	jobs.forEach((job, index) => {
		const servers = take === 'in_turn' ? [state[index % state.length]] : state;
		const asked = { ...job, urgency: 'flexible', deadline_seconds: 1e6 };
		const present = { servers: servers.filter((server) => server !== undefined) };
		let chosen = router.select(asked, present, { nowMs: NOW_MS });
		if (chosen.decision === 'rejected') {
			chosen = router.select(asked, { servers: state }, { nowMs: NOW_MS });
		}
		if (chosen.decision === 'rejected') return;
		const { estimate, server: name, model_name: model } = chosen;
		const server = state.find((one) => one.name === name);
		if (server === undefined) return;
		server.loaded_model = model;
		server.busy += estimate.load_seconds + estimate.run_seconds;
		outcome.cost += estimate.cost;
		outcome.quality += estimate.quality;
		outcome.swaps += estimate.load_seconds > 0 ? 1 : 0;
		served++;
	});
	outcome.finishSeconds = Math.max(...state.map(({ busy }) => busy));
	outcome.quality /= Math.max(1, served);
	return outcome;
}

function planned(
	jobs: readonly unknown[],
	optimizer: CostOptimizer,
	snapshot: FleetSnapshot,
	options: { budget?: number },
): BatchPlan {
	return optimizer.plan(jobs, snapshot, { nowMs: NOW_MS, frontierPoints: 0, ...options });
}

function outcomeOf({ totals }: BatchPlan): Outcome {
	const { cost, loads, finish_seconds, mean_quality } = totals;
	return { cost, swaps: loads, finishSeconds: finish_seconds, quality: mean_quality ?? 0 };
}

/** The plan's own choice for every job, run in the order the jobs came in: what the order alone is worth. */
function inArrivalOrder(
	plan: BatchPlan,
	optimizer: CostOptimizer,
	snapshot: FleetSnapshot,
): Outcome {
	const outcome = { ...outcomeOf(plan), cost: 0, swaps: 0, finishSeconds: 0 };
	for (const { server: name, assignments } of plan.servers) {
		const server = snapshot.servers.find((one) => one.name === name);
		const price = (server?.hourly_cost ?? 0) / 3600;
		let warm = server?.loaded_model ?? null;
		let clock = 0;
		for (const job of [...assignments].sort((a, b) => a.index - b.index)) {
			const load =
				job.model_name === warm ? 0 : loadSeconds(job.model_name, name, optimizer, snapshot);
			outcome.swaps += load > 0 ? 1 : 0;
			outcome.cost += (load + job.run_seconds) * price;
			clock += load + job.run_seconds;
			warm = job.model_name;
		}
		outcome.finishSeconds = Math.max(outcome.finishSeconds, clock);
	}
	return outcome;
}

const knownLoads = new Map<string, number>();

/** Of a model on a server where nothing is resident. */
function loadSeconds(
	model: string,
	name: string,
	optimizer: CostOptimizer,
	snapshot: FleetSnapshot,
): number {
	const key = `${model} ${name}`;
	const known = knownLoads.get(key);
	if (known !== undefined) return known;
	const servers = snapshot.servers
		.filter((server) => server.name === name)
		.map((server) => ({ ...server, loaded_model: null }));
	const { purposes = {} } = optimizer.catalog.models.find((one) => one.name === model) ?? {};
	const [purpose] = Object.keys(purposes);
	const job = { purpose, model_name: model, width: 1024, height: 1024 };
	const load = planned([job], optimizer, { servers }, {}).totals.gpu_seconds;
	const run =
		planned([job], optimizer, { servers }, {}).servers[0]?.assignments[0]?.run_seconds ?? 0;
	knownLoads.set(key, load - run);
	return load - run;
}

/** Savings are shares; each figure is the least over the batches. */
export function compareNaive(seed: number): NaiveComparison {
	const catalog = parseCatalog(JSON.parse(readFileSync(join(ROOT, 'models_config.json'), 'utf8')));
	const router = new ModelRouter(catalog);
	const optimizer = new CostOptimizer(catalog);
	const snapshot = fleet();
	const random = seededRandom(seed);
	const outcomes: Record<string, Outcome>[] = [];
	const rows: string[][] = [];
	let savedMoney = 1;
	let savedSwaps = 1;
	let savedByOrder = 1;
	let qualityGained = 1;
	for (const count of [60, 400, 2000]) {
		const jobs = orders(count, random);
		const cheapest = walk(jobs, router, snapshot, 'cheapest');
		const inTurn = walk(jobs, router, snapshot, 'in_turn');
		const best = planned(jobs, optimizer, snapshot, {});
		const plan = outcomeOf(best);
		const asTheyCame = inArrivalOrder(best, optimizer, snapshot);
		// sums in another order differ in their last digits
		const budget = cheapest.cost * (1 + 1e-9);
		const sameMoney = outcomeOf(planned(jobs, optimizer, snapshot, { budget }));
		const found = { inTurn, cheapest, asTheyCame, plan, sameMoney };
		outcomes.push(found);
		savedMoney = Math.min(savedMoney, 1 - plan.cost / cheapest.cost);
		savedByOrder = Math.min(savedByOrder, 1 - plan.cost / asTheyCame.cost);
		savedSwaps = Math.min(savedSwaps, 1 - plan.swaps / asTheyCame.swaps);
		qualityGained = Math.min(qualityGained, sameMoney.quality - cheapest.quality);
		for (const [name, one] of Object.entries(found)) {
			rows.push([
				...[String(count), NAMES[name] ?? name, one.cost.toFixed(4), String(one.swaps)],
				...[one.quality.toFixed(3), one.finishSeconds.toFixed(0)],
			]);
		}
	}
	printTable(['Jobs', 'Order', 'Cost', 'Swaps', 'Mean quality', 'Done in s'], rows);
	return { savedMoney, savedByOrder, savedSwaps, qualityGained, outcomes };
}

const NAMES: Record<string, string> = {
	inTurn: 'as they come, servers in turn',
	cheapest: 'as they come, each the cheapest',
	asTheyCame: 'the choices of the plan, as they come',
	plan: 'planned, least cost',
	sameMoney: 'planned, the money of each the cheapest',
};
