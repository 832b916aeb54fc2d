/**
 * Which models to load ahead of demand and which to unload for others on the same GPU. Pure: what the servers hold, what
 * is expected and the time since are arguments. Decides for idle servers only: nobody's job is pushed aside.
 */

/** One server as it is now. */
export interface ResidencyServer {
	name: string;
	/** Answers, takes jobs, and has nothing running, queued or reserved. */
	idle: boolean;
	/** Catalog name; null: nothing known. */
	loadedModel: string | null;
	/** Since its last job ended; null: not known (restarted, or its history was cleared). */
	idleSeconds: number | null;
	/** Models that are installed there and fit. */
	suitable: readonly string[];
	pinnedModel?: string;
	idleUnloadSeconds?: number;
	minResidencySeconds?: number;
}

export interface ExpectedDemand {
	modelName: string;
	/** Within the time that is looked ahead. */
	jobs: number;
}

export type ResidencyAction = { server: string; reason: string } & (
	{ action: 'prewarm'; modelName: string } | { action: 'unload' }
);

/** A model that was used less long ago stays, so that two that alternate do not push each other out. */
export const DEFAULT_MIN_RESIDENCY_SECONDS = 120;
/** Fewer expected jobs are no reason to load anything. */
const LEAST_JOBS = 1;
/** What is loaded must be expected this many times less than what would replace it. */
const LEAST_ADVANTAGE = 2;

export function planResidency(
	servers: readonly ResidencyServer[],
	demand: readonly ExpectedDemand[],
): ResidencyAction[] {
	const actions = servers.flatMap((server) => pinAction(server));
	const taken = new Set(actions.map((one) => one.server));
	const expected = new Map(demand.map((one) => [one.modelName, one.jobs]));
	const jobsOf = (model: string | null) => (model === null ? 0 : (expected.get(model) ?? 0));
	const isFree = (server: ResidencyServer) =>
		server.idle && server.pinnedModel === undefined && !taken.has(server.name);
	const warm = new Set([
		...servers.flatMap((server) => (server.loadedModel === null ? [] : [server.loadedModel])),
		...actions.flatMap((one) => (one.action === 'prewarm' ? [one.modelName] : [])),
	]);
	const wanted = [...demand]
		.filter((one) => one.jobs >= LEAST_JOBS && !warm.has(one.modelName))
		.sort((a, b) => b.jobs - a.jobs || (a.modelName < b.modelName ? -1 : 1));
	for (const { modelName, jobs } of wanted) {
		const place = servers
			.filter(
				(server) =>
					isFree(server) &&
					server.suitable.includes(modelName) &&
					mayReplace(server) &&
					jobs >= LEAST_ADVANTAGE * jobsOf(server.loadedModel),
			)
			.sort((a, b) => jobsOf(a.loadedModel) - jobsOf(b.loadedModel) || (a.name < b.name ? -1 : 1))
			.at(0);
		if (place === undefined) continue;
		taken.add(place.name);
		const reason = `${count(jobs)} expected, and no server has ${modelName} loaded.`;
		actions.push({ action: 'prewarm', server: place.name, modelName, reason });
	}
	for (const server of servers) {
		const { idleUnloadSeconds: ttl, idleSeconds: idle, loadedModel } = server;
		if (!isFree(server) || loadedModel === null || ttl === undefined) continue;
		if (idle === null || idle < ttl || jobsOf(loadedModel) >= LEAST_JOBS) continue;
		const reason = `${loadedModel} has not been used for ${Math.round(idle)} s (idle_unload_seconds ${ttl}).`;
		actions.push({ action: 'unload', server: server.name, reason });
	}
	return actions;
}

function pinAction(server: ResidencyServer): ResidencyAction[] {
	const { pinnedModel: modelName, name, idle, loadedModel, suitable } = server;
	if (modelName === undefined || !idle || loadedModel === modelName) return [];
	if (!suitable.includes(modelName)) return [];
	return [{ action: 'prewarm', server: name, modelName, reason: `${modelName} is pinned to it.` }];
}

function mayReplace({ loadedModel, idleSeconds, minResidencySeconds }: ResidencyServer): boolean {
	if (loadedModel === null) return true;
	return (idleSeconds ?? Infinity) >= (minResidencySeconds ?? DEFAULT_MIN_RESIDENCY_SECONDS);
}

function count(jobs: number): string {
	const rounded = Math.round(jobs * 10) / 10;
	return `${rounded} job${rounded === 1 ? '' : 's'}`;
}
