/**
 * What zero runs out of memory costs, whoever decides: the upper bound for schedules that run only what fits even if
 * every figure of memory were 10 % too low. Who knows figures to within 10 % cannot know more without trying.
 */
import { upperBound } from '../../simulator/replay/bound';
import type { Instance, Scenario } from './scenarios';

/** As wrong as the suite's figures of memory can be. */
const LARGEST_VRAM_FACTOR = 1.1;

/** The same world, with memory as large as it might be by the figures. */
export function atWorstMemory(instance: Instance): Instance {
	const names = instance.catalog.models.map(({ name }) => name);
	return {
		...instance,
		truth: {
			...instance.truth,
			vram_factor: Object.fromEntries(names.map((name) => [name, LARGEST_VRAM_FACTOR])),
		},
	};
}

/** @returns the mean over the scenarios and seeds, effective quality */
export function noGambleBound(
	scenarios: readonly Pick<Scenario, 'make'>[],
	seeds: readonly number[],
): number {
	const bounds = scenarios.flatMap(({ make }) =>
		seeds.map((seed) => upperBound(atWorstMemory(make(seed)))),
	);
	return bounds.reduce((sum, bound) => sum + bound, 0) / bounds.length;
}
