/** Every way to run a request, as selections: what a ladder of lower ways is made of. Chooses and explains nothing. */
import { parseFleet } from '../fleet/parse';
import type { FleetSnapshot } from '../fleet/types';
import type { SelectedDecision, SelectOptions } from '../selection/types';
import { formatSeconds } from '../units';
import { candidateName } from './candidate';
import { checkOptions } from './check-options';
import { candidatesOf } from './decision';
import type { PreparedCatalog } from './prepared-catalog';
import { formatPercent } from './reason';
import { chosen } from './select';
import { serverStates } from './server-state';
import { understandRequest } from './understood-request';

/**
 * @param keep says for a model, a preset and a server by name whether the pair is wanted
 * @returns one selection per candidate that passes every filter, in the order of catalog and snapshot
 * @throws RouterError REQUEST_INVALID, FLEET_INVALID or OPTIONS_INVALID
 */
export function allSelections(
	prepared: PreparedCatalog,
	request: unknown,
	snapshot: FleetSnapshot,
	options: SelectOptions,
	keep: (model: string, preset: string, server: string) => boolean = () => true,
): SelectedDecision[] {
	checkOptions(options);
	const asked = understandRequest(request, prepared, options.nowMs);
	const fleet = parseFleet(snapshot);
	const states = serverStates(fleet, prepared);
	const table = candidatesOf({ prepared, asked, fleet, states, options }, null);
	const selections: SelectedDecision[] = [];
	for (let row = 0; row < table.count; row++) {
		const plan = table.plans[row];
		const server = table.servers[row];
		if (!plan || !server) continue;
		if (!keep(plan.model.name, plan.prepared.preset.name, server.name)) continue;
		const candidate = table.at(row);
		selections.push({
			decision: 'selected',
			job_id: asked.request.job_id ?? null,
			request: asked.request,
			selected_at: new Date(options.nowMs).toISOString(),
			deadline_at: new Date(options.nowMs + asked.deadlineSeconds * 1000).toISOString(),
			...chosen(candidate, asked),
			degraded: false,
			selection_reason: `${candidateName(candidate)}: quality ${candidate.quality.toFixed(2)}, expected in ${formatSeconds(candidate.p50)} (${formatPercent(candidate.onTime)} on time).`,
			rejection: null,
			alternatives: [],
		});
	}
	return selections;
}
