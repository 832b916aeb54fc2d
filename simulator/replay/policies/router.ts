/** The package's own router as policies of the replay: the same code that the nodes and the command line run. */
import { ModelRouter } from '../../../lib/router/model-router';
import type { SelectedDecision, Selection, SelectOptions } from '../../../lib/selection/types';
import { planResidency } from '../../../lib/residency/plan';
import type {
	FleetView,
	PendingJob,
	Placement,
	Policy,
	PolicyContext,
	PolicyDefinition,
	Prewarm,
	ServerView,
	TraceJob,
} from '../types';

/** Any fixed moment: the router only adds spans to it. */
const EPOCH_MS = Date.UTC(2026, 0, 1);
/** A deadline that has passed is asked for as the shortest one. */
const LEAST_DEADLINE_SECONDS = 0.001;

type RouterLike = Pick<ModelRouter, 'select' | 'dispatch'>;
type MakeRouter = (context: PolicyContext) => RouterLike;

/** @param leastSeconds what a deadline that is nearer, or has passed, is asked for as */
function requestOf(
	job: PendingJob,
	view: FleetView,
	leastSeconds: number,
): Record<string, unknown> {
	return {
		...asked(job.trace, view),
		job_id: job.jobId,
		deadline_seconds: Math.max(job.deadlineAtSeconds - view.nowSeconds, leastSeconds),
		exclude_models: [...job.excludedModels],
		explain: false,
	};
}

/** Its deadline from the moment of asking. */
function asked(trace: TraceJob, view: FleetView): Record<string, unknown> {
	return {
		...(trace.userId === null ? {} : { user_id: trace.userId }),
		purpose: trace.purpose,
		urgency: trace.urgency,
		deadline_seconds: trace.deadlineSeconds,
		min_quality: trace.minQuality,
		width: trace.width,
		height: trace.height,
		batch_size: trace.batchSize,
		...(view.needsImage(trace.purpose) ? { images: ['input.png'] } : {}),
	};
}

/** What the node *Manage Models > Tend Servers* loads; nothing is pinned in a replay that its catalog does not pin. */
function tendWith(router: ModelRouter, view: FleetView): Prewarm[] {
	const kinds = view
		.kinds()
		.map((kind) => ({ request: asked(kind.asked, view), share: kind.share }));
	const options = optionsOf(view);
	const actions = planResidency({
		router,
		fleet: view.snapshot(),
		idleSeconds: new Map(),
		wantedModels: new Set(),
		options: { ...options, demand: { ...view.demand, kinds } },
	});
	return actions.flatMap((one) => {
		const server = view.servers.find(({ name }) => name === one.server);
		if (one.action !== 'prewarm' || server === undefined) return [];
		return [{ modelName: one.modelName, serverIndex: server.index }];
	});
}

function optionsOf(view: FleetView): SelectOptions {
	return {
		nowMs: EPOCH_MS + Math.round(view.nowSeconds * 1000),
		demand: view.demand,
		calibration: [...view.calibration],
	};
}

function placementOf(job: PendingJob, selection: SelectedDecision, view: FleetView): Placement {
	const server = view.servers.find((entry) => entry.name === selection.server);
	const candidate = view
		.candidates(job)
		.find((e) => e.model.name === selection.model_name && e.preset.name === selection.preset);
	if (!server || !candidate) {
		const named = `${selection.model_name}/${selection.preset} on ${selection.server}`;
		throw new RangeError(`The router chose ${named}, which is no candidate of ${job.jobId}.`);
	}
	return { candidate, serverIndex: server.index, queueNumber: selection.queue_number };
}

/** Models are loaded ahead, as by the schedule beside the jobs that the documents advise. */
function tending({ catalog }: PolicyContext): Pick<Policy, 'tend'> {
	const router = new ModelRouter(catalog);
	return { tend: (view) => tendWith(router, view) };
}

function selectingPolicy(makeRouter: MakeRouter, tends: boolean): PolicyDefinition['create'] {
	return (context) => {
		const router = makeRouter(context);
		return {
			...(tends ? tending(context) : {}),
			kind: 'commit',
			decide(job, view) {
				const selection = router.select(
					requestOf(job, view, LEAST_DEADLINE_SECONDS),
					view.snapshot(),
					optionsOf(view),
				);
				return selection.decision === 'selected' ? placementOf(job, selection, view) : null;
			},
		};
	};
}

/** Where nothing can start, nothing is asked: the router starts jobs on servers that are idle or nearly so. */
function canStart({ reachable, freeInSeconds }: ServerView): boolean {
	return reachable && freeInSeconds < 0.5;
}

function dispatchingPolicy(makeRouter: MakeRouter, tends: boolean): PolicyDefinition['create'] {
	return (context) => {
		const router = makeRouter(context);
		return {
			...(tends ? tending(context) : {}),
			kind: 'late',
			dispatch(waiting, view) {
				if (!view.servers.some(canStart)) return { start: [] };
				const byId = new Map(waiting.map((job) => [job.jobId, job]));
				const requests = waiting.map((job) => ({
					request: requestOf(job, view, -Infinity),
					waiting_seconds: view.nowSeconds - job.arrivedAtSeconds,
				}));
				const result = router.dispatch(requests, view.snapshot(), optionsOf(view));
				const jobOf = (selection: Selection): PendingJob => {
					const job = byId.get(selection.job_id ?? '');
					if (!job) throw new RangeError(`The router started the unknown job ${selection.job_id}.`);
					return job;
				};
				return {
					start: result.start
						.filter((selection) => selection.decision === 'selected')
						.map((selection) => {
							const job = jobOf(selection);
							return { job, placement: placementOf(job, selection, view) };
						}),
					refuse: result.start.filter((s) => s.decision === 'rejected').map(jobOf),
				};
			},
		};
	};
}

const catalogRouter: MakeRouter = ({ catalog }) => new ModelRouter(catalog);

export interface OwnPolicy {
	name: string;
	/** Lets an ablation bring a router of its own. */
	make?: MakeRouter;
	/** Models are loaded ahead every minute, as *Tend Servers* does. Default true. */
	tends?: boolean;
}

const TENDING = 'with models loaded ahead every minute (Tend Servers)';

/** Binds each job when it arrives. */
export function routerPolicy({
	name,
	make = catalogRouter,
	tends = true,
}: OwnPolicy): PolicyDefinition {
	return {
		name,
		summary: `This package, binding each job to a server when it arrives${tends ? `, ${TENDING}` : ''}.`,
		knows: 'beliefs',
		learns: true,
		create: selectingPolicy(make, tends),
	};
}

/** Holds jobs back and binds them when a server is about to be free. */
export function lateRouterPolicy({
	name,
	make = catalogRouter,
	tends = true,
}: OwnPolicy): PolicyDefinition {
	return {
		name,
		summary: `This package, holding jobs back and binding them late${tends ? `, ${TENDING}` : ''}.`,
		knows: 'beliefs',
		learns: true,
		create: dispatchingPolicy(make, tends),
	};
}
