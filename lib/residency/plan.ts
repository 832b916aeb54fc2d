/**
 * Which models to load ahead of demand and which to unload for others on the same GPU. Pure: what the servers hold, what
 * is expected and the time since are arguments. Decides for idle servers only: nobody's job is pushed aside.
 */
import type { CatalogServer } from '../catalog/schema';
import type { FleetServer, FleetSnapshot } from '../fleet/types';
import type { ModelRouter } from '../router/model-router';
import type { SelectOptions } from '../selection/types';
import type { PrewarmAdvice } from './advise';

export interface ResidencyInput {
	router: ModelRouter;
	/** Reservations included. */
	fleet: FleetSnapshot;
	/** By server: since its last job ended; absent or null: not known (restarted, or its history was cleared). */
	idleSeconds: ReadonlyMap<string, number | null>;
	/** Models of which a job is expected within the time that is looked ahead. */
	wantedModels: ReadonlySet<string>;
	/** With `demand.kinds`; without, nothing is expected. */
	options: SelectOptions;
	/** By server: models that lately could not be loaded there. They are tried again only where they are pinned. */
	failedLoads?: ReadonlyMap<string, ReadonlySet<string>>;
	/** Jobs that wait say themselves what they need: nothing is loaded ahead then. Default false. */
	jobsWait?: boolean;
}

export type ResidencyAction = { server: string; reason: string } & (
	{ action: 'prewarm'; modelName: string } | { action: 'unload' }
);

type PrewarmAction = Extract<ResidencyAction, { action: 'prewarm' }>;

/** At most one action for a server: pinned models first, then what is worth its load, then what nobody uses. */
export function planResidency(input: ResidencyInput): ResidencyAction[] {
	const actions = input.fleet.servers.flatMap((server) => pinned(server, input));
	if (input.jobsWait !== true) actions.push(...expected(input, actions));
	for (;;) {
		// each may make another one useless that was not
		const taken = namesIn(actions);
		const left = input.fleet.servers.filter(({ name }) => !taken.has(name));
		const unload = left.find((server) => isUnused(server, input, actions));
		if (unload === undefined) return actions;
		actions.push(unloadOf(unload, input));
	}
}

function pinned(server: FleetServer, { router, options }: ResidencyInput): ResidencyAction[] {
	const { name } = server;
	const modelName = settingsOf(name, router).pinned_model;
	if (modelName === undefined || !isIdle(server) || server.loaded_model === modelName) return [];
	if (!isSuitable(modelName, server, router, options)) return [];
	return [{ action: 'prewarm', server: name, modelName, reason: `${modelName} is pinned to it.` }];
}

/**
 * One load after the other, each as if those before it were done, until none is worth it: the next round then has nothing
 * to change. A server that something else turns out to be better for gets that alone.
 */
function expected(input: ResidencyInput, before: readonly ResidencyAction[]): ResidencyAction[] {
	const planned = new Map<string, PrewarmAction>();
	const taken = namesIn(before);
	// gains are estimates: two loads may each seem worth more than the other
	const considered = new Set<string>();
	for (;;) {
		const advice = nextLoad(input, [...before, ...planned.values()], taken);
		if (advice === null) break;
		const { server, model_name: modelName, reason } = advice;
		const load = JSON.stringify([server, modelName]);
		if (considered.has(load)) break;
		considered.add(load);
		planned.delete(server);
		planned.set(server, { action: 'prewarm', server, modelName, reason });
	}
	const held = new Map(input.fleet.servers.map((one) => [one.name, one.loaded_model]));
	return [...planned.values()].filter(({ server, modelName }) => held.get(server) !== modelName);
}

/**
 * @param done as if these were, until something better is found
 * @param taken servers that are to be left as they are
 */
function nextLoad(
	{ router, fleet, idleSeconds, options, failedLoads }: ResidencyInput,
	done: readonly ResidencyAction[] = [],
	taken: ReadonlySet<string> = new Set(),
): PrewarmAdvice | null {
	const mayLoad = (name: string, modelName: string): boolean => {
		if (failedLoads?.get(name)?.has(modelName) === true) return false;
		const server = fleet.servers.find((one) => one.name === name) as FleetServer;
		const settings = settingsOf(name, router);
		if (taken.has(name) || settings.pinned_model !== undefined || !isIdle(server)) return false;
		const unused = idleSeconds.get(name) ?? Infinity;
		return server.loaded_model === null || unused >= (settings.min_residency_seconds ?? 0);
	};
	return router.prewarm(asIfDone(fleet, done), options, mayLoad);
}

/** What the next round will find. */
function nextRound(input: ResidencyInput, done: readonly ResidencyAction[]): ResidencyInput {
	const idleSeconds = new Map(input.idleSeconds);
	for (const { server } of done) idleSeconds.set(server, 0);
	return { ...input, fleet: asIfDone(input.fleet, done), idleSeconds };
}

function asIfDone(fleet: FleetSnapshot, actions: readonly ResidencyAction[]): FleetSnapshot {
	const byServer = new Map(actions.map((one) => [one.server, one]));
	return {
		servers: fleet.servers.map((server) => {
			const done = byServer.get(server.name);
			if (done === undefined) return server;
			return { ...server, loaded_model: done.action === 'prewarm' ? done.modelName : null };
		}),
	};
}

function isUnused(
	server: FleetServer,
	input: ResidencyInput,
	before: readonly ResidencyAction[],
): boolean {
	const { router, idleSeconds, wantedModels } = input;
	const { loaded_model: model, name } = server;
	const { idle_unload_seconds: limit, pinned_model: pin } = settingsOf(name, router);
	const idle = idleSeconds.get(name) ?? null;
	if (model === null || limit === undefined || pin !== undefined || !isIdle(server)) return false;
	if (idle === null || idle < limit || wantedModels.has(model)) return false;
	// what the next round would load again stays
	return nextLoad(nextRound(input, [...before, unloadOf(server, input)])) === null;
}

function unloadOf(
	{ name, loaded_model: model }: FleetServer,
	{ router, idleSeconds }: ResidencyInput,
): ResidencyAction {
	const idle = Math.round(idleSeconds.get(name) ?? 0);
	const limit = settingsOf(name, router).idle_unload_seconds;
	const reason = `${model} has not been used for ${idle} s (idle_unload_seconds ${limit}).`;
	return { action: 'unload', server: name, reason };
}

function namesIn(actions: readonly ResidencyAction[]): ReadonlySet<string> {
	return new Set(actions.map(({ server }) => server));
}

function settingsOf(name: string, { catalog }: ModelRouter): Partial<CatalogServer> {
	return catalog.servers.find((one) => one.name === name) ?? {};
}

/** Answers, takes jobs, and has nothing running, queued or reserved. */
function isIdle({ reachable, draining, queue }: FleetServer): boolean {
	return reachable && draining !== true && queue.length === 0;
}

/** Installed there and fitting, for something that it is good at. */
function isSuitable(
	modelName: string,
	server: FleetServer,
	router: ModelRouter,
	{ nowMs }: SelectOptions,
): boolean {
	const model = router.catalog.models.find(({ name }) => name === modelName);
	return Object.keys(model?.purposes ?? {}).some(
		(purpose) =>
			router.candidates({ purpose }, { servers: [server] }, { nowMs }, (name) => name === modelName)
				.length > 0,
	);
}
