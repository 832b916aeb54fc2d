/** Models that a server could lately not load for nobody: by its own history. Pure. */
import type { Catalog } from '../catalog/schema';
import { isPrewarm } from '../fleet/own-jobs';
import type { HistoryEntry } from '../ports';
import { identifyModel } from '../workflow/identify-model';

/** After this time a failed load is tried again: memory may have become free, a file may have been mended. */
const RETRY_SECONDS = 1_800;

/**
 * @param history of one server, the oldest first
 * @param nowMs by the server's clock
 * @returns models whose last run there was a load that failed, within the last half hour
 */
export function failedLoads(
	history: readonly HistoryEntry[],
	catalog: Catalog,
	nowMs: number,
): Set<string> {
	const failed = new Set<string>();
	for (const entry of history) {
		const isFailure = isFailedLoad(entry, nowMs);
		const mayMend = entry.status === 'success' && failed.size > 0;
		// mostly nothing has failed, and then no graph is worth reading
		if (!isFailure && !mayMend) continue;
		const name = identifyModel(entry.graph, catalog)?.model.name;
		if (name === undefined) continue;
		if (isFailure) failed.add(name);
		else failed.delete(name);
	}
	return failed;
}

function isFailedLoad({ status, extraData, endedMs }: HistoryEntry, nowMs: number): boolean {
	const isRecent = nowMs - (endedMs ?? nowMs) <= 1000 * RETRY_SECONDS;
	return status === 'error' && isRecent && isPrewarm(extraData);
}
