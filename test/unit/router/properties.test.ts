/** What must hold for any catalog, fleet and request: each in the terms of the policy that decides. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CERTAINTY_BAND } from '../../../lib/router/policy';
import type { SelectedDecision } from '../../../lib/selection/types';
import {
	fleetArb,
	modelArb,
	modelsArb,
	requestArb,
	serverArb,
	uselessServers,
} from './arbitraries';
import { fleetOf } from './builders';
import { decide, everyCandidate, POLICY, type Request, TARGET } from './deciding';

/** The candidates a policy may choose from, by its definition in words. */
function eligible(all: SelectedDecision[], request: Request): SelectedDecision[] {
	const highest = Math.max(...all.map((c) => c.estimate.on_time_probability));
	const least =
		POLICY[request.urgency] === 'most_certain' || highest < TARGET
			? highest - CERTAINTY_BAND
			: TARGET;
	return all.filter((c) => c.estimate.on_time_probability >= least - 1e-9);
}

const objective = (c: SelectedDecision, request: Request, all: SelectedDecision[]): number => {
	const reaches = Math.max(...all.map((a) => a.estimate.on_time_probability)) >= TARGET;
	return POLICY[request.urgency] === 'cheapest' && reaches ? -c.estimate.cost : c.estimate.quality;
};

describe('any decision', () => {
	it('is what the policy says in words, on an idle fleet', () => {
		fc.assert(
			fc.property(modelsArb, fleetArb(false), requestArb, (models, fleet, request) => {
				const selection = decide(models, fleet, request);
				const all = everyCandidate(models, fleet, request);
				expect(selection.decision).toBe(all.length === 0 ? 'rejected' : 'selected');
				if (selection.decision === 'rejected') return;
				const highest = Math.max(...all.map((c) => c.estimate.on_time_probability));
				if (highest < 0.02) {
					const first = Math.min(...all.map((c) => c.estimate.p50_seconds));
					expect(selection.estimate.p50_seconds).toBeCloseTo(first, 9);
					return;
				}
				const chosen = objective(selection, request, all);
				const best = Math.max(...eligible(all, request).map((c) => objective(c, request, all)));
				expect(chosen).toBeCloseTo(best, 9);
			}),
			{ numRuns: 150 },
		);
	});

	it('is the same for the same arguments, and changes none of them', () => {
		fc.assert(
			fc.property(modelsArb, fleetArb(true), requestArb, (models, fleet, request) => {
				const before = JSON.stringify({ fleet, request });
				const first = decide(models, fleet, request);
				expect(decide(models, structuredClone(fleet), { ...request })).toEqual(first);
				expect(JSON.stringify({ fleet, request })).toBe(before);
			}),
			{ numRuns: 100 },
		);
	});

	it('never oversubscribes memory, never crosses the floor, never has negative times or costs', () => {
		fc.assert(
			fc.property(
				modelsArb,
				fleetArb(true),
				requestArb,
				fc.double({ min: 0, max: 5, noNaN: true }),
				(models, fleet, request, rate) => {
					const selection = decide(models, fleet, request, {
						demand: { arrivals_per_second: rate },
					});
					if (selection.decision === 'rejected') return;
					const { estimate } = selection;
					const device = fleet.servers.find((s) => s.name === selection.server)?.devices[0];
					expect(estimate.vram_peak_bytes).toBeLessThanOrEqual((device?.vram_free ?? 0) - 0.5e9);
					expect(estimate.quality).toBeGreaterThanOrEqual(request.min_quality - 1e-9);
					expect(estimate.p50_seconds).toBeLessThanOrEqual(estimate.p95_seconds);
					for (const value of Object.values(estimate)) {
						if (typeof value === 'number') expect(value).toBeGreaterThanOrEqual(0);
					}
				},
			),
			{ numRuns: 200 },
		);
	});

	it('does not depend on servers that cannot serve', () => {
		fc.assert(
			fc.property(modelsArb, fleetArb(true), requestArb, (models, fleet, request) => {
				const useless = uselessServers();
				for (const options of [{ demand: { arrivals_per_second: 0.1 } }, {}]) {
					const alone = decide(models, fleet, request, options);
					const more = decide(models, fleetOf(...useless, ...fleet.servers), request, options);
					if (alone.decision === 'selected') expect(more).toEqual(alone);
					else expect(more.decision).toBe('rejected');
				}
			}),
			{ numRuns: 100 },
		);
	});
});

/** What the policy maximises, for a pair of decisions where the second had more to choose from. */
function expectNoWorse(
	before: ReturnType<typeof decide>,
	after: ReturnType<typeof decide>,
	request: Request,
): void {
	if (before.decision === 'rejected') return;
	if (after.decision === 'rejected') throw new Error('more to choose from, and refused');
	const [old, now] = [before.estimate, after.estimate];
	const policy = POLICY[request.urgency];
	const fellBack = old.on_time_probability < TARGET;
	if (policy === 'most_certain' || fellBack) {
		const band = policy === 'most_certain' ? CERTAINTY_BAND : CERTAINTY_BAND + (1 - TARGET);
		expect(now.on_time_probability).toBeGreaterThanOrEqual(old.on_time_probability - band - 1e-9);
	} else if (policy === 'best_quality') {
		expect(now.quality).toBeGreaterThanOrEqual(old.quality - 1e-9);
	} else {
		expect(now.cost).toBeLessThanOrEqual(old.cost + 1e-9);
	}
}

describe('more to choose from never hurts what the policy maximises', () => {
	it('more memory', () => {
		fc.assert(
			fc.property(modelsArb, fleetArb(false), requestArb, (models, fleet, request) => {
				const roomier = structuredClone(fleet);
				for (const server of roomier.servers)
					for (const device of server.devices) device.vram_free += 5e9;
				for (const server of roomier.servers)
					for (const device of server.devices) device.vram_total += 5e9;
				expectNoWorse(decide(models, fleet, request), decide(models, roomier, request), request);
			}),
			{ numRuns: 150 },
		);
	});

	it('a longer deadline', () => {
		fc.assert(
			fc.property(
				modelsArb,
				fleetArb(false),
				requestArb,
				fc.integer({ min: 1, max: 200 }),
				(models, fleet, request, more) => {
					const longer = { ...request, deadline_seconds: request.deadline_seconds + more };
					expectNoWorse(decide(models, fleet, request), decide(models, fleet, longer), request);
				},
			),
			{ numRuns: 150 },
		);
	});

	it('one more model', () => {
		fc.assert(
			fc.property(
				modelsArb,
				modelArb(9),
				fleetArb(false),
				requestArb,
				(models, extra, fleet, request) => {
					expectNoWorse(
						decide(models, fleet, request),
						decide([...models, extra], fleet, request),
						request,
					);
				},
			),
			{ numRuns: 150 },
		);
	});

	it('one more server', () => {
		fc.assert(
			fc.property(
				modelsArb,
				fleetArb(false),
				serverArb(9, false),
				requestArb,
				(models, fleet, extra, request) => {
					expectNoWorse(
						decide(models, fleet, request),
						decide(models, fleetOf(...fleet.servers, extra), request),
						request,
					);
				},
			),
			{ numRuns: 150 },
		);
	});
});
