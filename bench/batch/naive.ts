/** What people do without a plan: one job after the other as they come, each decided for itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseCatalog } from '../../lib/catalog/parse';
import type { FleetSnapshot } from '../../lib/fleet/types';
import { CostOptimizer } from '../../lib/optimizer/cost-optimizer';
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
	savedMoney: number;
	savedSwaps: number;
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
	options: { budget?: number; deadlineSeconds?: number },
): Outcome {
	const { totals } = optimizer.plan(jobs, snapshot, {
		nowMs: NOW_MS,
		frontierPoints: 0,
		...options,
	});
	const { cost, loads, finish_seconds, mean_quality } = totals;
	return { cost, swaps: loads, finishSeconds: finish_seconds, quality: mean_quality ?? 0 };
}

/** Savings are shares of what the cheaper of the naive ways takes; the least over the batches. */
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
	for (const count of [60, 400, 2000]) {
		const jobs = orders(count, random);
		const cheapest = walk(jobs, router, snapshot, 'cheapest');
		const inTurn = walk(jobs, router, snapshot, 'in_turn');
		const plan = planned(jobs, optimizer, snapshot, {});
		const sameMoney = planned(jobs, optimizer, snapshot, { budget: cheapest.cost });
		const found = { inTurn, cheapest, plan, sameMoney };
		outcomes.push(found);
		savedMoney = Math.min(savedMoney, 1 - plan.cost / cheapest.cost);
		savedSwaps = Math.min(savedSwaps, 1 - plan.swaps / Math.max(1, cheapest.swaps));
		for (const [name, one] of Object.entries(found)) {
			rows.push([
				...[String(count), NAMES[name] ?? name, one.cost.toFixed(4), String(one.swaps)],
				...[one.quality.toFixed(3), one.finishSeconds.toFixed(0)],
			]);
		}
	}
	printTable(['Jobs', 'Order', 'Cost', 'Swaps', 'Mean quality', 'Done in s'], rows);
	return { savedMoney, savedSwaps, outcomes };
}

const NAMES: Record<string, string> = {
	inTurn: 'as they come, servers in turn',
	cheapest: 'as they come, each the cheapest',
	plan: 'planned, least cost',
	sameMoney: 'planned, the money of each the cheapest',
};
