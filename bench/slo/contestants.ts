/** Who takes part in the benchmark: the router in both forms, its ablations, the baselines and the references. */
import type { FleetSnapshot } from '../../lib/fleet/types';
import { dispatchWaiting } from '../../lib/router/dispatch/dispatch';
import { DEFAULT_TUNING, type DispatchTuning } from '../../lib/router/dispatch/tuning';
import { ModelRouter } from '../../lib/router/model-router';
import { prepareCatalog } from '../../lib/router/prepared-catalog';
import { BASELINES, POLICIES } from '../../simulator/replay/policies';
import { lateRouterPolicy, routerPolicy } from '../../simulator/replay/policies/router';
import type { SelectOptions } from '../../lib/selection/types';
import type { PolicyContext, PolicyDefinition } from '../../simulator/replay/types';

export const LATE = 'router-late';
export const COMMITTING = 'router';
/** The same two where nobody loads models ahead: what `dispatch` and `select` do by themselves. */
export const LATE_UNTENDED = 'router-late-untended';
export const COMMITTING_UNTENDED = 'router-untended';
export const PRICED = 'greedy-priced';
export const CLAIRVOYANT = 'clairvoyant';
/** Not a policy: what no policy can exceed. */
export const BOUND = 'bound';

/** The late router with some of its levers set otherwise. */
function tuned(name: string, changes: Partial<DispatchTuning>): PolicyDefinition {
	const tuning: DispatchTuning = { ...DEFAULT_TUNING, ...changes };
	const make = ({ catalog }: PolicyContext): ModelRouter => {
		const router = new ModelRouter(catalog);
		const prepared = prepareCatalog(catalog);
		return {
			select: (request, fleet, options) => router.select(request, fleet, options),
			dispatch: (waiting, fleet, options) =>
				dispatchWaiting(prepared, waiting, fleet, options, tuning),
		} as ModelRouter;
	};
	return lateRouterPolicy({ name, make });
}

/** Callers who know neither demand nor what was learned. */
const uninformed = ({ catalog }: PolicyContext): ModelRouter => {
	const router = new ModelRouter(catalog);
	const bare = ({ nowMs }: SelectOptions): SelectOptions => ({ nowMs });
	return {
		select: (request, fleet, options) => router.select(request, fleet, bare(options)),
		dispatch: (waiting, fleet, options) => router.dispatch(waiting, fleet, bare(options)),
	} as ModelRouter;
};

/** The router told less and less: what the worlds are run with beside the router itself. */
export const UNINFORMED: readonly PolicyDefinition[] = [
	{
		...routerPolicy({ name: 'router-uninformed', make: uninformed, tends: false }),
		learns: false,
	},
	{
		...lateRouterPolicy({ name: 'late-uninformed', make: uninformed, tends: false }),
		learns: false,
	},
];

/** Callers who do not say when what is queued is due: then no job is known to be theirs, and none is passed. */
const behindAll = ({ catalog }: PolicyContext): ModelRouter => {
	const router = new ModelRouter(catalog);
	const untold = (fleet: FleetSnapshot): FleetSnapshot => ({
		servers: fleet.servers.map((server) => ({
			...server,
			queue: server.queue.map((job) => ({ ...job, deadline_seconds: null })),
		})),
	});
	return {
		select: (request, fleet, options) =>
			router.select(request, untold(fleet as FleetSnapshot), options),
		dispatch: (waiting, fleet, options) => router.dispatch(waiting, fleet, options),
	} as ModelRouter;
};

/** The router without one of its levers. */
export const ABLATIONS: readonly PolicyDefinition[] = [
	{ ...routerPolicy({ name: 'router-unlearned' }), learns: false },
	routerPolicy({ name: 'router-behind-all', make: behindAll }),
	{ ...lateRouterPolicy({ name: 'late-unlearned' }), learns: false },
	tuned('late-uncapped-price', { mostLoad: Infinity }),
	tuned('late-free-gpu', { demandPrice: 0 }),
	tuned('late-flat-price', { scarcity: false }),
	tuned('late-one-price', { priceSteps: [0] }),
	tuned('late-free-eviction', { evictionFactor: 0 }),
	tuned('late-by-deadline', { lookAhead: 0 }),
	tuned('late-quality-only', { onTimeWorth: 0 }),
	tuned('late-unaged', { agedSpans: Infinity, starvingSpans: Infinity }),
	tuned('late-no-margin', { memoryMargin: false }),
	tuned('late-planned-alone', { loneAsSelect: false }),
];

export const CONTESTANTS: readonly PolicyDefinition[] = [...POLICIES, ...ABLATIONS, ...UNINFORMED];

export const BASELINE_NAMES: readonly string[] = BASELINES.map((policy) => policy.name);

export function contestantNamed(name: string): PolicyDefinition {
	const found = CONTESTANTS.find((policy) => policy.name === name);
	if (found) return found;
	const known = CONTESTANTS.map((policy) => policy.name).join(', ');
	throw new RangeError(`No policy is called "${name}". Known: ${known}.`);
}
