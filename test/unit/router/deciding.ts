/** Decisions on drafted models, for the properties: one, and all there could be. */
import type { FleetSnapshot } from '../../../lib/fleet/types';
import type { SelectedDecision, Selection, SelectOptions } from '../../../lib/selection/types';
import { catalogOf, fleetOf, type ModelDraft, select } from './builders';

export const POLICY = {
	urgent: 'most_certain',
	normal: 'best_quality',
	flexible: 'cheapest',
} as const;
export const TARGET = 0.9;

export type Drafts = ModelDraft[];
export type Request = {
	urgency: keyof typeof POLICY;
	deadline_seconds: number;
	min_quality: number;
};

export function decide(
	models: Drafts,
	fleet: FleetSnapshot,
	request: object,
	options: Partial<SelectOptions> = {},
): Selection {
	return select(catalogOf(models), fleet, request as Record<string, unknown>, options);
}

/** Every candidate there is, each found by pinning its model on a fleet of its server alone. */
export function everyCandidate(
	models: Drafts,
	fleet: FleetSnapshot,
	request: Request,
): SelectedDecision[] {
	return models.flatMap((model) =>
		fleet.servers.flatMap((server) => {
			const selection = decide(models, fleetOf(server), { ...request, model_name: model.name });
			return selection.decision === 'selected' ? [selection] : [];
		}),
	);
}
