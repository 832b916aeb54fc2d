/** One cell of the benchmark: a policy on one seed of one scenario. */
import { upperBound } from '../../simulator/replay/bound';
import { replay } from '../../simulator/replay/engine';
import { type Metrics, metricsOf, starvedCount } from '../../simulator/replay/metrics';
import { BOUND, contestantNamed } from './contestants';
import { SCENARIOS, type Scenario } from './scenarios';
import { drawnWorld } from './worlds';

export interface Cell {
	scenario: string;
	seed: number;
	policy: string;
	effectiveQuality: number;
	/** null for the bound, which is no replay. */
	metrics: Metrics | null;
	/** Ran out of memory although nobody took memory after the job was bound. */
	ownOoms: number;
	/** Refused or failed. */
	unserved: number;
	starved: number;
	decisions: number;
	replaySeconds: number;
}

export interface Task {
	scenario: string;
	seed: number;
	policies: readonly string[];
}

/** Another world for every seed: no part of the suite. */
export const WORLD = 'world';

export function scenarioNamed(name: string): Pick<Scenario, 'make'> {
	if (name === WORLD) return { make: (seed) => drawnWorld(seed) };
	const found = SCENARIOS.find((scenario) => scenario.name === name);
	if (found) return found;
	const known = SCENARIOS.map((scenario) => scenario.name).join(', ');
	throw new RangeError(`No scenario is called "${name}". Known: ${known}.`);
}

/** All policies of a task on the same instance: same arrivals, same luck. */
export function runTask({ scenario, seed, policies }: Task): Cell[] {
	const instance = scenarioNamed(scenario).make(seed);
	return policies.map((policy): Cell => {
		const started = performance.now();
		const common = { scenario, seed, policy };
		if (policy === BOUND) {
			const effectiveQuality = upperBound(instance);
			const replaySeconds = (performance.now() - started) / 1000;
			const none = { metrics: null, ownOoms: 0, unserved: 0, starved: 0, decisions: 0 };
			return { ...common, ...none, effectiveQuality, replaySeconds };
		}
		const result = replay({ ...instance, policy: contestantNamed(policy) });
		const metrics = metricsOf(result);
		return {
			...common,
			effectiveQuality: metrics.effective_quality,
			metrics,
			ownOoms: result.ooms.filter((oom) => !oom.tookAfterCommitment).length,
			unserved: result.outcomes.filter((outcome) => outcome.status !== 'done').length,
			starved: starvedCount(result),
			decisions: result.decisions,
			replaySeconds: (performance.now() - started) / 1000,
		};
	});
}
