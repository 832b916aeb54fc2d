/** What must hold where the fleet is busy or demand is known: prices, targets, limits. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CERTAINTY_BAND } from '../../../lib/router/policy';
import { fleetArb, modelsArb, requestArb } from './arbitraries';
import { decide, everyCandidate, POLICY, TARGET } from './deciding';

describe('a higher price of GPU seconds', () => {
	const taken = (selection: ReturnType<typeof decide>): number =>
		selection.decision === 'rejected'
			? 0
			: selection.estimate.load_seconds + selection.estimate.run_seconds;

	it('never raises them above what an idle fleet without demand would use', () => {
		fc.assert(
			fc.property(
				modelsArb,
				fleetArb(false),
				requestArb,
				fc.double({ min: 0, max: 3, noNaN: true }),
				(models, fleet, request, rate) => {
					const demand = { arrivals_per_second: rate };
					const calm = taken(decide(models, fleet, request));
					expect(taken(decide(models, fleet, request, { demand }))).toBeLessThanOrEqual(
						calm + 1e-9,
					);
				},
			),
			{ numRuns: 300 },
		);
	});

	it('never raises the GPU seconds used', () => {
		const rates = fc.tuple(
			fc.double({ min: 0, max: 3, noNaN: true }),
			fc.double({ min: 0, max: 3, noNaN: true }),
		);
		fc.assert(
			fc.property(
				modelsArb,
				fleetArb(true),
				requestArb,
				rates,
				(models, fleet, request, [a, b]) => {
					const at = (rate: number) =>
						taken(decide(models, fleet, request, { demand: { arrivals_per_second: rate } }));
					expect(at(Math.max(a, b))).toBeLessThanOrEqual(at(Math.min(a, b)) + 1e-9);
				},
			),
			{ numRuns: 300 },
		);
	});
});

describe('under load', () => {
	const demandArb = fc.option(
		fc.double({ min: 0.001, max: 3, noNaN: true }).map((rate) => ({ arrivals_per_second: rate })),
		{ nil: undefined },
	);

	it('takes what reaches the target where anything does without a gamble on memory', () => {
		fc.assert(
			fc.property(
				modelsArb,
				fleetArb(true),
				requestArb,
				demandArb,
				(models, fleet, request, demand) => {
					const selection = decide(models, fleet, request, demand ? { demand } : {});
					if (selection.decision === 'rejected') return;
					const roomy = everyCandidate(models, fleet, request).filter((c) => {
						const free = fleet.servers.find((s) => s.name === c.server)?.devices[0]?.vram_free ?? 0;
						return c.estimate.vram_peak_bytes * 1.1 < free - 0.5e9;
					});
					const highest = Math.max(0, ...roomy.map((c) => c.estimate.on_time_probability));
					const policy = POLICY[request.urgency];
					if (highest < TARGET) return;
					const least = policy === 'most_certain' ? highest - CERTAINTY_BAND : TARGET;
					expect(selection.estimate.on_time_probability).toBeGreaterThanOrEqual(least - 1e-9);
				},
			),
			{ numRuns: 150 },
		);
	});

	it('more memory never makes a job that was on time late', () => {
		fc.assert(
			fc.property(
				modelsArb,
				fleetArb(true),
				requestArb,
				demandArb,
				(models, fleet, request, demand) => {
					const roomier = structuredClone(fleet);
					for (const { devices } of roomier.servers)
						for (const device of devices) {
							device.vram_free += 5e9;
							device.vram_total += 5e9;
						}
					const options = demand ? { demand } : {};
					const before = decide(models, fleet, request, options);
					const after = decide(models, roomier, request, options);
					if (before.decision === 'rejected') return;
					if (after.decision === 'rejected') throw new Error('more memory, and refused');
					if (before.estimate.on_time_probability < TARGET) return;
					expect(after.estimate.on_time_probability).toBeGreaterThanOrEqual(
						TARGET - CERTAINTY_BAND - 1e-9,
					);
				},
			),
			{ numRuns: 150 },
		);
	});

	it('crosses no floor, cap or exclusion', () => {
		fc.assert(
			fc.property(
				modelsArb,
				fleetArb(true),
				requestArb,
				demandArb,
				fc.record({
					max_cost: fc.double({ min: 0, max: 0.02, noNaN: true }),
					exclude_models: fc.constantFrom([], ['model-0'], ['model-1', 'model-2']),
				}),
				(models, fleet, request, demand, limits) => {
					const selection = decide(
						models,
						fleet,
						{ ...request, ...limits },
						demand ? { demand } : {},
					);
					if (selection.decision === 'rejected') return;
					expect(selection.estimate.cost).toBeLessThanOrEqual(limits.max_cost + 1e-12);
					expect(limits.exclude_models).not.toContain(selection.model_name);
					expect(selection.estimate.quality).toBeGreaterThanOrEqual(request.min_quality - 1e-9);
				},
			),
			{ numRuns: 150 },
		);
	});
});
