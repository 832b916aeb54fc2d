/** The policies by name. */
import type { PolicyDefinition } from '../types';
import { backlogThreshold, cascade } from './by-load';
import { leastLoaded, randomChoice, roundRobin, staticBest, staticFast } from './fixed-model';
import { clairvoyant, greedy, greedyMargins, greedyPriced } from './greedy';
import { llamaSwap } from './llama-swap';
import { lateRouterPolicy, routerPolicy } from './router';
import { swarmUi } from './swarmui';

/** What people run today, and simple rules that need no router. */
export const BASELINES: readonly PolicyDefinition[] = [
	staticBest,
	staticFast,
	randomChoice,
	roundRobin,
	leastLoaded,
	swarmUi,
	llamaSwap,
	backlogThreshold,
	cascade,
	greedy,
	greedyMargins,
	greedyPriced,
];

/** Everything that `--policy` takes. */
export const POLICIES: readonly PolicyDefinition[] = [
	routerPolicy({ name: 'router' }),
	lateRouterPolicy({ name: 'router-late' }),
	routerPolicy({ name: 'router-untended', tends: false }),
	lateRouterPolicy({ name: 'router-late-untended', tends: false }),
	...BASELINES,
	clairvoyant,
];

export function policyNamed(name: string): PolicyDefinition | undefined {
	return POLICIES.find((policy) => policy.name === name);
}
