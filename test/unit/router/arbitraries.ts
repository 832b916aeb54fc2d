/** Random catalogs, fleets and requests for the router's properties. */
import fc from 'fast-check';

import type { FleetServer, FleetSnapshot } from '../../../lib/fleet/types';
import { fleetOf, type ModelDraft, queued, serverOf } from './builders';

export const modelArb = (index: number): fc.Arbitrary<ModelDraft> =>
	fc.record({
		name: fc.constant(`model-${index}`),
		quality: fc.integer({ min: 1, max: 20 }).map((n) => n / 20),
		peakGb: fc.integer({ min: 4, max: 24 }),
		loadSeconds: fc.integer({ min: 0, max: 30 }),
		// one preset each, so that a pin names a candidate
		presets: fc
			.record({
				seconds: fc.integer({ min: 1, max: 80 }),
				confidence: fc.constantFrom('measured' as const, 'estimated' as const),
			})
			.map((preset) => [preset]),
	});

export const modelsArb = fc
	.integer({ min: 1, max: 5 })
	.chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => modelArb(i))));

export const serverArb = (index: number, loaded: boolean): fc.Arbitrary<FleetServer> =>
	fc
		.record({
			freeGb: fc.integer({ min: 3, max: 25 }),
			speed: fc.constantFrom(0.5, 1, 2),
			hourly: fc.constantFrom(0.2, 0.5, 1),
			resident: fc.option(fc.integer({ min: 0, max: 4 }).map((m) => `model-${m}`)),
			queue: fc.array(
				fc.record({
					seconds: fc.integer({ min: 0, max: 60 }),
					model: fc.option(fc.constantFrom('model-0', 'model-1'), { freq: 3 }),
					// a job with a deadline is one of ours, which may be passed
					deadline: fc.option(fc.integer({ min: 1, max: 400 })),
				}),
				{ maxLength: loaded ? 4 : 0 },
			),
		})
		.map(({ freeGb, speed, hourly, resident, queue }) =>
			serverOf(`server-${index}`, {
				freeGb,
				speed_factor: speed,
				hourly_cost: hourly,
				loaded_model: resident,
				queue: queue.map(({ seconds, model, deadline }, q) =>
					queued({
						job_id: `q${q}`,
						remaining_seconds: seconds,
						model_name: model,
						deadline_seconds: deadline,
						queue_number: q,
						running: q === 0,
					}),
				),
			}),
		);

export const fleetArb = (loaded: boolean): fc.Arbitrary<FleetSnapshot> =>
	fc
		.integer({ min: 1, max: 3 })
		.chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => serverArb(i, loaded))))
		.map((servers) => fleetOf(...servers));

export const requestArb = fc.record({
	urgency: fc.constantFrom('urgent', 'normal', 'flexible'),
	deadline_seconds: fc.integer({ min: 1, max: 300 }),
	min_quality: fc.constantFrom(0, 0, 0.3, 0.6),
	explain: fc.constant(false),
});

/** Servers that can serve nothing, whatever the catalog. */
export function uselessServers(): FleetServer[] {
	return [
		serverOf('aa-down', { reachable: false, loaded_model: 'model-0' }),
		serverOf('aa-empty', { installed_files: [], loaded_model: 'model-1', speed_factor: 9 }),
		serverOf('aa-tiny', {
			freeGb: 1,
			loaded_model: 'model-0',
			queue: [queued({ job_id: 'far', running: true })],
		}),
	];
}
