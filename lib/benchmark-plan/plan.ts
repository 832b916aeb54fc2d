/**
 * Which runs a benchmark makes on a server: a grid of presets and sizes within bounds of number and time, estimated
 * beforehand. Pure. Every target that is left out is named with its reason.
 */
import type { Catalog } from '../catalog/schema';
import { meanRunSeconds } from '../estimate/run-time';
import type { FleetServer } from '../fleet/types';
import { prepareCatalog } from '../router/prepared-catalog';
import { serverStates } from '../router/server-state';
import { checkWishes, type CheckedWishes } from './check-wishes';
import {
	memoryObstacle,
	modelObstacle,
	presetObstacle,
	sizesOf,
	skip,
	type Target,
} from './targets';
import type { BenchmarkPlan, BenchmarkWishes, PlannedRun, SkippedTarget } from './types';

/** Submitting, saving and asking, besides the run itself, seconds. */
const OVERHEAD_SECONDS = 0.5;
/** Unloading everything and waiting until the memory has settled, seconds. */
const UNLOAD_SECONDS = 3;

/**
 * @param server as a fleet snapshot has it: its files, memory and speed
 * @returns runs within `maxRuns` and `maxSeconds`: references before other sizes, in the catalog's order
 * @throws RouterError OPTIONS_INVALID naming every fault of the wishes, unknown models and presets included
 */
export function planBenchmark(
	catalog: Catalog,
	server: FleetServer,
	wishes: BenchmarkWishes = {},
): BenchmarkPlan {
	const checked = checkWishes(wishes, catalog);
	const prepared = prepareCatalog(catalog);
	const state = serverStates({ servers: [server] }, prepared)[0]!;
	const skipped: SkippedTarget[] = [];
	const targets = prepared.models
		.filter(({ name }) => checked.models.length === 0 || checked.models.includes(name))
		.flatMap((model): Target[] => {
			const obstacle = modelObstacle(model, server);
			if (obstacle !== null) {
				skipped.push(skip(model.name, null, null, obstacle));
				return [];
			}
			return targetsOf(model, server, checked, skipped);
		})
		.filter((target) => {
			const obstacle = memoryObstacle(target, state);
			if (obstacle === null) return true;
			skipped.push(skip(target.model.name, target.prepared.preset.name, target.size, obstacle));
			return false;
		});
	const accepted = withinBounds(targets, checked, state.speedFactor, skipped);
	const runs = inRunningOrder(accepted, targets);
	return {
		server: server.name,
		runs,
		skipped,
		estimated_seconds: runs.reduce((sum, run) => sum + run.estimated_seconds, 0),
		max_seconds: checked.maxSeconds,
	};
}

function targetsOf(
	model: Target['model'],
	server: FleetServer,
	{ presets, scope, megapixels }: CheckedWishes,
	skipped: SkippedTarget[],
): Target[] {
	return model.presets
		.filter(({ preset }) => presets.length === 0 || presets.includes(preset.name))
		.flatMap((prepared) => {
			const obstacle = presetObstacle({ model, prepared }, server, scope);
			if (obstacle !== null) {
				skipped.push(skip(model.name, prepared.preset.name, null, obstacle));
				return [];
			}
			const { sizes, refused } = sizesOf(model, prepared, megapixels);
			for (const size of refused) {
				const why = 'a size that the model does not take';
				skipped.push(skip(model.name, prepared.preset.name, size, why));
			}
			return sizes.map((size, index) => ({ model, prepared, size, atReference: index === 0 }));
		});
}

interface Accepted {
	target: Target;
	runs: PlannedRun[];
}

/** What matters most is taken first; a target that no longer fits leaves its room to a smaller one. */
function withinBounds(
	targets: readonly Target[],
	wishes: CheckedWishes,
	speedFactor: number,
	skipped: SkippedTarget[],
): Accepted[] {
	const ranked = [
		...targets.filter((target) => target.atReference),
		...targets.filter((target) => !target.atReference),
	];
	const begun = new Set<string>();
	const accepted: Accepted[] = [];
	let runs = 0;
	let seconds = 0;
	for (const target of ranked) {
		const planned = runsOf(target, wishes, begun.has(target.model.name), speedFactor);
		const takes = planned.reduce((sum, run) => sum + run.estimated_seconds, 0);
		const full =
			runs + planned.length > wishes.maxRuns
				? `over the limit of ${wishes.maxRuns} runs`
				: seconds + takes > wishes.maxSeconds
					? `over the limit of ${wishes.maxSeconds} s (it alone takes about ${Math.ceil(takes)} s)`
					: null;
		if (full !== null) {
			skipped.push(skip(target.model.name, target.prepared.preset.name, target.size, full));
			continue;
		}
		begun.add(target.model.name);
		runs += planned.length;
		seconds += takes;
		accepted.push({ target, runs: planned });
	}
	return accepted;
}

/** A model's first target loads it, whether that is measured or not: then with a run of its own that does not count. */
function runsOf(
	target: Target,
	{ cold, repeats }: Pick<CheckedWishes, 'cold' | 'repeats'>,
	isLoaded: boolean,
	speedFactor: number,
): PlannedRun[] {
	const { model, prepared, size, atReference } = target;
	const { steps, cfg, name: preset } = prepared.preset;
	const parameters = { ...size, steps, cfg, batchSize: 1, images: 0 };
	const warmSeconds = meanRunSeconds(prepared.runTime, parameters) / speedFactor;
	const run = (kind: PlannedRun['kind']): PlannedRun => ({
		model_name: model.name,
		preset,
		...size,
		steps,
		cfg,
		kind,
		at_reference: atReference,
		estimated_seconds:
			warmSeconds +
			OVERHEAD_SECONDS +
			(kind === 'warm' ? 0 : model.loadSeconds) +
			(kind === 'cold' ? UNLOAD_SECONDS : 0),
	});
	const warm = Array.from({ length: repeats }, () => run('warm'));
	return isLoaded ? warm : [run(cold ? 'cold' : 'first'), ...warm];
}

/** Grouped by model, so that each is loaded once; the target that loads it comes first. */
function inRunningOrder(accepted: readonly Accepted[], targets: readonly Target[]): PlannedRun[] {
	const models = [...new Set(targets.map((target) => target.model.name))];
	return models.flatMap((name) =>
		accepted.filter(({ target }) => target.model.name === name).flatMap(({ runs }) => runs),
	);
}
