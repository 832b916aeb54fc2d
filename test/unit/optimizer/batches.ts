/** Random batches for properties: small catalogs, unequal servers, floors and deadlines. */
import fc from 'fast-check';

import type { FleetSnapshot } from '../../../lib/fleet/types';
import { CostOptimizer } from '../../../lib/optimizer/cost-optimizer';
import type { BatchOptions, BatchPlan } from '../../../lib/optimizer/types';
import { catalogOf, fleetOf, NOW_MS, serverOf } from '../router/builders';

export interface Batch {
	models: { quality: number; load: number; presets: { quality: number; seconds: number }[] }[];
	servers: { price: number; speed: number; warm: number }[];
	jobs: { floor: number; deadline: number | null; reject: boolean }[];
}

const ratio = (min: number, max: number): fc.Arbitrary<number> =>
	fc.integer({ min: min * 1000, max: max * 1000 }).map((value) => value / 1000);

export function batches(deadlines: boolean): fc.Arbitrary<Batch> {
	return fc.record({
		models: fc.array(
			fc.record({
				quality: ratio(0.3, 1),
				load: ratio(1, 40),
				presets: fc.array(fc.record({ quality: ratio(0.5, 1), seconds: ratio(1, 60) }), {
					minLength: 1,
					maxLength: 3,
				}),
			}),
			{ minLength: 1, maxLength: 3 },
		),
		servers: fc.array(
			fc.record({
				price: ratio(0.1, 4),
				speed: ratio(0.5, 2),
				warm: fc.integer({ min: 0, max: 3 }),
			}),
			{ minLength: 1, maxLength: 3 },
		),
		jobs: fc.array(
			fc.record({
				floor: ratio(0, 1),
				deadline: deadlines ? fc.option(ratio(5, 300)) : fc.constant(null),
				reject: fc.boolean(),
			}),
			{ minLength: 1, maxLength: 12 },
		),
	});
}

export function requestsOf({ jobs }: Batch): Record<string, unknown>[] {
	return jobs.map(({ floor, deadline, reject }, index) => ({
		purpose: 'photo',
		job_id: `job-${index}`,
		min_quality: floor,
		...(deadline === null ? {} : { deadline_seconds: deadline }),
		if_late: reject ? 'reject' : 'best_effort',
	}));
}

export function fleetFor({ servers }: Batch, priceFactor: readonly number[] = []): FleetSnapshot {
	return fleetOf(
		...servers.map(({ price, speed, warm }, index) =>
			serverOf(`gpu-${index}`, {
				hourly_cost: price * (priceFactor[index] ?? 1),
				speed_factor: speed,
				loaded_model: `model-${warm}`,
			}),
		),
	);
}

export function planFor(
	batch: Batch,
	options: Partial<BatchOptions> = {},
	priceFactor: readonly number[] = [],
): BatchPlan {
	const catalog = catalogOf(
		batch.models.map(({ quality, load, presets }, index) => ({
			name: `model-${index}`,
			quality,
			loadSeconds: load,
			presets,
		})),
	);
	return new CostOptimizer(catalog).plan(requestsOf(batch), fleetFor(batch, priceFactor), {
		nowMs: NOW_MS,
		frontierPoints: 0,
		...options,
	});
}
