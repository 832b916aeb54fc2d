/** Reads the cells by scenario and policy: values over seeds, means over the suite. */
import type { Cell } from './cells';
import { mean } from './statistics';

export type Measure = (cell: Cell) => number;

export const effectiveQuality: Measure = (cell) => cell.effectiveQuality;
export const missedRatio: Measure = (cell) => 1 - (cell.metrics?.on_time_ratio ?? 0);
export const onTimeRatio: Measure = (cell) => cell.metrics?.on_time_ratio ?? 0;
export const qualityOnTime: Measure = (cell) => cell.metrics?.mean_quality_on_time ?? 0;
export const swapsPerHour: Measure = (cell) => cell.metrics?.swaps_per_hour ?? 0;
export const ownOoms: Measure = (cell) => cell.ownOoms;
export const oomCount: Measure = (cell) => cell.metrics?.oom_count ?? 0;
export const unserved: Measure = (cell) => cell.unserved;
export const starved: Measure = (cell) => cell.starved;
export const waitP95: Measure = (cell) => cell.metrics?.wait_seconds.p95 ?? 0;
export const busyRatio: Measure = (cell) => cell.metrics?.gpu_busy_ratio ?? 0;
export const costTotal: Measure = (cell) => cell.metrics?.cost_total ?? 0;
export const onTimeImages: Measure = (cell) =>
	cell.metrics ? cell.metrics.on_time_ratio * cell.metrics.jobs : 0;

export class Results {
	readonly #cells = new Map<string, Cell[]>();

	constructor(
		readonly cells: readonly Cell[],
		readonly scenarios: readonly string[],
		readonly policies: readonly string[],
	) {
		for (const cell of cells) {
			const key = `${cell.scenario}|${cell.policy}`;
			this.#cells.set(key, [...(this.#cells.get(key) ?? []), cell]);
		}
	}

	has(policy: string): boolean {
		return this.policies.includes(policy);
	}

	/** One value a seed, in the order of the seeds. */
	values(scenario: string, policy: string, measure: Measure): number[] {
		return (this.#cells.get(`${scenario}|${policy}`) ?? []).map(measure);
	}

	mean(scenario: string, policy: string, measure: Measure): number {
		return mean(this.values(scenario, policy, measure));
	}

	/** Mean over scenarios of the means over seeds: every scenario weighs the same. */
	overall(policy: string, measure: Measure, scenarios: readonly string[] = this.scenarios): number {
		return mean(scenarios.map((scenario) => this.mean(scenario, policy, measure)));
	}

	total(policy: string, measure: Measure, scenarios: readonly string[] = this.scenarios): number {
		return scenarios
			.flatMap((scenario) => this.values(scenario, policy, measure))
			.reduce((a, b) => a + b, 0);
	}

	/** Mean over the suite for each seed's position: paired between policies. */
	bySeed(policy: string, measure: Measure): number[] {
		const perScenario = this.scenarios.map((scenario) => this.values(scenario, policy, measure));
		const seeds = perScenario[0]?.length ?? 0;
		return Array.from({ length: seeds }, (_, i) => mean(perScenario.map((v) => v[i] as number)));
	}

	/** Money for each image that was on time, over the whole suite. */
	costPerOnTimeImage(policy: string): number {
		return this.total(policy, costTotal) / this.total(policy, onTimeImages);
	}
}
